import type { Tensor, TensorFlow } from "../../../engine/tensorflow.ts";
import { broadcastShape, type Operation, withoutGradient } from "./operation.ts";

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
export const ELEMENTWISE: Readonly<Record<string, Operation>> = {
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
