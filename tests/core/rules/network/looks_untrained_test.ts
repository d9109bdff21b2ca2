import type { TensorStatistics } from "../../../../src/core/measure/measurements.ts";
import {
  biasesOf,
  isDrawnByPyTorch,
  looksUntrained,
} from "../../../../src/core/rules/network/biases_of.ts";
import {
  flat,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../../networks/measurements.ts";
import { assertEquals } from "@std/assert";

/** Mean |x| / rms of a normal distribution, of one cut off at two deviations and of a uniform one. */
const SHAPES = [Math.sqrt(2 / Math.PI), 0.8217, Math.sqrt(0.75)];

/** Statistics as a draw has them. */
const draw = (count: number, std: number, given: Partial<TensorStatistics> = {}) => ({
  ...flat(std, count),
  meanAbs: SHAPES[0] * std,
  ...given,
});

const FAN_IN = 20;
const UNITS = 2000;
const COUNT = FAN_IN * UNITS;

const layerOf = (kernel: TensorStatistics, bias: TensorStatistics = flat(0, UNITS)) =>
  makeLayer({
    weights: [
      makeWeight({ name: "dense/kernel", shape: [FAN_IN, UNITS], values: kernel }),
      makeWeight({ name: "dense/bias", shape: [UNITS], values: bias }),
    ],
  });

/** Standard deviations that initialisers give a kernel of 20 by 2000: those of themselves, and PyTorch's default. */
const SCHEMES = {
  he: Math.sqrt(2 / 20),
  lecun: Math.sqrt(1 / 20),
  glorot: Math.sqrt(2 / 2020),
  orthogonal: Math.sqrt(1 / 2000),
};
const ASKED = [0.01, 0.02, 0.05, 0.05 / Math.sqrt(3)];

Deno.test("looksUntrained() knows a kernel by the deviation of each initialiser, whole or cut off", () => {
  const deviations = [...Object.values(SCHEMES), ...ASKED].flatMap((std) => [std, 0.8796 * std]);
  for (const std of [...deviations, 1 / Math.sqrt(3 * FAN_IN)]) {
    assertEquals(looksUntrained(layerOf(draw(COUNT, std))), true, `${std}`);
  }
  for (const std of [0.4, 0.26, 0.15, 0.1, 0.035, 0.015, 0.005]) {
    assertEquals(looksUntrained(layerOf(draw(COUNT, std))), false, `${std}`);
  }
});

Deno.test("looksUntrained() lets a deviation stray by four times what chance does, and no further", () => {
  const pytorch = 1 / Math.sqrt(3 * FAN_IN);
  const strays = 4 / Math.sqrt(2 * COUNT);
  for (const sign of [-1, 1]) {
    const at = (times: number) =>
      looksUntrained(layerOf(draw(COUNT, pytorch * (1 + sign * times * strays))));
    assertEquals([at(0.99), at(1.01)], [true, false]);
  }
});

Deno.test("looksUntrained() asks for a kernel, of the shape of a draw, and for biases that have not moved", () => {
  assertEquals(looksUntrained(makeLayer({ weights: [] })), false);
  for (const shape of SHAPES) {
    const kernel = draw(COUNT, SCHEMES.he, { meanAbs: shape * SCHEMES.he });
    assertEquals(looksUntrained(layerOf(kernel)), true, `${shape}`);
  }
  const heavy = draw(COUNT, SCHEMES.he, { meanAbs: 0.77 * SCHEMES.he });
  assertEquals(looksUntrained(layerOf(heavy)), false);
  const kernel = draw(COUNT, SCHEMES.he);
  const bias = (entries: number[]) =>
    looksUntrained(layerOf(kernel, statisticsOf(Array(500).fill(entries).flat())));
  assertEquals(bias([3, 3, 3, 3]), true);
  // Float32 may round a constant, and no more.
  assertEquals(bias([3 * (1 + 1e-7), 3, 3, 3]), true);
  assertEquals(bias([3 * (1 + 1e-4), 3, 3, 3]), false);
});

Deno.test("isDrawnByPyTorch() asks the kernel where biases are fewer than 16", () => {
  const limit = 1 / Math.sqrt(20);
  const uniform = { ...flat(limit, 400), maxAbs: 0.99 * limit, std: limit / Math.sqrt(3) };
  const isDrawn = (count: number, maxAbs: number, kernel: TensorStatistics = uniform) => {
    const bias = makeWeight({
      name: "dense/bias",
      shape: [count],
      values: { ...flat(limit, count), maxAbs },
    });
    return isDrawnByPyTorch(makeLayer({ weights: [makeWeight({ values: kernel }), bias] }), bias);
  };
  assertEquals(isDrawn(15, limit), true);
  // All of one size are no such draw, where they are enough to tell.
  assertEquals(isDrawn(16, limit), false);
  assertEquals(isDrawn(15, limit, flat(limit, 400)), false);
  assertEquals([1 + 1e-5, 1 + 1.5e-5, 1.5].map((x) => isDrawn(15, limit * x)), [
    true,
    false,
    false,
  ]);
  const kernel = makeWeight({ values: uniform });
  const beta = makeWeight({ name: "dense/beta", shape: [4], values: flat(0.1, 4) });
  assertEquals(isDrawnByPyTorch(makeLayer({ weights: [kernel, beta] }), beta), false);
  const bias = { ...beta, name: "dense/bias" };
  assertEquals(isDrawnByPyTorch(makeLayer({ weights: [kernel, bias] }), bias), true);
  assertEquals(isDrawnByPyTorch(makeLayer({ weights: [bias] }), bias), false);
});

Deno.test("biasesOf() takes biases of one deviation around 0 for random, as far as chance reaches", () => {
  /** Two layers of 64 biases each; the second's deviation, and the means, in units of the first's. */
  const biases = (deviation: number, means: [number, number] = [0, 0], unit = 0.1) => {
    const layers = [1, deviation].map((std, i) => ({
      weights: [
        makeWeight({ values: draw(400, 0.2) }),
        makeWeight({
          name: "dense/bias",
          shape: [64],
          values: draw(64, std * unit, { mean: means[i] * unit }),
        }),
      ],
    }));
    return biasesOf(makeMeasurements(layers));
  };
  assertEquals(biases(1), "random");
  // Sizes of 64 numbers stray by 4 / sqrt(128) of themselves, and means by half a deviation.
  assertEquals([1.9, 2, 3].map((deviation) => biases(deviation)), ["random", "moved", "moved"]);
  for (const unit of [0.1, 30]) {
    assertEquals(biases(1, [0.49, 0], unit), "random");
    assertEquals(biases(1, [0.51, 0], unit), "moved");
    assertEquals(biases(1, [0, -0.51], unit), "moved");
    // Together 128 of them stray by 0.354.
    assertEquals(biases(1, [0.35, 0.35], unit), "random");
    assertEquals(biases(1, [0.36, 0.36], unit), "moved");
  }
});
