import type * as tfjs from "@tensorflow/tfjs";
import { heapView } from "../engine/heap/heap.ts";
import type { Optimizer, Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** State of Adam, which TensorFlow.js declares private. */
interface Adam {
  beta2: number;
  /** beta2 to the power of the number of steps, plus one after an update. */
  accBeta2: tfjs.Variable;
  accumulatedSecondMoment: { originalName: string; variable: tfjs.Variable }[];
}

/** Number of entries of a weight that are looked at. */
const SAMPLE = 256;

/**
 * Returns the median over entries of g^2 / v after an update, with v the corrected second moment of
 * Adam. Entries whose gradient is 0 are left out: a row of an embedding that no example used.
 *
 * @returns `null` for an optimizer other than that of TensorFlow.js.
 */
export function secondMomentRatio(
  tf: TensorFlow,
  optimizer: Optimizer | null,
  gradients: ReadonlyMap<string, Tensor | null>,
): number | null {
  const { beta2, accBeta2, accumulatedSecondMoment } = (optimizer ?? {}) as Partial<Adam>;
  if (beta2 === undefined || accBeta2 === undefined) return null;
  const correction = 1 - heapView(tf, accBeta2)[0] / beta2;
  const ratios = accumulatedSecondMoment!.flatMap(({ originalName, variable }) => {
    const gradient = gradients.get(originalName.replace(/\/v$/, ""));
    if (gradient === null || gradient === undefined) return [];
    const squares = heapView(tf, variable);
    const slopes = heapView(tf, gradient);
    const stride = Math.ceil(slopes.length / SAMPLE);
    const found: number[] = [];
    for (let i = 0; i < slopes.length; i += stride) {
      if (slopes[i] !== 0) found.push(slopes[i] ** 2 * correction / squares[i]);
    }
    return found;
  }).filter(Number.isFinite).sort((a, b) => a - b);
  return ratios[ratios.length >> 1] ?? null;
}
