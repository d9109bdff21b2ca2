import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { isJsonFile, isKerasFile, isModule } from "../core/model/loaded_model.ts";
import { ModelError } from "../core/model/model_error.ts";
import { requireModel } from "../core/model/require_model.ts";
import { anyObject, optional, primitive, requireValue, string } from "../ground/words/shape.ts";
import { readWeights } from "./read_weights.ts";

/** Options of {@linkcode loadWeights}. */
export interface LoadWeightsOptions {
  /**
   * Layout of the weights in the file. Default: `"keras"` for `.keras` and `.h5`, else `"pytorch"`.
   */
  layout?: "keras" | "pytorch";
}

/** Result of {@linkcode loadWeights}. */
export interface LoadedWeights {
  /**
   * Layers of the model, in the model's order, each with the layer of the file whose weights it
   * got.
   */
  layers: { layer: string; from: string }[];
  /** Notes on how the file was read, a sentence each. */
  notes: string[];
}

const LAYOUT = primitive(
  '"keras" or "pytorch"',
  (value) => value === "keras" || value === "pytorch",
);

/**
 * Loads the weights of a file into a model that builds the same network.
 *
 * Weights saved by PyTorch: kernels of Linear, Conv, grouped and transposed convolutions are
 * transposed, the two biases of an LSTM are summed, the gates of a GRU reordered (it needs
 * `resetAfter`, as in files of Keras), the rows that read a flattened map are reordered, batch
 * normalisation gets its statistics, and an nn.MultiheadAttention fills the query, key, value and
 * output of a MultiHeadAttention. Layers are paired by their names if each has the name of one in
 * the file (`conv1`, `layer1_0_conv1`), else by their shapes, and repeated shapes in their order.
 *
 * Weights saved by Keras are paired by the order of the layers, their names and shapes together.
 *
 * If the pairing is ambiguous, nothing is set. A file of weights does not hold epsilon (1e-5 in
 * PyTorch), padding and activations: the model must have the same.
 *
 * @param model A built model.
 * @param file A `.safetensors` file, a state dict as `torch.save` writes it, a `.weights.h5`, or a
 * whole `.keras` or `.h5`.
 * @param options The layout.
 * @returns The pairs of layers, and notes.
 * @throws {EngineError} If no engine runs.
 * @throws {ModelError} If the file cannot be used, or its layers are not those of the model: one
 * sentence that names both sides.
 *
 * @example A network that PyTorch trained
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { loadWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const model = tf.sequential({
 *   layers: [
 *     tf.layers.dense({ units: 32, activation: "tanh", inputShape: [64] }),
 *     tf.layers.dense({ units: 32, activation: "tanh" }),
 *     tf.layers.dense({ units: 10 }),
 *   ],
 * });
 * const { layers } = await loadWeights(model, "fixtures/files/mlp.pt");
 * assertEquals(layers[2], { layer: "dense_3", from: "4" });
 * model.dispose();
 * ```
 */
export async function loadWeights(
  model: LayersModel,
  file: string,
  options: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  requireModel(model);
  requireValue("file", file, string);
  requireValue("options", options, anyObject);
  requireValue("options.layout", options.layout, optional(LAYOUT));
  const { tf } = requireEngine();
  if (isModule(file) || isJsonFile(file)) {
    throw new ModelError({
      place: file,
      found: "a model",
      expected: "a file of weights",
      hint: ": .safetensors, .h5, .keras, or one of PyTorch (.pt, .pth, .ckpt, .bin)",
    });
  }
  const { layout = isKerasFile(file) ? "keras" : "pytorch" } = options;
  if (layout === "keras") {
    const { loadKerasWeights } = await import("../keras/files/load_keras.ts");
    return { layers: await loadKerasWeights(tf, model, file), notes: [] };
  }
  const weights = await readWeights(file);
  const { giveWeights } = await import("../torch/give_weights.ts");
  try {
    return { layers: giveWeights(model, weights), notes: weights.notes };
  } catch (error) {
    if (error instanceof ModelError) error.within(file);
    throw error;
  }
}
