import { InputError, refusal } from "../../../ground/words/input_error.ts";
import { requireEngine } from "../../../engine/running_engine.ts";
import type { LayersModel, TensorFlow } from "../../../engine/tensorflow.ts";
import { anyObject, requireKnownOptions, requireValue } from "../../../ground/words/shape.ts";
import { showValue } from "../../../ground/words/show_value.ts";
import { SeededRandom } from "../batches/seeded_random.ts";
import { requireCount } from "./shapes.ts";

/** Options of {@linkcode exerciseModel}. */
export interface ExerciseModelOptions {
  /**
   * Number of units of a hidden layer, and of features of the input. Default: 20, the exercise's.
   */
  width?: number;
  /** Number of hidden layers, including the relu layer. Default: 10, the exercise's. */
  depth?: number;
  /**
   * Activation of all hidden layers except the first, by its TensorFlow.js name (`"relu"`,
   * `"selu"`, `"sigmoid"` ...). Default: `"tanh"`, the exercise's.
   */
  activation?: string;
  /** Standard deviation of those layers' kernels. Default: 200, the exercise's. */
  std?: number;
  /** Seed of the weights. Default: 0. */
  seed?: number;
}

/** Names of the options; the type makes sure that none is missing. */
const OPTIONS: Record<keyof Required<ExerciseModelOptions>, null> = {
  width: null,
  depth: null,
  activation: null,
  std: null,
  seed: null,
};

/**
 * Creates the network of the exercise: one relu layer, `depth - 1` layers of `activation` whose
 * kernels are normal with a standard deviation of `std`, and one linear unit on top. All are Dense
 * layers named `dense_1` ..., on `width` features. With the defaults, it has 11 layers and 4221
 * weights.
 *
 * The relu layer and the top are normal with Glorot's variance, 2 / (fan-in + fan-out) (Glorot and
 * Bengio 2010); biases are zero. The same seed draws the same numbers whatever the activation, and
 * `std` only scales them, so that networks can be compared.
 *
 * @param options Size, activation, scale and seed.
 * @returns The model. Dispose it when done.
 * @throws {EngineError} If no engine runs.
 * @throws {InputError} If a size is not a whole number above 0, `std` is negative or not finite, or
 * the seed is not an integer, or if TensorFlow.js has no such activation, or an option is unknown.
 *
 * @example The exercise's network, and its seventh hidden layer's kernel
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, getWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await startEngine();
 * const model = exerciseModel();
 * assertEquals(model.countParams(), 4221);
 * assertEquals(getWeights(model)["dense_7/kernel"].shape, [20, 20]);
 * model.dispose();
 * ```
 */
export function exerciseModel(options: ExerciseModelOptions = {}): LayersModel {
  requireValue("options", options, anyObject);
  // A module may export this function as createModel(), which is also given `tf`.
  const { tf: _tf, ...own }: ExerciseModelOptions & { tf?: unknown } = options;
  requireKnownOptions("exerciseModel", own, Object.keys(OPTIONS));
  const { width = 20, depth = 10, activation = "tanh", std = 200, seed = 0 } = options;
  const { tf } = requireEngine();
  requireCount("width", width);
  requireCount("depth", depth);
  if (!(Number.isFinite(std) && std >= 0)) {
    throw new InputError(refusal`std is ${showValue(std)}, expected a finite number of at least 0`);
  }
  try {
    tf.layers.activation({ activation: activation as "tanh" });
  } catch (error) {
    throw new InputError(
      { place: "activation", found: showValue(activation), expected: "one that TensorFlow.js has" },
      { cause: error },
    );
  }
  const random = new SeededRandom(seed, "weights");
  return denseChain(tf, {
    name: "exercise",
    width,
    depth,
    activationOf: (i) => i === 1 ? "relu" : activation,
    drawKernel: (units, i) =>
      random.normals(width * units, i > 1 && i <= depth ? std : Math.sqrt(2 / (width + units))),
  });
}

/** Chain of Dense layers. */
interface DenseChain {
  name: string;
  /** Number of features, and of units of a hidden layer. */
  width: number;
  /** Number of hidden layers. */
  depth: number;
  /** Returns the activation of the `i`-th hidden layer, from 1. */
  activationOf: (i: number) => string;
  /** Draws the kernel of the `i`-th layer; the last is the one on top. */
  drawKernel: (units: number, i: number) => Float32Array;
}

/** Builds Dense layers named `dense_1` ..., with zero biases, and one linear unit on top. */
export function denseChain(
  tf: TensorFlow,
  { name, width, depth, activationOf, drawKernel }: DenseChain,
): LayersModel {
  const model = tf.sequential({ name });
  for (let i = 1; i <= depth + 1; i++) {
    const units = i > depth ? 1 : width;
    const layer = tf.layers.dense({
      name: `dense_${i}`,
      units,
      inputShape: [width],
      activation: (i > depth ? "linear" : activationOf(i)) as "tanh",
      kernelInitializer: "zeros",
    });
    model.add(layer);
    const kernel = drawKernel(units, i);
    tf.tidy(() => layer.setWeights([tf.tensor2d(kernel, [width, units]), tf.zeros([units])]));
  }
  return model;
}
