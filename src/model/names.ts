import { isNameMadeUp } from "../engine/layers/watch_names.ts";
import type { Layer } from "../engine/tensorflow.ts";

/**
 * The stem of a name that TensorFlow.js made up (`dense` of `dense_Dense3`), or `null` if it was chosen:
 * by a program or in a file. The number of a made-up name counts the layers of the process, so it says
 * nothing about the model.
 *
 * @param layer A layer or a model.
 * @param container What the layer is a part of. The layers in a `Bidirectional` are copies, which are
 * called after the one that it was given.
 */
export function automaticName(layer: Layer, container?: Layer): string | null {
  const { layer: original } = (container ?? {}) as { layer?: Layer };
  if (original !== undefined && container!.getClassName() === "Bidirectional") {
    const direction = layer.name.slice(0, layer.name.indexOf("_") + 1);
    const stem = automaticName(original);
    return stem === null || layer.name !== direction + original.name ? null : direction + stem;
  }
  const stem = stemOfStock(layer);
  return stem !== null && (isNameMadeUp(layer) ?? true) ? stem : null;
}

/**
 * The stem of a name that is built as TensorFlow.js builds them, whatever built it: `dense_Dense3` of a layer,
 * `model3` of a model, and `sequential_3` of a `tf.sequential()`, which alone can give up a layer again.
 */
function stemOfStock(layer: Layer): string | null {
  const { name, inputLayers, pop } = layer as Layer & { inputLayers?: unknown; pop?: unknown };
  const className = `${layer.getClassName()}`;
  const lowerCase = className.toLowerCase();
  const isNumbered = (prefix: string) =>
    name.startsWith(prefix) && /^[1-9]\d*$/.test(name.slice(prefix.length));
  if (Array.isArray(inputLayers)) {
    if (typeof pop === "function") return isNumbered("sequential_") ? "sequential" : null;
    return isNumbered(lowerCase) ? lowerCase : null;
  }
  const stem = name.slice(0, Math.max(0, name.lastIndexOf(`_${className}`)));
  if (!isNumbered(`${stem}_${className}`)) return null;
  // A class whose name starts with an underscore is called private in front.
  const letters = stem.replaceAll("_", "").replace(className[0] === "_" ? /^private/ : "", "");
  return letters === lowerCase.replaceAll("_", "") ? stem : null;
}

/**
 * The names, except those that were there before: they get the first suffix `_2`, `_3` ... that makes them
 * unlike all others, also unlike those to come.
 *
 * @param wished The names wished for, in order.
 * @param first Whether a name comes before the others, wherever it stands. Default: none does.
 */
export function uniqueNames(
  wished: readonly string[],
  first: (index: number) => boolean = () => false,
): string[] {
  const all = new Set(wished);
  if (all.size === wished.length) return [...wished];
  const taken = new Set<string>();
  const unique = [...wished];
  const order = [...wished.keys()];
  for (const i of [...order.filter(first), ...order.filter((i) => !first(i))]) {
    for (let n = 2; taken.has(unique[i]) || (n > 2 && all.has(unique[i])); n++) {
      unique[i] = `${wished[i]}_${n}`;
    }
    taken.add(unique[i]);
  }
  return unique;
}

/** The name of a file without folder and extension: what a model without a name of its own is called. */
export const stemOf = (path: string): string => path.replace(/^.*[\\/]/, "").replace(/\.\w+$/, "");
