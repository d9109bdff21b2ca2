import { InputError, refusal } from "../../words/input_error.ts";
import { seedOf } from "../seed_zero.ts";
import type { Tensor } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
} from "./layer_repair.ts";
import { orthonormalColumns } from "./orthonormal_columns.ts";
import type { Rank } from "@tensorflow/tfjs";

interface DenseLayer {
  kernel: LayerWeight;
  bias: LayerWeight | null;
  activation: LayerActivation;
  invokeCallHook(inputs: Tensor | Tensor[], kwargs: unknown): void;
}

/**
 * Repairs Dense. TensorFlow.js reshapes both factors to three dimensions and back, transposes the
 * kernel by the identity if its input has more than two axes, and adds the bias by a separate
 * operation for any activation but relu, elu or none: 15 entries on the tape instead of 2. Here it
 * is one product that adds the bias, then the activation. Results are unchanged.
 */
export const repairDense: LayerRepair = ({ tf, patch }) => {
  const multiply = (x: Tensor, kernel: Tensor, bias: Tensor | undefined) => {
    const attributes = { transposeA: false, transposeB: false };
    return bias === undefined
      ? tf.engine().runKernel("BatchMatMul", { a: x, b: kernel }, attributes)
      : tf.engine().runKernel("_FusedMatMul", { a: x, b: kernel, bias }, {
        ...attributes,
        activation: "linear",
      });
  };
  patch(
    "Dense",
    "call",
    (original) =>
      function (this: DenseLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
        const input = oneTensor(inputs);
        const kernel = this.kernel.read();
        if (input.dtype !== "float32" || kernel.dtype !== "float32") {
          return original.call(this, inputs, kwargs);
        }
        return tf.tidy(() => {
          this.invokeCallHook(inputs, kwargs);
          const bias = this.bias?.read();
          const { shape } = input;
          if (shape.length === 2) {
            return this.activation.apply(multiply(input, kernel, bias) as Tensor);
          }
          const rows = tf.reshape(input, [-1, shape.at(-1)!]);
          const product = multiply(rows, kernel, bias) as Tensor;
          const units = kernel.shape[1]!;
          return this.activation.apply(tf.reshape(product, [...shape.slice(0, -1), units]));
        });
      },
  );
};

/** Initialisers of normal numbers; `HeNormal` and the like use `VarianceScaling`. */
const INITIALIZERS = ["RandomNormal", "TruncatedNormal", "VarianceScaling"];

/** Repairs initialisers of normal numbers with seed 0, which TensorFlow.js treats as no seed. */
export const repairSeedZero: LayerRepair = ({ patch }) => {
  for (const name of INITIALIZERS) {
    patch(name, "apply", (original) =>
      function (this: { seed: unknown }, ...args: unknown[]) {
        const { seed } = this;
        this.seed = seedOf(seed);
        try {
          return original.apply(this, args);
        } finally {
          this.seed = seed;
        }
      });
  }
};

/**
 * Repairs orthogonal kernels, the default of recurrent layers. TensorFlow.js takes 38 s for an LSTM
 * of 1024 units, and warns on the console about each kernel of more than 2000 entries. Here
 * {@linkcode orthonormalColumns} computes them from the same normal numbers.
 */
export const repairOrthogonal: LayerRepair = ({ tf, patch }) => {
  patch(
    "Orthogonal",
    "apply",
    () =>
      function (this: { gain: number; seed: unknown }, shape: number[]) {
        if (shape.length < 2) {
          throw new InputError(
            refusal`An orthogonal kernel has the rank ${shape.length}, expected 2 axes or more`,
          );
        }
        return tf.tidy(() => {
          const columns = shape[shape.length - 1];
          const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
          const tall: [number, number] = [Math.max(rows, columns), Math.min(rows, columns)];
          const seed = seedOf(this.seed) as number | undefined;
          const normals = tf.randomNormal<Rank.R2>(tall, 0, 1, "float32", seed);
          const own = orthonormalColumns(tf, normals);
          return tf.mul(tf.reshape(rows < columns ? tf.transpose(own) : own, shape), this.gain);
        });
      },
  );
};

interface Input {
  shape: readonly unknown[];
}

/**
 * Repairs Flatten for flat input, which TensorFlow.js rejects. Here it passes its input on, as in
 * Keras.
 */
export const repairFlatten: LayerRepair = ({ patch }) => {
  patch(
    "Flatten",
    "assertInputCompatibility",
    (original) =>
      function (this: unknown, inputs: Input | Input[]) {
        const isFlat = [inputs].flat().every(({ shape }) => shape.length === 2);
        if (!isFlat) original.call(this, inputs);
      },
  );
};
