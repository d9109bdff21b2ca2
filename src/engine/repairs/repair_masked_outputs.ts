import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";
import { storeSettings } from "./stored_settings.ts";

interface Recurrent {
  zeroOutputForMask?: boolean;
  goBackwards: boolean;
  returnSequences: boolean;
  returnState: boolean;
}

interface Pooling {
  keepdims?: boolean;
  maskRule?: string;
  supportsMasking: boolean;
}

type Call = { mask?: Tensor | null } | null;

/**
 * Makes recurrent layers return 0 at masked steps (`zeroOutputForMask`), as Keras does for a
 * Bidirectional that returns sequences. TensorFlow.js repeats the previous output, as do these
 * layers without the setting.
 */
export const repairZeroOutput: LayerRepair = ({ tf, patch }) => {
  const names = ["RNN", "SimpleRNN", "GRU", "LSTM"];
  storeSettings({ tf, patch }, names, { zeroOutputForMask: false });
  patch(
    "RNN",
    "call",
    (original) =>
      function (this: Recurrent, inputs: Tensor | Tensor[], kwargs: Call) {
        const found = original.call(this, inputs, kwargs) as Tensor | Tensor[];
        const mask = kwargs?.mask ?? null;
        if (this.zeroOutputForMask !== true || mask === null) return found;
        const [output, ...states] = [found].flat();
        const own = tf.tidy(() => {
          const steps = tf.cast(tf.cast(mask, "bool"), "float32");
          const inOrder = this.goBackwards ? tf.reverse(steps, 1) : steps;
          if (this.returnSequences) return tf.mul(output, tf.expandDims(inOrder, -1));
          return tf.mul(output, tf.slice(inOrder, [0, inOrder.shape[1]! - 1]));
        });
        return this.returnState ? [own, ...states] : own;
      },
  );
};

/**
 * Makes GlobalAveragePooling1D skip masked steps (`maskRule` "keras3"), as Keras 2 and 3 do.
 * TensorFlow.js ignores the mask.
 */
export const repairMaskedPooling: LayerRepair = ({ tf, patch }) => {
  storeSettings({ tf, patch }, ["GlobalAveragePooling1D"], { maskRule: "none" });
  patch(
    "GlobalAveragePooling1D",
    "call",
    (original) =>
      function (this: Pooling, inputs: Tensor | Tensor[], kwargs: Call) {
        const mask = kwargs?.mask ?? null;
        if (this.maskRule !== "keras3" || mask === null) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          const x = oneTensor(inputs);
          const steps = tf.expandDims(tf.cast(tf.cast(mask, "bool"), "float32"), -1);
          const kept = this.keepdims === true;
          // Masked entries may be NaN.
          const own = tf.where(tf.broadcastTo(tf.cast(steps, "bool"), x.shape), x, tf.zerosLike(x));
          return tf.div(tf.sum(own, 1, kept), tf.sum(steps, 1, kept));
        });
      },
  );
};
