import type { Tensor, TensorFlow } from "../../../engine/tensorflow.ts";
import { operationClass } from "../../../ground/traits/operation_traits.ts";
import { InputError, refusal } from "../../../ground/words/input_error.ts";
import {
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  type OpenShape,
} from "../../../engine/keras_layer.ts";
import {
  broadcastShape,
  innerAxes,
  innerAxis,
  type Operation,
  type OperationSettings,
  showOpen,
  withoutGradient,
} from "./operation.ts";
import { REARRANGEMENTS } from "./rearrangements.ts";
import type * as tfjs from "@tensorflow/tfjs";

type Reduction = (tf: TensorFlow, x: Tensor, axes: number[], settings: OperationSettings) => Tensor;

/**
 * Defines an operation that leaves one entry of each axis that it works along, or removes the axis.
 */
function reduction(run: Reduction): Operation {
  return {
    shape([shape], { axis, keepdims }) {
      const axes = innerAxes(axis, shape);
      if (keepdims === true) return shape.map((size, i) => axes.includes(i) ? 1 : size);
      return shape.filter((_, i) => !axes.includes(i));
    },
    run(tf, [x], settings) {
      const axes = innerAxes(settings.axis, x.shape);
      const kept = run(tf, x, axes, settings);
      if (settings.keepdims === true) return kept;
      return tf.reshape(kept, x.shape.filter((_, i) => !axes.includes(i)));
    },
  };
}

/** Defines an operation along axes that keeps the shape. */
function along(run: Reduction): Operation {
  return {
    shape([shape], { axis }) {
      innerAxes(axis, shape);
      return shape;
    },
    run: (tf, [x], settings) => run(tf, x, innerAxes(settings.axis, x.shape), settings),
  };
}

/**
 * Returns the largest entry. Equal maxima share its gradient, as in Keras; TensorFlow.js sends each
 * of them all of it.
 */
function largest(tf: TensorFlow, x: Tensor, axes: number[]): Tensor {
  const operation = tf.customGrad((given, save) => {
    const own = given as Tensor;
    const value = tf.max(own, axes, true);
    (save as (tensors: Tensor[]) => void)([own, value]);
    const gradFunc = (dy: Tensor, [input, most]: Tensor[]) => {
      const isMost = tf.cast(tf.equal(input, most), "float32");
      return tf.mul(isMost, tf.div(dy, tf.sum(isMost, axes, true)));
    };
    return { value, gradFunc };
  });
  return operation(x);
}

const mean: Reduction = (tf, x, axes) => tf.mean(x, axes, true);
const variance = (tf: TensorFlow, x: Tensor, axes: number[]) => tf.moments(x, axes, true).variance;

/** Returns the norm of vectors: l2 by default, l1, or the largest entry. */
function norm(tf: TensorFlow, x: Tensor, axes: number[], order: unknown): Tensor {
  if (order === 1) return tf.sum(tf.abs(x), axes, true);
  if (order === Infinity) return largest(tf, tf.abs(x), axes);
  return tf.sqrt(tf.sum(tf.square(x), axes, true));
}

/** Keras's default epsilon. */
const EPSILON = 1e-7;

const ALONG_AXES: Readonly<Record<string, Operation>> = {
  All: reduction((tf, x, axes) =>
    withoutGradient(tf, [x], (own) => tf.all(tf.notEqual(own, 0), axes, true))
  ),
  Any: reduction((tf, x, axes) =>
    withoutGradient(tf, [x], (own) => tf.any(tf.notEqual(own, 0), axes, true))
  ),
  Average: reduction(mean),
  Cumsum: along((tf, x, axes) => tf.cumsum(x, axes[0])),
  LogSoftmax: along((tf, x, axes) => tf.sub(x, tf.logSumExp(x, axes, true))),
  Logsumexp: reduction((tf, x, axes) => tf.logSumExp(x, axes, true)),
  Max: reduction(largest),
  Mean: reduction(mean),
  Min: reduction((tf, x, axes) => tf.neg(largest(tf, tf.neg(x), axes))),
  Norm: reduction((tf, x, axes, { ord }) => norm(tf, x, axes, ord)),
  Normalize: {
    shape([shape], { axis }) {
      innerAxis(axis, shape);
      return shape;
    },
    run(tf, [x], { axis, order, epsilon }) {
      const axes = innerAxes(axis, x.shape);
      const least = (epsilon ?? EPSILON) as number;
      if (order === 2) {
        const inverse = tf.rsqrt(tf.sum(tf.square(x), axes, true));
        return tf.mul(x, tf.minimum(inverse, 1 / least));
      }
      return tf.div(x, tf.maximum(norm(tf, x, axes, order), least));
    },
  },
  Prod: reduction((tf, x, axes) => axes.reduce((own, axis) => tf.prod(own, axis, true), x)),
  Std: reduction((tf, x, axes) => tf.sqrt(variance(tf, x, axes))),
  Sum: reduction((tf, x, axes) => tf.sum(x, axes, true)),
  Var: reduction(variance),
};

const same: Operation["shape"] = ([shape]) => shape;

function unary(run: (tf: TensorFlow, x: Tensor) => Tensor): Operation {
  return { shape: same, run: (tf, [x]) => run(tf, x) };
}

/** Defines a step function: its gradient is 0 wherever it exists. */
function steps(run: (tf: TensorFlow, x: Tensor) => Tensor): Operation {
  return unary((tf, x) => withoutGradient(tf, [x], (own) => run(tf, own)));
}

function binary(run: (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor): Operation {
  return { shape: broadcastShape, run: (tf, [a, b]) => run(tf, a, b) };
}

/** Defines a comparison: 1 if true, else 0. */
function comparison(run: (tf: TensorFlow, a: Tensor, b: Tensor) => Tensor): Operation {
  return binary((tf, a, b) => withoutGradient(tf, [a, b], (x, y) => run(tf, x, y)));
}

/** Returns a mask of the entries other than 0. */
const asBool = (tf: TensorFlow, x: Tensor): Tensor => tf.notEqual(x, 0);

const absolute = unary((tf, x) => tf.abs(x));
const divide = binary((tf, a, b) => tf.div(a, b));

/** Operations on each entry, or on corresponding entries of two tensors. */
const ELEMENTWISE: Readonly<Record<string, Operation>> = {
  Abs: absolute,
  Absolute: absolute,
  Add: binary((tf, a, b) => tf.add(a, b)),
  Arctan: unary((tf, x) => tf.atan(x)),
  Cast: {
    shape: same,
    run(tf, [x], { dtype }) {
      if (/^u?int/.test(String(dtype))) {
        return withoutGradient(tf, [x], (own) => tf.cast(own, "int32"));
      }
      if (dtype === "bool") return withoutGradient(tf, [x], (own) => asBool(tf, own));
      return x.clone();
    },
  },
  Ceil: steps((tf, x) => tf.ceil(x)),
  Clip: {
    shape: same,
    run: (tf, [x], { xMin, xMax }) => tf.clipByValue(x, xMin as number, xMax as number),
  },
  ConvertToTensor: unary((_tf, x) => x.clone()),
  Cos: unary((tf, x) => tf.cos(x)),
  Divide: divide,
  Equal: comparison((tf, a, b) => tf.equal(a, b)),
  Erf: unary((tf, x) => tf.erf(x)),
  Expm1: unary((tf, x) => tf.expm1(x)),
  Floor: steps((tf, x) => tf.floor(x)),
  Greater: comparison((tf, a, b) => tf.greater(a, b)),
  GreaterEqual: comparison((tf, a, b) => tf.greaterEqual(a, b)),
  Less: comparison((tf, a, b) => tf.less(a, b)),
  LessEqual: comparison((tf, a, b) => tf.lessEqual(a, b)),
  Log: unary((tf, x) => tf.log(x)),
  Log1p: unary((tf, x) => tf.log1p(x)),
  LogicalAnd: comparison((tf, a, b) => tf.logicalAnd(asBool(tf, a), asBool(tf, b))),
  LogicalNot: steps((tf, x) => tf.logicalNot(asBool(tf, x))),
  LogicalOr: comparison((tf, a, b) => tf.logicalOr(asBool(tf, a), asBool(tf, b))),
  Maximum: binary((tf, a, b) => tf.maximum(a, b)),
  Minimum: binary((tf, a, b) => tf.minimum(a, b)),
  Multiply: binary((tf, a, b) => tf.mul(a, b)),
  NotEqual: comparison((tf, a, b) => tf.notEqual(a, b)),
  OnesLike: steps((tf, x) => tf.onesLike(x)),
  Power: binary((tf, a, b) => tf.pow(a, b)),
  Reciprocal: unary((tf, x) => tf.reciprocal(x)),
  Round: steps((tf, x) => tf.round(x)),
  Rsqrt: unary((tf, x) => tf.rsqrt(x)),
  Sign: steps((tf, x) => tf.sign(x)),
  Sin: unary((tf, x) => tf.sin(x)),
  Sqrt: unary((tf, x) => tf.sqrt(x)),
  Square: unary((tf, x) => tf.square(x)),
  StopGradient: steps((_tf, x) => x.clone()),
  Subtract: binary((tf, a, b) => tf.sub(a, b)),
  TrueDivide: divide,
  Where: {
    shape: broadcastShape,
    run(tf, [condition, a, b]) {
      const shape = broadcastShape([condition.shape, a.shape, b.shape]) as number[];
      const where = tf.broadcastTo(asBool(tf, condition), shape);
      return tf.where(where, tf.broadcastTo(a, shape), tf.broadcastTo(b, shape));
    },
  },
  ZerosLike: steps((tf, x) => tf.zerosLike(x)),
};

/** Returns the letters of an Einstein sum: those of each operand, and of the result. */
function lettersOf(subscripts: unknown, shapes: OpenShape[]): [operands: string[], result: string] {
  const text = typeof subscripts === "string" ? subscripts : JSON.stringify(subscripts) ?? "";
  const [left, result] = text.replaceAll(" ", "").split("->");
  const operands = left.split(",");
  const fits = operands.length === shapes.length &&
    operands.every((letters, i) => letters.length === shapes[i].length);
  if (!fits || result === undefined || [...operands, result].some((one) => one[0] !== left[0])) {
    throw new InputError({
      place: "The operation",
      found: `the Einstein sum ${text} of ${shapes.map(showOpen).join(" and ")}`,
      expected: 'a letter for each axis, that of the batch first in all, and "->"',
    });
  }
  return [operands, result];
}

/** Products of matrices and of tensors. */
export const PRODUCTS: Readonly<Record<string, Operation>> = {
  Dot: {
    shape([a, b]) {
      if (b.length !== 2 || a.length < 2) {
        throw new InputError({
          place: "The operation",
          verb: "multiplies",
          found: `${showOpen(a)} by ${showOpen(b)}`,
          expected: "a tensor and a matrix",
          hint: ": use ops.matmul for two tensors",
        });
      }
      return [...a.slice(0, -1), b[1]];
    },
    run: (tf, [a, b]) => {
      const rows = tf.reshape(a, [-1, a.shape.at(-1)!]);
      return tf.reshape(tf.matMul(rows, b), [...a.shape.slice(0, -1), b.shape[1]!]);
    },
  },
  Einsum: {
    shape(shapes, { subscripts }) {
      const [operands, result] = lettersOf(subscripts, shapes);
      const sizes = new Map(
        operands.flatMap((letters, i) => [...letters].map((one, axis) => [one, shapes[i][axis]])),
      );
      return [...result].map((letter) => sizes.get(letter) ?? null);
    },
    run: (tf, operands, { subscripts }) => tf.einsum(String(subscripts), ...operands),
  },
  Matmul: {
    shape([a, b]) {
      const inner = [a.at(-1), b.at(-2)];
      const fits = inner.includes(null) || inner[0] === inner[1];
      if (a.length < 2 || b.length < 2 || !fits) {
        throw new InputError(
          refusal`The operation multiplies ${showOpen(a)} by ${
            showOpen(b)
          }, expected as many columns as rows`,
        );
      }
      const outer = broadcastShape([a.slice(0, -2), b.slice(0, -2)]);
      return [...outer, a.at(-2)!, b.at(-1)!];
    },
    run: (tf, [a, b]) => tf.matMul(a, b),
  },
};

/** An operand: a tensor that the layer is called with, or a constant, as nested arrays. */
type Operand = { tensor: number } | { value: unknown };

/** Arguments of an operation's layer. */
interface OperationArgs extends LayerArgs {
  /** Operands in their order. Default: the tensors that the layer is called with. */
  operands?: readonly Operand[];
  /** Settings of the operation, with Keras's names in camel case: `axis`, `keepdims`. */
  settings?: OperationSettings;
}

/** Every operation by the name of its Keras class. */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  ...ALONG_AXES,
  ...ELEMENTWISE,
  ...PRODUCTS,
  ...REARRANGEMENTS,
};

function shapeOf(value: unknown): number[] {
  return Array.isArray(value) ? [value.length, ...shapeOf(value[0])] : [];
}

/**
 * Creates the layer of a Keras operation (`x[:, 0]`, `ops.mean(x, axis=1)`), which Keras lists
 * among the layers of a functional model. A Keras layer passes masks on; an operation does not.
 */
const createOperation = (name: string): KerasLayerFactory<OperationArgs> =>
  kerasLayer((tf: TensorFlow) => {
    const operation = OPERATIONS[name];
    return class OperationLayer extends tf.layers.Layer {
      static className = operationClass(name);
      readonly operands: readonly Operand[] | null;
      readonly settings: OperationSettings;

      constructor(args: OperationArgs = {}) {
        super(args);
        this.operands = args.operands ?? null;
        this.settings = args.settings ?? {};
      }

      /** Returns tensors and constants in the order of the operands. */
      #ordered<T>(tensors: T[], constant: (value: unknown) => T): T[] {
        return this.operands?.map((one) =>
          "tensor" in one ? tensors[one.tensor] : constant(one.value)
        ) ??
          tensors;
      }

      override computeOutputShape(shapes: tfjs.Shape | tfjs.Shape[]): tfjs.Shape | tfjs.Shape[] {
        const list = (Array.isArray(shapes[0]) ? shapes : [shapes]) as OpenShape[];
        return operation.shape(this.#ordered(list, shapeOf), this.settings);
      }

      override call(inputs: Tensor | Tensor[]): Tensor | Tensor[] {
        return tf.tidy(() => {
          const operands = this.#ordered(
            [inputs].flat(),
            (value) => tf.tensor(value as number[], undefined, "float32"),
          );
          return operation.run(tf, operands, this.settings);
        });
      }

      override getConfig() {
        const own = {
          operands: this.operands as tfjs.serialization.ConfigDictArray | null,
          settings: this.settings as tfjs.serialization.ConfigDict,
        };
        return { ...super.getConfig(), ...own };
      }
    };
  });

/** Factory of each operation's layer. */
export const OPERATION_LAYERS: Readonly<Record<string, KerasLayerFactory<OperationArgs>>> = Object
  .fromEntries(
    Object.keys(OPERATIONS).map((name) => [operationClass(name), createOperation(name)]),
  );
