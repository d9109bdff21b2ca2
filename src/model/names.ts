import type { Layer } from "../engine/tensorflow.ts";

/**
 * The stem of a name that TensorFlow.js made up (`dense` of `dense_Dense3`), or `null` if somebody
 * chose the name. The number counts the layers of the process, so it says nothing about the model.
 *
 * @param layer A layer or a model.
 */
export function automaticName(layer: Layer): string | null {
  const { name } = layer;
  let end = name.length;
  while (end > 0 && isDigit(name.charCodeAt(end - 1))) end--;
  if (end === name.length) return null;
  const className = layer.getClassName();
  const withoutNumber = name.slice(0, end);
  if (withoutNumber.endsWith(`_${className}`)) return name.slice(0, end - className.length - 1);
  const lowerCase = className.toLowerCase();
  return withoutNumber === lowerCase || withoutNumber === `${lowerCase}_` ? lowerCase : null;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/**
 * The name itself, or the name with the first free suffix `_2`, `_3` ...; records what it returns.
 *
 * @param name The name wished for.
 * @param taken The names in use; the returned name joins them.
 */
export function uniqueName(name: string, taken: Set<string>): string {
  let unique = name;
  for (let n = 2; taken.has(unique); n++) unique = `${name}_${n}`;
  taken.add(unique);
  return unique;
}

/** The name of a file without folder and extension: what a model without a name of its own is called. */
export const stemOf = (path: string): string => path.replace(/^.*[\\/]/, "").replace(/\.\w+$/, "");
