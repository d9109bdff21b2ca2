import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { batchOf } from "./examples_of_plan.ts";
import type { Head } from "./plan.ts";
import type { Examples } from "./tasks.ts";

/** On how many of the examples that are trained on a network is judged. */
export const JUDGED = 512;

/** Returns the score of a network: a share of right answers, or R2 over all outputs. */
export interface Score {
  value: number;
  outputs: Float32Array;
}

/** The first ones: the classes come in turn, so that any run of examples is about balanced. */
const judged = Array.from({ length: JUDGED }, (_, i) => i);

/**
 * Accuracy for classes, the share of the variance that is explained for numbers; of the same
 * examples whatever the loss, since losses of heads that do not go with them cannot be compared. A
 * network with a NaN among its outputs scores as the best constant does.
 */
export function scoreOf(
  tf: TensorFlow,
  model: LayersModel,
  head: Head,
  examples: Examples,
): Score {
  const batch = batchOf(tf, examples, judged);
  const outputs = tf.tidy(() => {
    const predicted = model.predict(batch.inputs, { batchSize: JUDGED });
    return [predicted].flat()[0].dataSync<"float32">().slice();
  });
  const targets = batch.targets.dataSync<"float32">().slice();
  tf.dispose([batch.inputs, batch.targets]);
  const value = outputs.every(Number.isFinite)
    ? examples.kind === "numbers"
      ? explained(outputs, targets, examples.outputs)
      : accuracy(outputs, targets, examples.outputs, head)
    : constantScore(examples);
  return { value, outputs };
}

/** Returns the score of the best constant. */
export function constantScore({ kind, targets, outputs }: Examples): number {
  if (kind === "numbers") return 0;
  const counts = new Map<number, number>();
  for (const i of judged) {
    const row = targets.subarray(i * outputs, (i + 1) * outputs);
    const answer = outputs === 1 ? row[0] : row.indexOf(1);
    counts.set(answer, (counts.get(answer) ?? 0) + 1);
  }
  return Math.max(...counts.values()) / JUDGED;
}

function accuracy(
  outputs: Float32Array,
  targets: Float32Array,
  classes: number,
  { activation, loss }: Head,
): number {
  // One that puts out logits says yes above 0, one that puts out a share above a half.
  const logits = loss === "sigmoidCrossEntropy" && !["sigmoid", "softmax"].includes(activation);
  const half = logits ? 0 : 0.5;
  let right = 0;
  for (let i = 0; i < outputs.length; i += classes) {
    const [said, is] = [outputs, targets].map((values) => values.subarray(i, i + classes));
    right += Number(
      classes === 1
        ? said[0] > half === is[0] > 0.5
        : said.indexOf(Math.max(...said)) === is.indexOf(1),
    );
  }
  return right / (outputs.length / classes);
}

function explained(outputs: Float32Array, targets: Float32Array, width: number): number {
  const rows = targets.length / width;
  const means = new Float64Array(width);
  targets.forEach((target, i) => means[i % width] += target / rows);
  let left = 0;
  let total = 0;
  targets.forEach((target, i) => {
    left += (target - outputs[i]) ** 2;
    total += (target - means[i % width]) ** 2;
  });
  return 1 - left / total;
}
