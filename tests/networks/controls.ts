import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { criticalWeightVariance } from "../../src/ground/theory/criticality.ts";

/** A network that is known to train, whatever the draw. */
export interface Control {
  activation: "tanh" | "selu" | "relu";
  /** sigma_w: the standard deviation of the kernels times the root of their fan-in. */
  sigma: number;
  depth: number;
  width: number;
}

/** `Dense(activation)`, or `Dense` and then `Activation`. */
export type Style = "fused" | "split";
export const STYLES: readonly Style[] = ["fused", "split"];

/** Objective and targets of a network, and the head that fits them. */
export const TASKS = ["sum", "meanSquaredError", "categoricalCrossentropy"] as const;
export type Task = typeof TASKS[number];

/** selu has two: LeCun's 1, at which unit variance is a fixed point, and the one with chi = 1. */
const SIGMAS: Record<Control["activation"], number[]> = {
  tanh: [1],
  selu: [1, Math.sqrt(criticalWeightVariance("selu"))],
  relu: [Math.SQRT2],
};

const at = (activation: Control["activation"], depths: number[], width = 64): Control[] =>
  SIGMAS[activation].flatMap((sigma) =>
    depths.map((depth) => ({ activation, sigma, depth, width }))
  );

/** Tanh and selu at criticality, and He's relu. */
export const CONTROLS: readonly Control[] = [
  ...at("tanh", [3, 5, 10, 20, 30]),
  ...at("selu", [3, 5, 10, 20, 30]),
  ...at("relu", [5]),
];

/** Narrow or deep: they may be healthy, but theory says less of them. Their rates are for information. */
export const STRETCHED: readonly Control[] = [
  ...at("tanh", [10, 30], 20),
  ...at("relu", [10, 20, 30]),
  ...at("relu", [5], 20),
];

export function describeControl({ activation, sigma, depth, width }: Control): string {
  return `${activation}, sigma_w ${sigma.toPrecision(3)}, depth ${depth}, width ${width}`;
}

/** `depth` layers of one width on as many features, under a head of Glorot's scale; zero biases. */
export function buildControl(
  tf: TensorFlow,
  { activation, sigma, depth, width }: Control,
  { style, task, seed }: { style: Style; task: Task; seed: number },
): LayersModel {
  const random = new SeededRandom(seed, "weights");
  const model = tf.sequential({ name: "control" });
  const classes = task === "categoricalCrossentropy" ? 10 : 1;
  for (let i = 1; i <= depth + 1; i++) {
    const isHead = i > depth;
    const units = isHead ? classes : width;
    const own = isHead ? (classes > 1 ? "softmax" : "linear") : activation;
    const layer = tf.layers.dense({
      name: `dense_${i}`,
      units,
      inputShape: [width],
      kernelInitializer: "zeros",
      activation: style === "fused" || isHead ? own : "linear",
    });
    model.add(layer);
    if (style === "split" && !isHead) {
      model.add(tf.layers.activation({ name: `activation_${i}`, activation: own }));
    }
    const deviation = isHead ? Math.sqrt(2 / (width + units)) : sigma / Math.sqrt(width);
    const kernel = random.normals(width * units, deviation);
    tf.tidy(() => layer.setWeights([tf.tensor2d(kernel, [width, units]), tf.zeros([units])]));
  }
  return model;
}
