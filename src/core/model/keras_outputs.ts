import { shadowMethod } from "../../engine/patching.ts";
import { withOutputMasks } from "../../engine/repairs/masks.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { withActivityPenalties } from "./activity_penalties.ts";

/** Softmax or sigmoid of a layer. */
interface Activation {
  getClassName(): string;
  /** Activation that this one replaces during a pass. */
  replaced?: Activation;
}

/** Models whose losses are computed as in Keras on TensorFlow. */
const asKeras = new WeakSet<LayersModel>();

const logits = new WeakMap<Tensor, Tensor>();

/**
 * Makes a model's losses be computed as in Keras on TensorFlow: cross-entropies use the logits of
 * softmax and sigmoid heads, and masked rows are excluded.
 */
export function computeAsKeras(model: LayersModel): void {
  asKeras.add(model);
}

/** True if the model's losses are computed as in Keras on TensorFlow. */
export const computesAsKeras = (model: LayersModel): boolean => asKeras.has(model);

/** Returns the logits from which a softmax or a sigmoid made an output; `null` if unknown. */
export function logitsOf(output: Tensor): Tensor | null {
  const known = logits.get(output);
  return known === undefined || known.isDisposed ? null : known;
}

/** Records the logits of an output. */
export function setLogits(output: Tensor, made: Tensor): void {
  logits.set(output, made);
}

/**
 * Runs a model, and keeps the logits of its heads as long as its outputs: in the open scope. Keras
 * does the same (`_keras_logits`), even if the activation is a separate layer; anything behind it,
 * a reshape for instance, loses them.
 */
export function withLogits(tf: TensorFlow, model: LayersModel, run: () => Tensor[]): Tensor[] {
  if (!computesAsKeras(model)) return run();
  const kept = new Map<Tensor, Tensor>();
  const undo = model.outputs.flatMap(({ sourceLayer }) => headsOf(sourceLayer)).map((
    { target, method },
  ) =>
    shadowMethod(target, method, (apply) => (x: Tensor, ...rest: unknown[]): Tensor => {
      const output = apply(x, ...rest);
      const isLastAxis = [-1, x.rank - 1, undefined].includes(rest[0] as number | undefined);
      // The layer frees everything that it does not return.
      if (isLastAxis && output !== x) kept.set(output, tf.keep(x.clone()));
      return output;
    })
  );
  try {
    const outputs = run();
    for (const output of outputs) {
      const own = kept.get(output);
      if (own !== undefined) logits.set(output, own.clone());
    }
    return outputs;
  } finally {
    for (const step of undo.reverse()) step();
    tf.dispose([...kept.values()]);
  }
}

/** Finds the softmax or the sigmoid at the end of a layer. */
function headsOf(layer: Layer): { target: object; method: "apply" | "softmax" }[] {
  const { outputs, activation } = layer as unknown as {
    outputs?: { sourceLayer: Layer }[];
    activation?: Activation | null;
  };
  if (Array.isArray(outputs)) return outputs.flatMap(({ sourceLayer }) => headsOf(sourceLayer));
  // This layer holds a bare function.
  if (layer.getClassName() === "Softmax") return [{ target: layer, method: "softmax" }];
  // A recurrent layer applies its activation at each step.
  if (activation == null || "cell" in layer) return [];
  const target = activation.replaced ?? activation;
  return ["softmax", "sigmoid"].includes(target.getClassName())
    ? [{ target, method: "apply" }]
    : [];
}

const masks = new WeakMap<Tensor, Tensor>();

/** Returns the mask of an output, true where it counts; `null` if it has none or the model is not Keras's. */
export function maskOf(output: Tensor): Tensor | null {
  const known = masks.get(output);
  return known === undefined || known.isDisposed ? null : known;
}

/** Sets the mask of an output. */
export function setMask(output: Tensor, mask: Tensor): void {
  masks.set(output, mask);
}

/**
 * Runs a model, and keeps the masks of its outputs as long as its outputs: in the scope that is open. Keras leaves
 * masked rows out of losses and metrics; TensorFlow.js does not, so that only models of Keras have their masks kept.
 */
export function withMasks(tf: TensorFlow, model: LayersModel, run: () => Tensor[]): Tensor[] {
  if (!computesAsKeras(model)) return run();
  const kept = new Map<Tensor, Tensor>();
  const show = (output: Tensor, mask: Tensor) => {
    // The scope of the model's call would free it.
    if (!kept.has(output)) kept.set(output, tf.keep(mask.clone()));
  };
  try {
    const outputs = withOutputMasks(show, run);
    for (const output of outputs) {
      const own = kept.get(output);
      if (own !== undefined) setMask(output, own.clone());
    }
    return outputs;
  } finally {
    tf.dispose([...kept.values()]);
  }
}

/**
 * Reduces the rows of a loss or a metric to one number, over those alone that the mask of the output leaves.
 *
 * @param rows A number for each row of the output.
 * @param reduction Kind of reduction.
 */
export function reduceRows(
  tf: TensorFlow,
  rows: Tensor,
  output: Tensor,
  reduction: "sum" | "mean" = "mean",
): Tensor {
  const mask = maskOf(output);
  // Keras has no rule for rows of another shape.
  if (mask === null || mask.shape.join() !== rows.shape.join()) {
    return reduction === "sum" ? tf.sum(rows) : tf.mean(rows);
  }
  const isCounted = tf.cast(mask, "bool");
  // A masked row may be NaN, and 0 times NaN is NaN.
  const sum = tf.sum(tf.where(isCounted, rows, tf.zerosLike(rows)));
  if (reduction === "sum") return sum;
  return tf.div(sum, tf.maximum(tf.sum(tf.cast(isCounted, "float32")), 1));
}

/** Returns the outputs of a model, in the model's order. */
export function outputsOf(
  tf: TensorFlow,
  model: LayersModel,
  inputs: Tensor[],
  { training = false }: { training?: boolean } = {},
): Tensor[] {
  const given = inputs.length === 1 ? inputs[0] : inputs;
  const run = () => {
    const returned = model.apply(given, { training }) as Tensor | Tensor[];
    return [repeatedOutputs(model, returned)].flat();
  };
  const penalized = () => withActivityPenalties(tf, model, run);
  return withMasks(tf, model, () => withLogits(tf, model, penalized));
}

/**
 * Returns the outputs of a model. If it lists one twice, TensorFlow.js returns only the first, and
 * `null` for the others.
 */
export function repeatedOutputs(model: Layer, outputs: Tensor | Tensor[]): Tensor | Tensor[] {
  if (!Array.isArray(outputs)) return outputs;
  const listed = (model as LayersModel).outputs;
  return outputs.map((output, i) => output ?? outputs[listed.indexOf(listed[i])].clone());
}
