/**
 * A network whose siblings keep their scale at every width and depth, by the rules of muP (Yang et
 * al. 2022, Tensor Programs V) in width, and of CompleteP (Dey et al. 2025) in depth.
 *
 * TensorFlow.js has one learning rate for all layers. A constant behind a kernel that is drawn that
 * much larger does the same under Adam: the network begins the same, and moves as if the rate of
 * the layer were multiplied by the constant.
 *
 *     deno run -A mod.ts scale examples/growing.ts --widths 32,64,128,256 --depths 2,4,8
 *
 * @module
 */
import type { LayersModel, TensorFlow } from "@gradient-health/gradient-health/model";

type SymbolicTensor = ReturnType<TensorFlow["input"]>;

/** Size of the sibling on which the rate was found. */
const BASE = { width: 32, depth: 2 };
const INPUTS = 16;
const CLASSES = 4;
const LEARNING_RATE = 0.01;

/** Creates a sibling. */
export function createModel(
  { tf, seed, width = BASE.width, depth = BASE.depth }: {
    tf: TensorFlow;
    seed: number;
    width?: number;
    depth?: number;
  },
): LayersModel {
  const wider = width / BASE.width;
  const deeper = depth / BASE.depth;
  let draws = 0;
  /** Adds a dense layer of a standard deviation, and the constant of its learning rate. */
  const dense = (
    x: SymbolicTensor,
    { name, units, stddev, rate }: { name: string; units: number; stddev: number; rate: number },
  ) => {
    const kernelInitializer = tf.initializers.randomNormal({
      stddev: stddev / rate,
      seed: 100 * seed + draws++,
    });
    const z = tf.layers.dense({ name, units, kernelInitializer }).apply(x);
    return tf.layers.rescaling({ name: `${name}_scale`, scale: rate }).apply(z) as SymbolicTensor;
  };
  const input = tf.input({ shape: [INPUTS] });
  let x = dense(input, { name: "enter", units: width, stddev: Math.sqrt(1 / INPUTS), rate: 1 });
  for (let block = 1; block <= depth; block++) {
    const active = tf.layers.activation({ activation: "relu", name: `relu_${block}` }).apply(x);
    const branch = dense(active as SymbolicTensor, {
      name: `block_${block}`,
      units: width,
      // The sum of all branches stays as small as what enters them.
      stddev: Math.sqrt(2 / width) / depth,
      rate: 1 / wider / deeper,
    });
    x = tf.layers.add({ name: `sum_${block}` }).apply([x, branch]) as SymbolicTensor;
  }
  const outputs = dense(x, {
    name: "head",
    units: CLASSES,
    stddev: Math.sqrt(1 / BASE.width) / wider,
    rate: 1 / wider,
  });
  const model = tf.model({ inputs: input, outputs });
  model.compile({ optimizer: tf.train.adam(LEARNING_RATE), loss: "meanSquaredError" });
  return model;
}
