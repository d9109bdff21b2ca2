/**
 * A small transformer that writes a text on, letter by letter; its attention is the custom layer of
 * `self_attention.ts`, so that each part of a block is measured and judged:
 *
 *     deno run -A mod.ts report examples/transformer.ts
 */
import type * as tfjs from "@tensorflow/tfjs";
import type { ModelModule } from "@gradient-health/gradient-health/model";
import { register } from "./self_attention.ts";

const TEXT =
  "the signal goes forward through the layers and the gradient comes back. where a kernel is too " +
  "small both fade away, where it is too large they explode or saturate. a network that starts at " +
  "the edge between the two can be trained, however deep it is. ";
const LETTERS = [...new Set(TEXT)].sort();
const STEPS = 16;
const WIDTH = 32;
const BLOCKS = 2;

export const objective: ModelModule["objective"] = "categoricalCrossentropy";

export const createModel: ModelModule["createModel"] = ({ tf }) => {
  const SelfAttention = register({ tf });
  const on = (layer: tfjs.layers.Layer, x: tfjs.SymbolicTensor | tfjs.SymbolicTensor[]) =>
    layer.apply(x) as tfjs.SymbolicTensor;
  const norm = (name: string) => tf.layers.layerNormalization({ name });
  const dense = (name: string, units: number, activation?: "gelu" | "softmax") =>
    tf.layers.dense({ name, units, activation });

  // Without positions: a causal mask lets the layers count (Haviv et al. 2022).
  const letters = tf.input({ shape: [STEPS], name: "letters" });
  const embedding = tf.layers.embedding({
    name: "embedding",
    inputDim: LETTERS.length,
    outputDim: WIDTH,
    // As large as what the blocks add to it. TensorFlow.js draws it from -0.05 to 0.05, and the means
    // of the first attention would hide the letters.
    embeddingsInitializer: tf.initializers.randomNormal({ stddev: 1 }),
  });
  let x = on(embedding, letters);
  for (let block = 1; block <= BLOCKS; block++) {
    const name = (what: string) => `block_${block}_${what}`;
    // Each branch reads what a normalisation makes of the stream, and adds to the stream.
    const attention = new SelfAttention({ name: name("attention"), heads: 4 });
    const seen = on(attention, on(norm(name("norm_1")), x));
    x = on(tf.layers.add({ name: name("add_1") }), [x, seen]);
    const hidden = on(dense(name("dense_1"), 4 * WIDTH, "gelu"), on(norm(name("norm_2")), x));
    x = on(tf.layers.add({ name: name("add_2") }), [x, on(dense(name("dense_2"), WIDTH), hidden)]);
  }
  const outputs = on(dense("next", LETTERS.length, "softmax"), on(norm("norm"), x));
  return tf.model({ name: "transformer", inputs: letters, outputs });
};

/** Pieces of the text, from another place for each example; the targets are one letter ahead. */
export const createBatch: NonNullable<ModelModule["createBatch"]> = ({ tf, seed, examples }) =>
  tf.tidy(() => {
    const letters = [...TEXT].map((letter) => LETTERS.indexOf(letter));
    const piece = (example: number, ahead: number) =>
      Array.from({ length: STEPS }, (_, step) =>
        // 7 has no factor in common with the length, so that the places do not repeat early.
        letters.at(((seed * examples + example) * 7 + step + ahead) % letters.length)!);
    const pieces = (ahead: number) => Array.from({ length: examples }, (_, i) => piece(i, ahead));
    return {
      inputs: tf.tensor2d(pieces(0), undefined, "int32"),
      targets: tf.oneHot(tf.tensor2d(pieces(1), undefined, "int32"), LETTERS.length),
    };
  });
