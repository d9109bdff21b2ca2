import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";

type Make = (...shape: number[]) => Tensor;

const ATTRIBUTES = {
  cell: { kind: "simple", activation: "linear", gate: "linear", after: false },
  isWatched: false,
};

const inputs = (x: Tensor, tf: TensorFlow) => {
  const one = () => tf.ones([1, 1]);
  return { x, kernel: one(), recurrentKernel: one(), h0: one() };
};

const first = (tf: TensorFlow, name: string, given: Record<string, Tensor>) =>
  (tf.engine().runKernel(name, given as never, ATTRIBUTES as never) as unknown as Tensor[])[0];

/** Calls of the kernels of a recurrent layer in which the first entry matters. */
export const RECURRENT_CASES = {
  RecurrentSequence: {
    run: (tf: TensorFlow, x: Make) => first(tf, "RecurrentSequence", inputs(x(1, 1, 1), tf)),
  },
  RecurrentSequenceGradient: {
    run(tf: TensorFlow, x: Make) {
      const known = tf.ones([1, 1, 1]);
      const kept = { z: known, a: known, h: known, state: known, active: known };
      return first(tf, "RecurrentSequenceGradient", {
        ...inputs(known, tf),
        ...kept,
        dh: x(1, 1, 1),
      });
    },
  },
};
