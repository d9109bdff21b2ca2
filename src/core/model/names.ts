import { isNameMadeUp } from "../../engine/repairs/watch_names.ts";
import type { Layer, LayersModel } from "../../engine/tensorflow.ts";

/**
 * Returns the stem of a name that TensorFlow.js generated (`dense` of `dense_Dense3`), or `null` if
 * it was chosen by a program or a file. The number of a generated name counts the layers of the
 * process, so it says nothing about the model.
 *
 * @param container Container of the layer. The layers in a `Bidirectional` are copies, named after
 * the original.
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
 * Returns the stem of a name in the form that TensorFlow.js generates, even if it was chosen:
 * `dense_Dense3` of a layer, `model3` of a model, and `sequential_3` of a `tf.sequential()`, the
 * only one that has a `pop()`.
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
  // The stem of a class whose name starts with an underscore starts with "private".
  const letters = stem.replaceAll("_", "").replace(className[0] === "_" ? /^private/ : "", "");
  return letters === lowerCase.replaceAll("_", "") ? stem : null;
}

/**
 * Makes names unique: a repeated name gets the first suffix `_2`, `_3` ... that differs from all
 * other names, including later ones.
 *
 * @param wished Desired names, in order.
 * @param first Returns true for names that take precedence over the others, wherever they are.
 * Default: none.
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

/** Returns the name of a file without folder and extension: the name of a model that has none. */
export const stemOf = (path: string): string => path.replace(/^.*[\\/]/, "").replace(/\.\w+$/, "");

/**
 * Returns the name of a model's input. It is `input` if it was not chosen, or if a
 * `tf.sequential()` does not list it, because the name that TensorFlow.js generates counts the
 * layers of the whole process: `input2`, or `dense_Dense3_input` after the layer that it leads to.
 */
export function inputName(model: LayersModel, index: number): string {
  const layer: Layer | undefined = model.inputLayers?.[index];
  const [node] = layer?.outboundNodes ?? [];
  const next = node?.outboundLayer;
  const isMadeUp = (name: string) =>
    /^input\d+$/.test(name) ||
    (next !== undefined && name === `${next.name}_input` && automaticName(next) !== null);
  const name = model.inputNames?.[index];
  if (name !== undefined && !isMadeUp(name)) return name;
  return numbered("input", index, model.inputs);
}

/**
 * Returns the name of a model's output: its key in a dictionary, that of its layer, or `output` if
 * TensorFlow.js generated it.
 */
export function outputName(model: LayersModel, index: number): string {
  const layer: Layer | undefined = model.outputLayers?.[index];
  const name = model.outputNames?.[index];
  const isMadeUp = layer !== undefined && layer.name === name && automaticName(layer) !== null;
  return name === undefined || isMadeUp ? numbered("output", index, model.outputs) : name;
}

function numbered(what: string, index: number, { length }: readonly unknown[]): string {
  return length === 1 ? what : `${what}_${index + 1}`;
}
