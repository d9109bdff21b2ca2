import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";
import { storeSettings } from "./stored_settings.ts";

interface Pooling {
  keepdims?: boolean;
  dataFormat?: "channelsFirst" | "channelsLast";
}

type Shape = (number | null)[];

/**
 * Repairs global pooling with `keepdims`, used by MobileNetV3 and many gates. TensorFlow.js drops
 * the pooled axes. Here a configuration with `keepdims` makes a layer that restores them, with one
 * entry each.
 */
export const repairGlobalPooling: LayerRepair = ({ tf, patch }) => {
  const names = [1, 2].flatMap((rank) => [
    `GlobalAveragePooling${rank}D`,
    `GlobalMaxPooling${rank}D`,
  ]);
  storeSettings({ tf, patch }, names, { keepdims: false });
  for (const name of names) {
    const kept = ({ dataFormat }: Pooling, shape: Shape): Shape => {
      const channels = dataFormat === "channelsFirst" ? 1 : shape.length - 1;
      return shape.map((size, axis) => axis === 0 || axis === channels ? size : 1);
    };
    patch(
      name,
      "call",
      (original) =>
        function (this: Pooling, inputs: Tensor | Tensor[], kwargs: unknown) {
          const y = original.call(this, inputs, kwargs) as Tensor;
          return this.keepdims ? tf.reshape(y, kept(this, oneTensor(inputs).shape) as number[]) : y;
        },
    );
    patch(
      name,
      "computeOutputShape",
      (original) =>
        function (this: Pooling, shape: Shape | Shape[]) {
          if (!this.keepdims) return original.call(this, shape);
          return kept(this, (Array.isArray(shape[0]) ? shape[0] : shape) as Shape);
        },
    );
  }
};
