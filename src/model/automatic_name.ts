import type { Layer } from "../engine/tensorflow.ts";

/**
 * The stem of a name that TensorFlow.js made up (`dense` of `dense_Dense3`), or `null` if somebody
 * chose the name. The number counts the layers of the process, so it says nothing about the model.
 *
 * @param layer A layer or a model.
 */
export function automaticName(layer: Layer): string | null {
  const className = layer.getClassName();
  const numberless = layer.name.replace(/\d+$/, "");
  if (numberless === layer.name) return null;
  if (numberless.replace(/_$/, "") === className.toLowerCase()) return className.toLowerCase();
  return numberless.endsWith(`_${className}`) ? numberless.slice(0, -className.length - 1) : null;
}
