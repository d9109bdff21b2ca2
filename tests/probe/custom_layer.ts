import type { Layer, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

/** A layer without weights that keeps the shape and computes what it is told. */
export function customLayer(tf: TensorFlow, name: string, compute: (x: Tensor) => Tensor): Layer {
  class Custom extends tf.layers.Layer {
    static readonly className = "Custom";
    override computeOutputShape(shape: (number | null)[]) {
      return shape;
    }
    override call(inputs: Tensor | Tensor[]) {
      return tf.tidy(() => compute([inputs].flat()[0]));
    }
  }
  return new Custom({ name }) as unknown as Layer;
}
