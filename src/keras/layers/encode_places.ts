import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { OpenShape } from "./keras_layer.ts";

/** Output of a layer that counts in bins: the number of the bin, or ones at those that occur. */
export interface Encoding {
  outputMode: "int" | "oneHot" | "multiHot" | "count";
  /** Number of bins. */
  bins: number;
}

/** Returns the shape of the output for an input of this shape. */
export function encodedShape(shape: OpenShape, { outputMode, bins }: Encoding): OpenShape {
  if (outputMode === "int") return shape;
  if (outputMode !== "oneHot") return [shape[0], ...shape.slice(2), bins];
  const isOne = shape.length > 1 && shape.at(-1) === 1;
  return [...isOne ? shape.slice(0, -1) : shape, bins];
}

/** Encodes the numbers of bins, which are float32 here, so that any layer can read them. */
export function encodePlaces(tf: TensorFlow, places: Tensor, encoding: Encoding): Tensor {
  const { outputMode, bins } = encoding;
  if (outputMode === "int") return places;
  const hot = tf.cast(tf.oneHot(tf.cast(places, "int32"), bins), "float32");
  switch (outputMode) {
    case "oneHot":
      return tf.reshape(hot, encodedShape(places.shape, encoding) as number[]);
    case "multiHot":
      return tf.max(hot, 1);
    case "count":
      return tf.sum(hot, 1);
  }
}
