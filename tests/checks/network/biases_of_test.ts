import { assertEquals } from "@std/assert";
import { biasesOf } from "../../../src/checks/network/biases_of.ts";
import { makeMeasurements, makeWeight, statisticsOf } from "../make_measurements.ts";

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
