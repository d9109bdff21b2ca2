import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { SeededRandom } from "../../src/model/batches/seeded_random.ts";

// deno-lint-ignore no-explicit-any -- settings of a Dense layer as a test writes them
type Settings = any;

/** What a classifier of a test is made of. */
interface ClassifierOptions {
  depth?: number;
  /** Settings of the hidden layers. */
  hidden?: Settings;
  /** Settings of the head. */
  head?: Settings;
  /** Rate of a dropout after each hidden layer. Default: none. */
  dropout?: number;
}

/** Relu layers of 64 units under a softmax of 10, drawn as He has it. */
export function classifier(tf: TensorFlow, options: ClassifierOptions = {}): LayersModel {
  const { depth = 3, hidden = {}, head = {}, dropout } = options;
  const model = tf.sequential({ name: "classifier" });
  for (let i = 0; i < depth; i++) {
    model.add(tf.layers.dense({
      units: 64,
      activation: "relu",
      kernelInitializer: tf.initializers.heNormal({ seed: i + 1 }) as Settings,
      ...i === 0 ? { inputShape: [20] } : {},
      ...hidden,
    }));
    if (dropout !== undefined) model.add(tf.layers.dropout({ rate: dropout }));
  }
  const kernelInitializer = tf.initializers.glorotNormal({ seed: 99 }) as Settings;
  model.add(tf.layers.dense({ units: 10, activation: "softmax", kernelInitializer, ...head }));
  return model;
}

/** Examples of 10 classes, each around a centre of its own. */
export function classes(tf: TensorFlow): { inputs: Tensor; targets: Tensor; labels: Tensor } {
  const random = new SeededRandom(3, "classes");
  const centres = Array.from({ length: 10 }, () => random.normals(20));
  const labels = Array.from({ length: 32 }, () => random.integer(10));
  const rows = labels.map((label) => [...centres[label]].map((mean) => mean + random.normal()));
  return tf.tidy(() => {
    const given = tf.tensor1d(labels, "int32");
    return {
      inputs: tf.tensor2d(rows),
      targets: tf.cast(tf.oneHot(given, 10), "float32"),
      labels: tf.tensor2d(labels, [32, 1]),
    };
  });
}

/** Examples whose target is the sum of three features. */
export function sums(tf: TensorFlow): { inputs: Tensor; targets: Tensor } {
  const inputs = tf.tensor2d(new SeededRandom(0, "sums").normals(32 * 20), [32, 20]);
  return { inputs, targets: tf.tidy(() => tf.sum(tf.slice(inputs, [0, 0], [32, 3]), 1, true)) };
}
