import { heapOf, prepareEngine } from "../engine/prepare_engine.ts";
import { requireEngine } from "../engine/running_engine.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { must, requireValue } from "../words/requirements.ts";
import { figuresOf, sumEntries, sumTensor } from "./sums.ts";
import type { TensorStatistics } from "./tensor_statistics.ts";

const DTYPES = ["float32", "int32", "bool"];

const isTensor = (value: unknown): value is Tensor => {
  const { dataId, dtype, isDisposed } = Object(value);
  return typeof dataId === "object" && DTYPES.includes(dtype) && isDisposed === false;
};

const isNumbers = (value: unknown): value is ArrayLike<number> =>
  Array.isArray(value)
    ? value.every((entry) => typeof entry === "number")
    : ArrayBuffer.isView(value) &&
      typeof (value as unknown as ArrayLike<unknown>)[0] !== "bigint" &&
      !(value instanceof DataView);

const subject = must(
  "a tensor of numbers that is not disposed of, or an array of numbers",
  (value) => isTensor(value) || isNumbers(value),
);

/**
 * Returns the statistics of any tensor, or of numbers that were read off one: those that
 * {@linkcode measure} takes of every tensor, in float64 and in one sweep.
 *
 * @param tensor A tensor of any shape, or an array of numbers such as the `values` of `getWeights`.
 * @returns Mean, deviation, mean and largest magnitude, and the numbers of entries that are 0, NaN
 * or infinite.
 * @throws {TypeError} If it is something else, or a tensor that was disposed of.
 * @throws {EngineError} If it is a tensor and no engine runs.
 *
 * @example The mean absolute value of a kernel
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, getWeights } from "@gradient-health/gradient-health/model";
 * import { statistics } from "@gradient-health/gradient-health/measure";
 * import { assertAlmostEquals, assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const { meanAbs } = statistics(getWeights(model)["dense_2/kernel"].values);
 * assertAlmostEquals(meanAbs, 160, 20); // of a normal kernel with a deviation of 200
 * assertEquals(statistics([0, 3, -3, NaN]).nonFinite, 1);
 * model.dispose();
 * ```
 */
export function statistics(tensor: Tensor | ArrayLike<number>): TensorStatistics {
  requireValue("tensor", tensor, subject);
  if (!isTensor(tensor)) return figuresOf(sumEntries(tensor as ArrayLike<number>));
  const engine = requireEngine();
  prepareEngine(engine, null);
  return figuresOf(tensor.size === 0 ? sumEntries([]) : sumTensor(heapOf(engine), tensor));
}
