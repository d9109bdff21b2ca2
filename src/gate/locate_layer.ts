/**
 * Finds the line on which a model's file defines a layer: the first with the layer's name in
 * quotes, preferably after `name:`, because a name like "relu" may occur elsewhere too; else the
 * line that begins to create the model.
 *
 * @param source Text of the file.
 * @param layer Name of the layer; for a nested layer only its last part counts. `null` for the
 * model itself.
 * @returns The line, counted from 1, or `null` if none was found.
 */
export function locateLayer(source: string, layer: string | null): number | null {
  const created = source.search(/\bcreateModel\b|\bexport\s+(?:default|const\s+model)\b/);
  const name = layer?.split("/").at(-1);
  const at = name === undefined ? created : placeOf(source, name) ?? created;
  return at < 0 ? null : source.slice(0, at).split("\n").length;
}

/** Returns the place of a name in quotes; `null` if it does not occur. */
function placeOf(source: string, name: string): number | null {
  let first: number | null = null;
  for (const quoted of [JSON.stringify(name), `'${name}'`, `\`${name}\``]) {
    for (let at = source.indexOf(quoted); at >= 0; at = source.indexOf(quoted, at + 1)) {
      if (/\bname["']?\s*:\s*$/.test(source.slice(Math.max(0, at - 40), at))) return at;
      first = first === null ? at : Math.min(first, at);
    }
  }
  return first;
}
