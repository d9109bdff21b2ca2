import type * as tfjs from "@tensorflow/tfjs";
import type { Layer, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

type Inputs = Tensor | Tensor[];
type Shapes = tfjs.Shape | tfjs.Shape[];

/** A weight that a custom layer adds: how it is drawn, 0 for zeros, and what shape it has for an input. */
export interface Drawn {
  name: string;
  std: number;
  shape(width: number): number[];
}

/** Layers that a program brings along, of which this project was told nothing. */
export interface CustomLayers {
  /** softmax(q k' / root d) v over the steps of a sequence, each kernel with a deviation of its own. */
  attention(name: string, stds: { query: number; key: number; value: number }): Layer;
  /** x times a matrix, then times gamma plus beta; the other weights are not used. */
  mixer(name: string, weights: readonly Drawn[]): Layer;
  /** Logits by the very table that an embedding looks words up in. */
  tiedHead(name: string, embedding: Layer): Layer;
}

/** Each step of a sequence times a matrix. */
function project(tf: TensorFlow, x: Tensor, weight: Tensor): Tensor {
  const rows = x.size / x.shape.at(-1)!;
  return tf.reshape(tf.matMul(tf.reshape(x, [rows, x.shape.at(-1)!]), weight), [
    ...x.shape.slice(0, -1),
    weight.shape[1]!,
  ]);
}

/** The layers, as classes of a running TensorFlow.js. */
export function customLayers(tf: TensorFlow): CustomLayers {
  const drawn = (std: number, seed: number) =>
    std === 0 ? tf.initializers.zeros() : tf.initializers.randomNormal({ stddev: std, seed });

  class WeightedAttention extends tf.layers.Layer {
    static readonly className = "WeightedAttention";
    #kernels: ReturnType<Layer["addWeight"]>[] = [];
    constructor(name: string, readonly stds: { query: number; key: number; value: number }) {
      super({ name });
    }
    override build(shape: Shapes) {
      const width = (shape as tfjs.Shape).at(-1)!;
      this.#kernels = Object.entries(this.stds).map(([what, std], i) =>
        this.addWeight(`${what}_kernel`, [width, width], "float32", drawn(std, i + 1))
      );
      this.built = true;
    }
    override computeOutputShape(shape: Shapes) {
      return shape;
    }
    override call(inputs: Inputs) {
      const [x] = [inputs].flat();
      return tf.tidy(() => {
        const [query, key, value] = this.#kernels.map((kernel) => project(tf, x, kernel.read()));
        const logits = tf.mul(
          tf.matMul(query, key, false, true),
          1 / Math.sqrt(x.shape.at(-1)!),
        );
        return tf.matMul(tf.softmax(logits), value);
      });
    }
  }

  class Mixer extends tf.layers.Layer {
    static readonly className = "Mixer";
    #weights: ReturnType<Layer["addWeight"]>[] = [];
    constructor(name: string, readonly drawn: readonly Drawn[]) {
      super({ name });
    }
    override build(shape: Shapes) {
      const width = (shape as tfjs.Shape).at(-1)!;
      // Each mixer draws its own weights: `mixer_2` from seed 21 on.
      const first = 10 * Number(/\d*$/.exec(this.name)![0]) + 1;
      this.#weights = this.drawn.map(({ name, std, shape }, i) =>
        this.addWeight(name, shape(width), "float32", drawn(std, first + i))
      );
      this.built = true;
    }
    override computeOutputShape(shape: Shapes) {
      return shape;
    }
    override call(inputs: Inputs) {
      const [x] = [inputs].flat();
      return tf.tidy(() => {
        const [kernel, ...others] = this.#weights.map((weight) => weight.read());
        // The others take part without changing anything but a little.
        return others.reduce(
          (sum: Tensor, other) => tf.add(sum, tf.mul(tf.mean(other), 1e-3)),
          project(tf, x, kernel),
        );
      });
    }
  }

  class TiedHead extends tf.layers.Layer {
    static readonly className = "TiedHead";
    constructor(name: string, readonly embedding: Layer) {
      super({ name });
    }
    override computeOutputShape(shape: Shapes) {
      const rows = this.embedding.weights[0].shape[0]!;
      return [...(shape as tfjs.Shape).slice(0, -1), rows];
    }
    override call(inputs: Inputs) {
      const [x] = [inputs].flat();
      return tf.tidy(() => project(tf, x, tf.transpose(this.embedding.weights[0].read())));
    }
  }

  return {
    attention: (name, stds) => new WeightedAttention(name, stds),
    mixer: (name, weights) => new Mixer(name, weights),
    tiedHead: (name, embedding) => new TiedHead(name, embedding),
  };
}
