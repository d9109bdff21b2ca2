import { InputError, refusal } from "../../ground/words/input_error.ts";
import { seedOf } from "../seed_zero.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  type LayerActivation,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
} from "./layer_repair.ts";
import type { Rank, Tensor2D } from "@tensorflow/tfjs";

/** Number of columns orthogonalised at once; the rest are updated by matrix products. */
const PANEL = 32;

/**
 * Returns the matrix Q of the QR decomposition whose R has a positive diagonal: orthonormal columns
 * with the same span as those of `x`. The columns of a matrix of normal numbers become uniformly
 * distributed (Stewart 1980).
 *
 * Uses Householder reflections, 32 per matrix product (Schreiber and Van Loan 1989), so that nearly
 * all of the work is `matMul`. Within a panel they are computed in float64. TensorFlow.js's own QR
 * takes about ten operations per reflection: 38 s for the recurrent kernel of an LSTM of 1024
 * units, against 1.2 s of processor time here (4096 rows of 1024; 2-core Xeon, Deno 2.9.6, one
 * thread).
 *
 * @param tf The TensorFlow.js to compute with.
 * @param x Matrix with at least as many rows as columns.
 */
export function orthonormalColumns(tf: TensorFlow, x: Tensor2D): Tensor2D {
  const [rows, columns] = x.shape;
  const panels: { v: Tensor2D; t: Tensor2D; signs: number[] }[] = [];
  // Part of the matrix not yet reduced by reflections.
  let rest = x.clone();
  for (let start = 0; start < columns; start += PANEL) {
    const height = rows - start;
    const width = Math.min(PANEL, columns - start);
    // No tidy(): it would look for tensors in each entry that its function returns.
    const reduced = tf.slice(rest, [0, 0], [height, width]);
    const values = reduced.dataSync();
    reduced.dispose();
    const { vectors, factor, signs } = reflect(values, height, width);
    const panel = {
      v: tf.tensor2d(vectors, [height, width]),
      t: tf.tensor2d(factor, [width, width]),
      signs,
    };
    panels.push(panel);
    if (width === columns - start) break;
    const before = rest;
    rest = tf.tidy(() => {
      const others = tf.slice(before, [0, width]);
      return tf.slice(applied(tf, panel.v, tf.transpose(panel.t), others), [width, 0]);
    });
    before.dispose();
  }
  rest.dispose();
  let q: Tensor2D | null = null;
  for (const { v, t, signs } of panels.reverse()) {
    const inner: Tensor2D | null = q;
    q = tf.tidy((): Tensor2D => {
      const width = signs.length;
      const right = inner === null ? 0 : inner.shape[1];
      const corner = tf.pad(tf.diag(tf.tensor1d(signs)), [[0, v.shape[0] - width], [0, right]]);
      const outer: Tensor = inner === null
        ? corner
        : tf.add(corner, tf.pad(inner, [[width, 0], [width, 0]]));
      return applied(tf, v, t, outer as Tensor2D);
    });
    tf.dispose([v, t]);
    inner?.dispose();
  }
  return q!;
}

/** Returns `(I - v t vT) x`. */
function applied(tf: TensorFlow, v: Tensor2D, t: Tensor2D, x: Tensor2D): Tensor2D {
  return tf.sub(x, tf.matMul(v, tf.matMul(t, tf.matMul(v, x, true))));
}

/** Reflections that make a matrix triangular: their product is `I - vectors factor vectorsT`. */
interface Reflections {
  /** Vectors of the reflections, one per column. */
  vectors: Float32Array;
  /** Upper triangular matrix. */
  factor: Float32Array;
  /** Signs of the triangular matrix's diagonal. */
  signs: number[];
}

/** Computes the reflections of a matrix of few columns. */
function reflect(values: ArrayLike<number>, rows: number, columns: number): Reflections {
  // Columns are stored separately, so that the inner loops run along memory.
  const own = Array.from({ length: columns }, (_, j) => {
    const column = new Float64Array(rows);
    for (let i = 0; i < rows; i++) column[i] = values[i * columns + j];
    return column;
  });
  const factor = new Float64Array(columns * columns);
  const signs: number[] = [];
  const scales: number[] = [];
  for (let j = 0; j < columns; j++) {
    const column = own[j];
    const norm = Math.sqrt(dot(column, column, j));
    // The sign avoids cancellation.
    const diagonal = column[j] > 0 ? -norm : norm;
    signs.push(diagonal < 0 ? -1 : 1);
    column[j] -= diagonal;
    const square = dot(column, column, j);
    // A column of zeros stays unchanged.
    scales.push(square === 0 ? 0 : 2 / square);
    for (let k = j + 1; k < columns; k++) {
      const along = scales[j] * dot(column, own[k], j);
      for (let i = j; i < rows; i++) own[k][i] -= along * column[i];
    }
    // Clears the entries of the triangular matrix above a vector, which are not needed.
    column.fill(0, 0, j);
  }
  for (let j = 0; j < columns; j++) {
    factor[j * columns + j] = scales[j];
    const products = own.slice(0, j).map((column) => dot(column, own[j], j));
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let k = i; k < j; k++) sum += factor[i * columns + k] * products[k];
      factor[i * columns + j] = -scales[j] * sum;
    }
  }
  const vectors = new Float32Array(rows * columns);
  own.forEach((column, j) => {
    for (let i = j; i < rows; i++) vectors[i * columns + j] = column[i];
  });
  return { vectors, factor: Float32Array.from(factor), signs };
}

/** Returns the dot product of two vectors, starting at a given entry. */
function dot(a: Float64Array, b: Float64Array, from: number): number {
  let sum = 0;
  for (let i = from; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

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
