import type { Layer, LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { compileAsInKeras } from "../../src/keras/compile_as_saved.ts";
import { seedDraws } from "../../src/core/model/batches/seeded_random.ts";
import { type Drawn, width } from "./data.ts";
import type { Facts, LayerFacts, LossFacts } from "./facts.ts";

/** Seed of the weights of every program. */
const SEED = 1;

/** Losses that Keras computes from the logits of a softmax or sigmoid head. */
const FROM_LOGITS: Record<string, string> = {
  categorical_crossentropy: "CategoricalCrossentropy",
  sparse_categorical_crossentropy: "SparseCategoricalCrossentropy",
  binary_crossentropy: "BinaryCrossentropy",
};

/** Builds and compiles a program as Keras would. */
export async function buildProgram(
  tf: TensorFlow,
  { layers, loss, optimizer }: Facts,
  { inputShape }: Drawn,
): Promise<LayersModel> {
  const model = await seedDraws(SEED, "weights", () => stack(tf, layers, inputShape));
  compileAsInKeras(tf, model, { loss, optimizer_config: optimizer });
  return model;
}

/**
 * Returns the program as Keras on TensorFlow trains it: a cross-entropy takes the logits from before a
 * softmax or sigmoid at the end, even if that is a separate layer.
 */
export function asTrained({ layers, loss, ...facts }: Facts): Facts {
  const last = layers.at(-1)!;
  const isHead = ["softmax", "sigmoid"].includes(last.config.activation as string);
  const computed = fromLogits(loss);
  if (!isHead || computed === null) return { ...facts, layers, loss };
  const linear = { ...last, config: { ...last.config, activation: "linear" } };
  return { ...facts, layers: [...layers.slice(0, -1), linear], loss: computed };
}

function fromLogits(loss: LossFacts): LossFacts | null {
  const name = typeof loss === "string" ? FROM_LOGITS[loss] : loss.class_name;
  if (name === undefined || !Object.values(FROM_LOGITS).includes(name)) return null;
  const config = typeof loss === "string" ? {} : loss.config;
  return { class_name: name, config: { ...config, from_logits: true } };
}

function stack(tf: TensorFlow, layers: readonly LayerFacts[], inputShape: number[]): LayersModel {
  const model = tf.sequential({ name: "program" });
  layers.forEach((facts, i) => {
    const config = i === 0 ? { ...facts.config, inputShape } : facts.config;
    model.add(layerOf(tf, { ...facts, config }));
  });
  return model;
}

function layerOf(tf: TensorFlow, { type, config }: LayerFacts): Layer {
  if (type === "bidirectional") {
    const layer = tf.layers.lstm({ units: config.lstm as number, returnSequences: true });
    return tf.layers.bidirectional({ layer: layer as never, mergeMode: "concat" });
  }
  const make = tf.layers[type as "dense"] as unknown as (config: object) => Layer;
  // TensorFlow.js writes into the configurations of initializers.
  return make(structuredClone(config));
}

/** Tensors of some examples. */
export interface Rows extends Record<string, Tensor> {
  inputs: Tensor;
  targets: Tensor;
}

/** Returns the examples at these indices as tensors. */
export function rowsOf(tf: TensorFlow, drawn: Drawn, at: readonly number[]): Rows {
  const take = (values: Float32Array, shape: number[]) => {
    const size = width(shape);
    const rows = new Float32Array(at.length * size);
    at.forEach((row, i) => rows.set(values.subarray(row * size, (row + 1) * size), i * size));
    return tf.tensor(rows, [at.length, ...shape]);
  };
  return {
    inputs: take(drawn.inputs, drawn.inputShape),
    targets: take(drawn.targets, drawn.targetShape),
  };
}

/** Number of examples. */
export const countOf = ({ inputs, inputShape }: Drawn): number => inputs.length / width(inputShape);
