/**
 * A layer that TensorFlow.js does not have, and what this project is told about it: causal
 * self-attention with several heads. `transformer.ts` is built of it. A saved model that holds one is
 * measured with this module as `--register`:
 *
 *     deno run -A mod.ts report model.json --register examples/self_attention.ts
 */
import type * as tfjs from "@tensorflow/tfjs";
import { registerLayer, type Tensor, type TensorFlow } from "@gradient-health/gradient-health";

interface SelfAttentionConfig {
  name?: string;
  heads: number;
}

// Theory can then say how large the output should be; without it, it would go on from what was measured.
registerLayer("SelfAttention", {
  kind: "opaque",
  moments: ([{ meanSquare, shape }], weights) => {
    // A kernel multiplies the mean square by this; query and key only decide on the shares.
    const gain = ({ shape: [fanIn], meanSquare }: typeof weights[number]) => fanIn * meanSquare;
    const [, , value, output] = weights.map(gain);
    // Shares are about even before training, so that step t puts out the mean of t values.
    const steps = shape[1];
    let share = 0;
    for (let t = 1; t <= steps; t++) share += 1 / t / steps;
    // How gradients add up depends on what the steps have in common, which this rule is not told.
    return {
      output: { meanSquare: meanSquare * share * value * output, mean: 0 },
      gradients: null,
    };
  },
});

/** Makes the class with the TensorFlow.js that runs, and registers it for models that are loaded. */
export function register({ tf }: { tf: TensorFlow }) {
  class SelfAttention extends tf.layers.Layer {
    static readonly className = "SelfAttention";
    readonly #heads: number;
    #kernels: ReturnType<tfjs.layers.Layer["addWeight"]>[] = [];

    constructor({ heads, ...config }: SelfAttentionConfig) {
      super(config);
      this.#heads = heads;
    }

    override build(shape: tfjs.Shape | tfjs.Shape[]) {
      const width = (shape as number[])[2];
      const initializer = tf.initializers.glorotUniform({});
      this.#kernels = ["query", "key", "value", "output"].map((name) =>
        this.addWeight(name, [width, width], "float32", initializer)
      );
      super.build(shape);
    }

    override computeOutputShape(shape: tfjs.Shape | tfjs.Shape[]) {
      return shape;
    }

    override call(inputs: Tensor | Tensor[]) {
      return tf.tidy(() => {
        const [x] = [inputs].flat();
        const [examples, steps, width] = x.shape;
        const [query, key, value, output] = this.#kernels.map((kernel) => kernel.read());
        const rows = (x: Tensor) => tf.reshape(x, [examples * steps, width]);
        // [examples, heads, steps, width of a head]
        const project = (kernel: Tensor) =>
          tf.transpose(
            tf.reshape(tf.matMul(rows(x), kernel), [examples, steps, this.#heads, -1]),
            [0, 2, 1, 3],
          );
        const scale = Math.sqrt(this.#heads / width);
        const scores = tf.mul(tf.matMul(project(query), project(key), false, true), scale);
        // No step sees a later one.
        const step = tf.range(0, steps);
        const later = tf.less(tf.expandDims(step, 1), step);
        const shares = tf.softmax(tf.sub(scores, tf.mul(tf.cast(later, "float32"), 1e9)));
        const seen = tf.transpose(tf.matMul(shares, project(value)), [0, 2, 1, 3]);
        return tf.reshape(tf.matMul(rows(seen), output), [examples, steps, width]);
      });
    }

    override getConfig() {
      return { ...super.getConfig(), heads: this.#heads };
    }
  }
  tf.serialization.registerClass(SelfAttention);
  return SelfAttention;
}
