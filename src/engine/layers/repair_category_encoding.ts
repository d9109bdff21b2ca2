import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";

interface Encoding {
  numTokens: number;
  outputMode: string;
}

/**
 * Repairs CategoryEncoding layers that return a vector for each of several tokens. TensorFlow.js
 * rejects outputs with more than two axes; Keras allows any number. Other cases keep
 * TensorFlow.js's code.
 */
export const repairCategoryEncoding: LayerRepair = ({ tf, patch }) => {
  patch(
    "CategoryEncoding",
    "call",
    (original) =>
      function (this: Encoding, inputs: Tensor | Tensor[], kwargs: unknown) {
        const x = oneTensor(inputs);
        const isOne = x.rank > 1 && x.shape[x.rank - 1] === 1;
        const tokens = isOne ? x.shape.slice(0, -1) : x.shape;
        if (this.outputMode !== "oneHot" || tokens.length < 2) {
          return original.call(this, inputs, kwargs);
        }
        return tf.tidy(() => {
          const places = tf.cast(tf.reshape(x, tokens), "int32");
          const [least, most] = [tf.min(places), tf.max(places)].map((one) => one.dataSync()[0]);
          if (least < 0 || most >= this.numTokens) {
            throw new RangeError(
              `The tokens go from ${least} to ${most}, expected whole numbers from 0 to ${
                this.numTokens - 1
              }`,
            );
          }
          return tf.cast(tf.oneHot(places, this.numTokens), "float32");
        });
      },
  );
};
