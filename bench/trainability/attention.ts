import type * as tfjs from "@tensorflow/tfjs";
import type { Layer, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { registerLayer } from "../../src/ground/traits/mod.ts";

/** Layers that a program with attention brings along, since TensorFlow.js has none. */
export interface AttentionLayers {
  /** softmax(q k' / root d) v, of three inputs; without weights, and declared to this project. */
  attend(name: string): Layer;
  /** The whole of it in one layer with four weights, of which this project was told nothing. */
  selfAttention(name: string, initializer: string): Layer;
  /** Adds a learned vector for each place of the sequence. */
  addPositions(name: string): Layer;
}

type Inputs = Tensor | Tensor[];

/** Each step of a sequence times a matrix. */
function project(tf: TensorFlow, x: Tensor, weight: Tensor): Tensor {
  const [batch, steps, width] = x.shape;
  return tf.reshape(tf.matMul(tf.reshape(x, [batch * steps, width]), weight), [
    batch,
    steps,
    weight.shape[1]!,
  ]);
}

function attention(tf: TensorFlow, query: Tensor, key: Tensor, value: Tensor): Tensor {
  const scale = 1 / Math.sqrt(query.shape.at(-1)!);
  const logits = tf.mul(tf.matMul(query, key, false, true), scale);
  return tf.matMul(tf.softmax(logits), value);
}

/** The layers, as classes of a running TensorFlow.js. */
export function attentionLayers(tf: TensorFlow): AttentionLayers {
  registerLayer("Attend", { kind: "merge" });
  registerLayer("AddPositions", { kind: "passesOn" });

  class Attend extends tf.layers.Layer {
    static readonly className = "Attend";
    override computeOutputShape(shapes: tfjs.Shape | tfjs.Shape[]) {
      return (shapes as tfjs.Shape[])[2];
    }
    override call(inputs: Inputs) {
      const [query, key, value] = inputs as Tensor[];
      return tf.tidy(() => attention(tf, query, key, value));
    }
  }

  class SelfAttention extends tf.layers.Layer {
    static readonly className = "SelfAttention";
    readonly #initializer: string;
    #kernels: ReturnType<Layer["addWeight"]>[] = [];
    constructor(name: string, initializer: string) {
      super({ name });
      this.#initializer = initializer;
    }
    override build(shape: tfjs.Shape | tfjs.Shape[]) {
      const width = (shape as tfjs.Shape).at(-1)!;
      const initializer = tf.initializers[this.#initializer as "zeros"]();
      this.#kernels = ["query", "key", "value", "output"].map((what) =>
        this.addWeight(`${what}_kernel`, [width, width], "float32", initializer)
      );
      this.built = true;
    }
    override computeOutputShape(shape: tfjs.Shape | tfjs.Shape[]) {
      return shape;
    }
    override call(inputs: Inputs) {
      const [x] = [inputs].flat();
      return tf.tidy(() => {
        const [query, key, value, output] = this.#kernels.map((kernel) => kernel.read());
        const of = (kernel: Tensor) => project(tf, x, kernel);
        return project(tf, attention(tf, of(query), of(key), of(value)), output);
      });
    }
  }

  class AddPositions extends tf.layers.Layer {
    static readonly className = "AddPositions";
    #positions: ReturnType<Layer["addWeight"]> | null = null;
    override build(shape: tfjs.Shape | tfjs.Shape[]) {
      const [, steps, width] = shape as number[];
      const initializer = tf.initializers.randomNormal({ stddev: 0.1 });
      this.#positions = this.addWeight("positions", [steps, width], "float32", initializer);
      this.built = true;
    }
    override computeOutputShape(shape: tfjs.Shape | tfjs.Shape[]) {
      return shape;
    }
    override call(inputs: Inputs) {
      const [x] = [inputs].flat();
      return tf.tidy(() => tf.add(x, this.#positions!.read()));
    }
  }

  return {
    attend: (name) => new Attend({ name }),
    selfAttention: (name, initializer) => new SelfAttention(name, initializer),
    addPositions: (name) => new AddPositions({ name }),
  };
}
