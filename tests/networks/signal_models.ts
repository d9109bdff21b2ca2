import type { Tensor } from "../../src/engine/tensorflow.ts";
import { registerLayer } from "../../src/ground/traits/layer_traits.ts";
import { image, IMAGE_MODELS, norm, pooled, relu } from "./image_models.ts";
import { CCE, type Kit, MSE, type SignalModel, type Symbolic } from "./signal_kit.ts";

/** Healthy networks as they are commonly built, small. */
export const HEALTHY: Record<string, SignalModel> = {
  ...IMAGE_MODELS,
  autoencoder: {
    objective: MSE,
    build(kit) {
      const x = kit.tf.input({ shape: [64] });
      let y = x;
      for (const units of [128, 64, 16, 64, 128]) y = kit.on(kit.dense(units, "relu"), y);
      return kit.tf.model({ inputs: x, outputs: kit.on(kit.dense(64), y) });
    },
  },
  batchnorm_mlp: {
    objective: CCE,
    build(kit) {
      const x = kit.tf.input({ shape: [32] });
      let y: Symbolic = x;
      for (let layer = 0; layer < 6; layer++) y = relu(kit, norm(kit, kit.on(kit.dense(96), y)));
      return kit.tf.model({ inputs: x, outputs: kit.on(kit.dense(10, "softmax"), y) });
    },
  },
  layernorm_mlp: {
    objective: CCE,
    build(kit) {
      const x = kit.tf.input({ shape: [32] });
      let y: Symbolic = x;
      for (let layer = 0; layer < 5; layer++) {
        y = kit.on(kit.tf.layers.layerNormalization({}), kit.on(kit.dense(96, "tanh"), y));
      }
      return kit.tf.model({ inputs: x, outputs: kit.on(kit.dense(10, "softmax"), y) });
    },
  },
  residual_mlp: {
    objective: MSE,
    build(kit) {
      const x = kit.tf.input({ shape: [32] });
      let y = kit.on(kit.dense(96, "relu", "heNormal"), x);
      for (let block = 0; block < 4; block++) {
        const branch = kit.on(kit.dense(96), kit.on(kit.dense(96, "relu", "heNormal"), y));
        y = kit.on(kit.tf.layers.add(), [y, branch] as never);
      }
      return kit.tf.model({ inputs: x, outputs: kit.on(kit.dense(1), y) });
    },
  },
  simple_rnn: recurrent("simpleRNN"),
  gru: recurrent("gru"),
  lstm: recurrent("lstm"),
  stacked_lstm: {
    objective: MSE,
    build(kit) {
      const x = kit.tf.input({ shape: [12, 8] });
      const y = kit.on(cell(kit, "lstm", { units: 48, returnSequences: true }), x);
      const z = kit.on(cell(kit, "lstm", { units: 48 }), y);
      return kit.tf.model({ inputs: x, outputs: kit.on(kit.dense(1), z) });
    },
  },
  bidirectional: {
    objective: CCE,
    build(kit) {
      const { tf, on } = kit;
      const x = tf.input({ shape: [10] });
      const table = tf.layers.embedding({
        inputDim: 50,
        outputDim: 24,
        embeddingsInitializer: kit.init("randomNormal"),
      });
      const layer = cell(kit, "lstm", { units: 32 });
      const both = tf.layers.bidirectional({ layer: layer as never, mergeMode: "concat" });
      const y = on(kit.dense(64, "relu"), on(both, on(table, x)));
      return tf.model({ inputs: x, outputs: on(kit.dense(4, "softmax"), y) });
    },
  },
  siamese: {
    objective: MSE,
    build(kit) {
      const { tf, on } = kit;
      const inputs = [tf.input({ shape: [32] }), tf.input({ shape: [32] })];
      const layers = [kit.dense(64, "relu"), kit.dense(64, "relu")];
      const [left, right] = inputs.map((x) => layers.reduce((y, layer) => on(layer, y), x));
      const y = on(kit.dense(64, "relu"), on(tf.layers.concatenate(), [left, right] as never));
      return tf.model({ inputs, outputs: on(kit.dense(1), y) });
    },
  },
  wide_and_deep: {
    objective: MSE,
    build(kit) {
      const { tf, on } = kit;
      const x = tf.input({ shape: [32] });
      const deep = on(kit.dense(64, "relu"), on(kit.dense(64, "relu"), x));
      const y = on(kit.dense(64, "relu"), on(tf.layers.concatenate(), [x, deep] as never));
      return tf.model({ inputs: x, outputs: on(kit.dense(1), y) });
    },
  },
  transformer: {
    objective: CCE,
    build(kit) {
      const { tf, on } = kit;
      const x = tf.input({ shape: [12, 32] });
      let y: Symbolic = x;
      for (let block = 0; block < 2; block++) {
        const attended = on(attention(kit), on(tf.layers.layerNormalization({}), y));
        y = on(tf.layers.add(), [y, attended] as never);
        const raised = on(kit.dense(128, "relu"), on(tf.layers.layerNormalization({}), y));
        y = on(tf.layers.add(), [y, on(kit.dense(32), raised)] as never);
      }
      const pooled = on(tf.layers.globalAveragePooling1d({}), y);
      return tf.model({ inputs: x, outputs: on(kit.dense(4, "softmax"), pooled) });
    },
  },
  squeeze_excite: image((kit, x) => {
    const { tf, on } = kit;
    const y = on(kit.conv(16, 3, { activation: "relu", kernel: "heNormal" }), x);
    const gate = on(kit.dense(16, "sigmoid"), on(kit.dense(8, "relu"), pooled(kit, y)));
    const wide = on(tf.layers.reshape({ targetShape: [1, 1, 16] }), gate);
    const scaled = on(tf.layers.multiply(), [y, wide] as never);
    return pooled(kit, on(kit.conv(32, 3, { activation: "relu", kernel: "heNormal" }), scaled));
  }),
};

function cell({ tf, init }: Kit, kind: string, options: object): { apply(x: unknown): unknown } {
  return (tf.layers as unknown as Record<string, (options: object) => never>)[kind]({
    kernelInitializer: init(),
    recurrentInitializer: init("orthogonal"),
    ...options,
  });
}

function recurrent(kind: string): SignalModel {
  return {
    objective: MSE,
    build(kit) {
      const x = kit.tf.input({ shape: [12, 16] });
      const y = kit.on(cell(kit, kind, { units: 64 }), x);
      return kit.tf.model({ inputs: x, outputs: kit.on(kit.dense(1), y) });
    },
  };
}

/**
 * Self-attention of one head as a custom layer, registered with what it does to signals: the values of all
 * steps, averaged by weights that are near 1 / steps at the start.
 */
function attention({ tf, init }: Kit): { apply(x: unknown): unknown } {
  class SelfAttention extends tf.layers.Layer {
    static className = "SelfAttention";
    override build([, , units]: number[]): void {
      for (const name of ["query", "key", "value", "output"]) {
        this.addWeight(`${name}_kernel`, [units, units], "float32", init());
      }
    }
    override computeOutputShape(shape: number[]): number[] {
      return shape;
    }
    override call(inputs: Tensor | Tensor[]): Tensor {
      const x = [inputs].flat()[0];
      const [query, key, value, output] = this.weights.map((weight) => weight.read());
      return tf.tidy(() => {
        const by = (kernel: Tensor, of = x) =>
          tf.reshape(tf.matMul(tf.reshape(of, [-1, x.shape[2]!]), kernel as never), x.shape);
        const logits = tf.mul(tf.matMul(by(query), by(key), false, true), x.shape[2]! ** -0.5);
        return by(output, tf.matMul(tf.softmax(logits), by(value)) as Tensor);
      });
    }
  }
  registerLayer("SelfAttention", {
    kind: "opaque",
    moments: ([{ meanSquare, mean, shape }], weights) => {
      const [value, output] = weights.slice(2).map((kernel) => kernel.shape[0] * kernel.meanSquare);
      // Independent steps: a mean over them has a share of what is not common to all.
      const share = mean ** 2 + (meanSquare - mean ** 2) * 2 / shape[1];
      const factor = value * output;
      return {
        output: { meanSquare: factor * share, mean: 0 },
        // The signals of the steps add up if they are equal, as under a pool: nobody knows.
        gradients: null,
      };
    },
  });
  return new SelfAttention({});
}
