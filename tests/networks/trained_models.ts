import type { Layer, LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";

/** A layer without weights that keeps the shape and computes what it is told. */
export function customLayer(tf: TensorFlow, name: string, compute: (x: Tensor) => Tensor): Layer {
  class Custom extends tf.layers.Layer {
    static readonly className = "Custom";
    override computeOutputShape(shape: (number | null)[]) {
      return shape;
    }
    override call(inputs: Tensor | Tensor[]) {
      return tf.tidy(() => compute([inputs].flat()[0]));
    }
  }
  return new Custom({ name }) as unknown as Layer;
}

/** Kernels from a seed, biases as they are: 0. */
function drawKernels(tf: TensorFlow, model: LayersModel, gain = 1): LayersModel {
  const random = new SeededRandom(7, "weights");
  tf.tidy(() =>
    model.setWeights(
      model.getWeights().map((weight) => {
        if (weight.rank < 2) return weight.clone();
        const fanIn = weight.size / weight.shape[weight.rank - 1];
        return tf.tensor(random.normals(weight.size, gain / Math.sqrt(fanIn)), weight.shape);
      }),
    )
  );
  return model;
}

/** Two tanh layers with a layer between them that computes what it is told, under a linear unit. */
export function around(tf: TensorFlow, compute: (x: Tensor) => Tensor): LayersModel {
  const dense = (name: string, units: number, activation: "tanh" | "linear") =>
    tf.layers.dense({ name, units, activation, inputShape: [6] });
  return drawKernels(
    tf,
    tf.sequential({
      name: "around",
      layers: [
        dense("below", 6, "tanh"),
        customLayer(tf, "middle", compute),
        dense("above", 6, "tanh"),
        dense("head", 1, "linear"),
      ],
    }),
  );
}

/** x, but its gradient is `factor` times what it should be. */
export function wrongGradient(tf: TensorFlow, factor: number): (x: Tensor) => Tensor {
  const identity = tf.customGrad((x) => ({
    value: (x as Tensor).clone(),
    gradFunc: (dy: Tensor) => tf.mul(dy, factor),
  }));
  return (x) => identity(x);
}

/** A convolution over 8 steps under a head for each step. */
export function convolution(tf: TensorFlow, padding: "causal" | "same"): LayersModel {
  return drawKernels(
    tf,
    tf.sequential({
      name: `conv_${padding}`,
      layers: [
        tf.layers.conv1d({
          name: "conv",
          filters: 4,
          kernelSize: 3,
          padding,
          activation: "tanh",
          inputShape: [8, 2],
        }),
        tf.layers.dense({ name: "head", units: 1 }),
      ],
    }),
  );
}

/** Dense layers with a batch normalisation, of which those named are frozen. */
export function normalized(tf: TensorFlow, ...frozen: string[]): LayersModel {
  const model = tf.sequential({
    name: "normalized",
    layers: [
      tf.layers.dense({ name: "dense", units: 6, inputShape: [6] }),
      tf.layers.batchNormalization({ name: "norm" }),
      tf.layers.dense({ name: "head", units: 1 }),
    ],
  });
  for (const name of frozen) model.getLayer(name).trainable = false;
  return drawKernels(tf, model);
}

// deno-lint-ignore no-explicit-any -- settings of a Dense layer as a test writes them
type Settings = any;

/** Parts of a test's classifier. */
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
