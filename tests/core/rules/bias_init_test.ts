import { assertEquals } from "@std/assert";
import { biasInit } from "../../../src/core/rules/weights/bias_init.ts";
import {
  flat,
  makeHead,
  makeMeasurements,
  makeTarget,
  makeWeight,
  statisticsOf,
} from "../../networks/measurements.ts";
import { severitiesAndKinds } from "./severities.ts";

/** Evenly spaced numbers over the whole range, as a draw of a uniform distribution approaches. */
const spread = (limit: number, count: number) =>
  Array.from({ length: count }, (_, i) => limit * (2 * i / (count - 1) - 1));

/** Limit of PyTorch's default for kernels and biases of 16 inputs. */
const LIMIT = 1 / Math.sqrt(16);

Deno.test("biasInit lets biases of hidden layers pass that PyTorch's default drew", () => {
  const judge = (limit: number) => {
    const kernel = makeWeight({ shape: [16, 20], values: statisticsOf(spread(LIMIT, 320)) });
    const bias = makeWeight({
      name: "dense_1/bias",
      shape: [20],
      values: statisticsOf(spread(limit, 20)),
    });
    const layer = { preActivations: flat(0.6, 640), weights: [kernel, bias] };
    return severitiesAndKinds(biasInit.run(makeMeasurements([layer])));
  };
  assertEquals(judge(LIMIT), []);
  assertEquals(judge(1.01 * LIMIT), ["warning hidden"]);
  assertEquals(judge(0.5 * LIMIT), ["warning hidden"]);
});

Deno.test("biasInit lets biases of a head pass that PyTorch's default drew", () => {
  const judge = (limit: number, kernelLimit = 2 * LIMIT) => {
    const kernel = makeWeight({ shape: [4, 2], values: statisticsOf(spread(kernelLimit, 8)) });
    const entries = [limit, -limit];
    const bias = makeWeight({
      name: "head/bias",
      shape: [2],
      values: statisticsOf(entries),
      entries,
    });
    const weights = [kernel, bias];
    const head = makeHead({ depth: 1, activation: "softmax", shape: [1000, 2], weights });
    const measurements = makeMeasurements([], { layers: [head] });
    const shares = Float64Array.from(
      { length: 2000 },
      (_, i) => Number(i % 4 === 0 || i % 4 === 3),
    );
    const batch = { ...measurements.batch, examples: 1000, targets: [makeTarget(shares, 1000)] };
    return severitiesAndKinds(biasInit.run({ ...measurements, batch }, { biasTolerance: 0.2 }));
  };
  assertEquals(judge(2 * LIMIT), []);
  assertEquals(judge(2.01 * LIMIT), ["warning head"]);
  assertEquals(judge(2 * LIMIT, 3 * LIMIT), ["warning head"]);
});
