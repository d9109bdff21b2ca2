import { biasesOf, isDrawn } from "../../../src/rules/network/biases_of.ts";
import { flat, makeMeasurements, makeWeight, statisticsOf } from "../../networks/measurements.ts";
import { assertEquals } from "@std/assert";

/** Whether the biases of a layer look moved by training. */
function trained(className: string, values: number[], name = "layer/bias"): boolean {
  const bias = makeWeight({ name, shape: [values.length], values: statisticsOf(values) });
  const layers = [{ className, weights: [makeWeight(), bias] }];
  return biasesOf(makeMeasurements(layers)) === "moved";
}

const gates = (...values: number[]) => values.flatMap((value) => Array<number>(4).fill(value));

Deno.test("biasesOf() tells biases that moved each by itself from constant ones", () => {
  assertEquals(trained("Dense", [0, 0, 0, 0]), false);
  assertEquals(trained("Dense", [0.1, 0.1, 0.1, 0.1]), false);
  assertEquals(trained("Dense", [0, 0, 0, 1e-3]), true);
  assertEquals(trained("BatchNormalization", [0, 0.1, -0.1, 0], "layer/beta"), true);
  assertEquals(trained("BatchNormalization", [0, 0.1, -0.1, 0], "layer/moving_mean"), false);
});

Deno.test("biasesOf() lets the forget gate of a recurrent layer start at 1, and nothing else", () => {
  for (const className of ["LSTM", "ConvLSTM2D"]) {
    assertEquals(trained(className, gates(0, 1, 0, 0)), false);
    assertEquals(trained(className, gates(0.2, 1, 0.2, 0.2)), false);
    assertEquals(trained(className, gates(0, 1, 0, 0.1)), true);
    assertEquals(trained(className, gates(0, 1, 0, 0).map((b, i) => b + i * 1e-3)), true);
  }
  assertEquals(trained("GRU", gates(0, 0, 0)), false);
  assertEquals(trained("SimpleRNN", [0, 0.1, 0, -0.1]), true);
  assertEquals(trained("Dense", gates(0, 1, 0, 0)), true);
});

Deno.test("isDrawn() takes numbers for a draw up to four standard deviations of chance, that far included", () => {
  // Of 16 numbers the ratio of mean |x| to the rms strays by 1 / 16, and the mean by a quarter of a deviation.
  const normal = Math.sqrt(2 / Math.PI);
  const draw = { ...flat(1, 16), meanAbs: normal };
  assertEquals(isDrawn({ ...draw, meanAbs: normal - 0.25 }), true);
  assertEquals(isDrawn({ ...draw, meanAbs: normal - 0.251 }), false);
  assertEquals([1, -1, 1.001].map((mean) => isDrawn({ ...draw, mean })), [true, true, false]);
  assertEquals([16, 15].map((count) => isDrawn({ ...draw, count })), [true, false]);
  assertEquals(isDrawn({ ...draw, std: 0, mean: 0 }), false);
});

Deno.test("biasesOf() takes biases for PyTorch's draw as far as chance reaches, in mean and deviation", () => {
  // Of 20 inputs: up to 1 / sqrt(20). 64 such numbers stray by 4 sqrt(1 / 64) of a deviation in their mean,
  // and by 2 sqrt(0.8 / 64) of it in their deviation.
  const limit = 1 / Math.sqrt(20);
  const count = 64;
  const deviation = limit / Math.sqrt(3);
  const biases = (given: { mean?: number; std?: number; maxAbs?: number }) => {
    const values = { ...flat(limit, count), maxAbs: 0.95 * limit, std: deviation, ...given };
    const bias = makeWeight({ name: "dense/bias", shape: [count], values });
    return biasesOf(makeMeasurements([{ weights: [makeWeight(), bias] }]));
  };
  assertEquals(biases({}), "drawn");
  for (const sign of [-1, 1]) {
    assertEquals(biases({ mean: sign * 0.49 * deviation }), "drawn");
    assertEquals(biases({ mean: sign * 0.51 * deviation }), "moved");
    assertEquals(biases({ std: (1 + sign * 0.223) * deviation }), "drawn");
    assertEquals(biases({ std: (1 + sign * 0.224) * deviation }), "moved");
  }
  // The largest is no further from the limit than 7 / 64 of it, and never beyond.
  assertEquals(biases({ maxAbs: limit }), "drawn");
  assertEquals(biases({ maxAbs: 1.001 * limit }), "moved");
  assertEquals(biases({ maxAbs: 0.9 * limit }), "drawn");
  assertEquals(biases({ maxAbs: 0.89 * limit }), "moved");
});
