import type * as tfjs from "@tensorflow/tfjs";
import { shadowMethod } from "../../src/engine/patching.ts";
import type { LayersModel, Optimizer, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { isKernel } from "../../src/ground/theory/weight_kinds.ts";

/** Faults that are injected in mid-run, besides `few examples`, which holds from the first step. */
export const FAULTS = [
  "rate times 30",
  "NaN batch",
  "batch times 1e4",
  "shuffled labels",
  "frozen layer",
  "weight decay times 1000",
  "fp16 rounding",
  "few examples",
] as const;

/** Fault of a training. */
export type Fault = typeof FAULTS[number];

/** Step before which a fault begins. */
export const INJECTED_AT = 60;
/** Number of examples of a training on few. */
export const FEW = 48;
/** A usual weight decay (AdamW's default in PyTorch) times 1000, by step at the rate of the run. */
const DECAY = 1e-2 * 1000;

/** Batch of a step, as flat arrays that may be edited. */
export interface Rows {
  inputs: Float32Array;
  targets: Float32Array;
  outputs: number;
  /** True if the inputs are words by number, which no fault can scale. */
  isTokens: boolean;
}

/** Edits the batch of a step. */
export function editBatch(fault: Fault | null, step: number, rows: Rows, draw: () => number): void {
  const isFirst = step === INJECTED_AT;
  const chosen = rows.isTokens ? rows.targets : rows.inputs;
  if (fault === "NaN batch" && isFirst) chosen[0] = NaN;
  if (fault === "batch times 1e4" && isFirst) chosen.forEach((x, i) => chosen[i] = 1e4 * x);
  if (fault !== "shuffled labels" || step < INJECTED_AT) return;
  const { targets, outputs } = rows;
  for (let i = targets.length / outputs - 1; i > 0; i--) {
    const j = Math.floor((i + 1) * draw());
    const kept = targets.slice(i * outputs, (i + 1) * outputs);
    targets.copyWithin(i * outputs, j * outputs, (j + 1) * outputs);
    targets.set(kept, j * outputs);
  }
}

/** Puts a fault into the updates of an optimizer, from the step at which it is injected. */
export function editUpdates(
  tf: TensorFlow,
  { model, optimizer, rate, fault }: {
    model: LayersModel;
    optimizer: Optimizer;
    rate: number;
    fault: Fault | null;
  },
): void {
  let step = 0;
  const variables = model.trainableWeights.map((weight) => weight.read() as tfjs.Variable);
  const kernels = variables.filter(({ name, shape }) => isKernel({ name, shape }));
  const still = kernels[kernels.length >> 1];
  shadowMethod(optimizer, "applyGradients", (apply) => (gradients: unknown) => {
    step++;
    if (step < INJECTED_AT || fault === null) return apply(gradients);
    if (fault === "rate times 30" && step === INJECTED_AT) {
      (optimizer as unknown as { learningRate: number }).learningRate = 30 * rate;
      (optimizer as unknown as { setLearningRate?: (rate: number) => void })
        .setLearningRate?.(30 * rate);
    }
    const before = still.clone();
    apply(gradients);
    tf.tidy(() => {
      if (fault === "frozen layer") still.assign(before);
      if (fault === "weight decay times 1000") {
        for (const kernel of kernels) kernel.assign(tf.mul(kernel, Math.max(0, 1 - rate * DECAY)));
      }
      if (fault === "fp16 rounding") {
        for (const variable of variables) variable.assign(rounded(tf, variable));
      }
    });
    before.dispose();
  });
}

function rounded(tf: TensorFlow, tensor: Tensor): Tensor {
  const half = new Float16Array(tensor.dataSync());
  return tf.tensor(Float32Array.from(half), tensor.shape);
}
