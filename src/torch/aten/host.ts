import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { type Dtype, floats, requireInt32 } from "./dtypes.ts";

/** Differentiable function of one number. */
export interface Curve {
  value(x: number): number;
  /** Derivative at x, where the value is y. */
  slope(x: number, y: number): number;
}

/** Applies a function to each entry, in float64. For ops that TensorFlow.js lacks. */
export function applyCurve(tf: TensorFlow, input: Tensor, { value, slope }: Curve): Tensor {
  const map = (x: Tensor, change: (x: number, i: number) => number) =>
    tf.tensor(Float32Array.from(x.dataSync(), change), x.shape);
  const compute = tf.customGrad((given, save) => {
    const x = given as Tensor;
    const y = map(x, (x) => value(x));
    (save as unknown as (tensors: Tensor[]) => void)([x, y]);
    return {
      value: y,
      gradFunc: (dy: Tensor, [x, y]: Tensor[]) => {
        const values = y.dataSync();
        return tf.mul(dy, map(x, (x, i) => slope(x, values[i])));
      },
    };
  });
  return compute(floats(tf, input)) as Tensor;
}

/**
 * Combines the entries of two tensors, which broadcast. The result has no gradient.
 *
 * @throws {InputError} If an integer does not fit 32 bits.
 */
export function combine(
  tf: TensorFlow,
  [a, b]: readonly Tensor[],
  dtype: Dtype,
  value: (a: number, b: number) => number,
): Tensor {
  const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
  const left = tf.broadcastTo(a, shape).dataSync();
  const right = tf.broadcastTo(b, shape).dataSync();
  const entries = Array.from(left, (x, i) => value(x, right[i]));
  if (dtype === "int32") entries.forEach((entry) => requireInt32(entry, dtype));
  return tf.tensor(entries, shape, dtype);
}

/** Function of tensors with its gradients. */
interface Differentiable {
  forward(...inputs: Tensor[]): Tensor;
  /** Computes the gradient of each input, from that of the output, the inputs and the output. */
  backward: ((dy: Tensor, inputs: Tensor[], output: Tensor) => Tensor)[];
}

/**
 * Runs a function with custom gradients. All inputs must be floats. The gradients may only use the
 * tensors that they are called with: others are gone by then.
 */
export function differentiate(
  tf: TensorFlow,
  inputs: readonly Tensor[],
  { forward, backward }: Differentiable,
): Tensor {
  const compute = tf.customGrad((...args) => {
    const save = args.pop() as unknown as (tensors: Tensor[]) => void;
    const given = args as Tensor[];
    const value = forward(...given);
    save([...given, value]);
    return {
      value,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        backward.map((one) => one(dy, saved.slice(0, -1), saved.at(-1)!)),
    };
  });
  return compute(...inputs) as Tensor;
}
