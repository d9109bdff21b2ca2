import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { SeededRandom } from "../../src/model/batches/seeded_random.ts";
import { customLayer } from "./custom_layer.ts";

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
