import { callable, object, requireValue } from "../../words/shape.ts";
import { showValue } from "../../words/show_value.ts";
import type { Layer } from "../tensorflow.ts";
import { repairedMethods } from "./layer_repair.ts";

interface Options {
  dilationRate?: number | number[];
  dataFormat?: string;
  bias?: unknown;
}

const isDilated = ({ dilationRate = 1 }: Options) => [dilationRate].flat().some((rate) => rate > 1);
const isChannelsFirst = ({ dataFormat }: Options) => dataFormat === "channelsFirst";

/** Silent errors of TensorFlow.js that a repair of the class fixes. */
const SILENTLY_WRONG: Record<string, (layer: Options) => string | null> = {
  Conv1D: (layer) => isChannelsFirst(layer) ? "returns channels last where they go in first" : null,
  DepthwiseConv2D: (layer) => isDilated(layer) ? "ignores dilationRate" : null,
  SeparableConv2D: (layer) =>
    isChannelsFirst(layer) && layer.bias ? "adds the bias along the wrong axis" : null,
};

/**
 * Returns the reason why the numbers of a layer cannot be trusted, if any: TensorFlow.js silently
 * computes something other than its options say, and no repair is installed.
 *
 * @param layer A built layer. Call this before a pass, while its `call` is that of its class.
 * @returns A sentence that names the layer, or `null` if it can be measured.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { unmeasurableReason } from "@gradient-health/gradient-health/ops";
 *
 * tf.env().set("PROD", true); // no banner
 * const layer = tf.layers.conv2dTranspose({ filters: 1, kernelSize: 2, dilationRate: 2 });
 * console.assert(unmeasurableReason(layer)?.includes("dilationRate"));
 * console.assert(unmeasurableReason(tf.layers.dense({ units: 1 })) === null);
 * ```
 */
export function unmeasurableReason(layer: Layer): string | null {
  requireValue("layer", layer, object({ getClassName: callable }));
  const className = layer.getClassName();
  const name = `Layer ${layer.name} (${className})`;
  const options = layer as unknown as Options;
  const rate = [options.dilationRate ?? 1].flat().find((rate) =>
    !(Number.isInteger(rate) && rate > 0)
  );
  if (rate !== undefined) {
    return `${name} has a dilationRate of ${showValue(rate)}: expected whole numbers of at least 1`;
  }
  if (/^Conv[23]DTranspose$/.test(className) && isDilated(options)) {
    return `${name} has dilationRate ${
      JSON.stringify(options.dilationRate)
    }, which TensorFlow.js ` +
      "ignores in a transposed convolution: set it to 1, or measure another layer";
  }
  const fault = SILENTLY_WRONG[className]?.(options) ?? null;
  const { call } = Object.getPrototypeOf(layer);
  if (fault === null || repairedMethods.has(call)) return null;
  return `${name} comes from a copy of TensorFlow.js that ${fault}, and that this engine does not ` +
    "repair: build the model with the engine's own TensorFlow.js";
}
