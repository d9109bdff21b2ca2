import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";

type Formula = (tf: TensorFlow, x: Tensor) => Tensor;

/** Returns 1 for entries beyond 0.5 on either side, else 0. */
const beyond: Formula = (tf, x) => tf.cast(tf.greater(tf.abs(x), 0.5), "float32");

const hardSigmoid: Formula = (tf, x) => tf.div(tf.relu6(tf.add(x, 3)), 6);

/**
 * Keras's sparsemax (Martins and Astudillo 2016): relu(x - tau), where tau depends on the k largest
 * entries that count. The projection on the simplex has (their sum - 1) / k. Keras up to 3.15.1
 * adds up the running sums of those entries instead, on each of its backends, so that rows of
 * several entries do not add up to 1. Keras models compute that, and so does this: the entry of
 * rank r from 0 counts k - r times.
 */
const sparsemax: Formula = (tf, x) => {
  const project = tf.customGrad((given, save) => {
    const logits = given as Tensor;
    const width = logits.shape[logits.rank - 1];
    const { values, indices } = tf.topk(logits, width);
    const excess = tf.sub(tf.cumsum(values, -1), 1);
    const counts = tf.greater(tf.mul(values, tf.range(1, width + 1)), excess);
    const support = tf.sum(tf.cast(counts, "float32"), -1, true);
    // Sorting the indices gives the ranks of the entries.
    const ranks = tf.topk(tf.neg(tf.cast(indices, "float32")), width).indices;
    const shares = tf.div(tf.relu(tf.sub(support, tf.cast(ranks, "float32"))), support);
    const tau = tf.sub(tf.sum(tf.mul(logits, shares), -1, true), tf.div(1, support));
    const value = tf.relu(tf.sub(logits, tau));
    (save as (tensors: Tensor[]) => void)([value, shares]);
    return {
      value,
      gradFunc(dy: Tensor, [y, shares]: Tensor[]) {
        const own = tf.mul(dy, tf.cast(tf.greater(y, 0), "float32"));
        return tf.sub(own, tf.mul(tf.sum(own, -1, true), shares)) as Tensor;
      },
    };
  });
  return project(x);
};

/** Keras activations that TensorFlow.js lacks, as in `ground/traits/activation_traits.ts`. */
const FORMULAS: Readonly<Record<string, Formula>> = {
  celu: (tf, x) => tf.elu(x),
  exponential: (tf, x) => tf.exp(x),
  glu: (tf, x) => {
    const [a, b] = tf.split(x, 2, -1);
    return tf.mul(a, tf.sigmoid(b));
  },
  hardShrink: (tf, x) => tf.mul(x, beyond(tf, x)),
  hardSigmoid6: hardSigmoid,
  hardSilu: (tf, x) => tf.mul(x, hardSigmoid(tf, x)),
  hardTanh: (tf, x) => tf.clipByValue(x, -1, 1),
  logSigmoid: (tf, x) => tf.neg(tf.softplus(tf.neg(x))),
  softShrink: (tf, x) => tf.sub(x, tf.clipByValue(x, -0.5, 0.5)),
  sparsemax,
  sparsePlus: (tf, x) => {
    const middle = tf.clipByValue(x, -1, 1);
    return tf.add(tf.div(tf.square(tf.add(middle, 1)), 4), tf.relu(tf.sub(x, 1)));
  },
  sparseSigmoid: (tf, x) => tf.clipByValue(tf.mul(tf.add(x, 1), 0.5), 0, 1),
  squareplus: (tf, x) => tf.mul(tf.add(x, tf.sqrt(tf.add(tf.square(x), 4))), 0.5),
  tanhShrink: (tf, x) => tf.sub(x, tf.tanh(x)),
};

/**
 * Registers the Keras activations that TensorFlow.js lacks, so that layers find them by name; one
 * that a program has registered under the same name stays. `leakyRelu` has a slope, `alpha`, of 0.2
 * by default, and is called `leakyRelu(0.2)`.
 */
export function registerActivations(tf: TensorFlow): void {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  for (const [name, formula] of Object.entries(FORMULAS)) {
    if (Object.hasOwn(classNameMap, name)) continue;
    tf.serialization.registerClass(
      class extends tf.serialization.Serializable {
        static className = name;

        apply(x: Tensor): Tensor {
          return tf.tidy(() => formula(tf, x));
        }

        getConfig() {
          return {};
        }
      },
    );
  }
  if (Object.hasOwn(classNameMap, "leakyRelu")) return;
  tf.serialization.registerClass(
    class extends tf.serialization.Serializable {
      static className = "leakyRelu";
      readonly #alpha: number;

      constructor({ alpha = 0.2 }: { alpha?: number } = {}) {
        super();
        this.#alpha = alpha;
      }

      apply(x: Tensor): Tensor {
        return tf.leakyRelu(x, this.#alpha);
      }

      override getClassName(): string {
        return `leakyRelu(${this.#alpha})`;
      }

      getConfig() {
        return { alpha: this.#alpha };
      }
    },
  );
}
