/**
 * The line on which a model's file defines a layer: the first that has the layer's name in quotes, else
 * the one that begins to create the model.
 *
 * @param source Text of the file.
 * @param layer The layer's name; for a nested layer its last part counts. `null` asks for the model.
 * @returns The line, counted from 1, or `null` where the file does not say.
 */
export function locateLayer(source: string, layer: string | null): number | null {
  const name = layer?.split("/").at(-1);
  const quoted = name === undefined
    ? []
    : [JSON.stringify(name), `'${name}'`, `\`${name}\``].map((text) => source.indexOf(text));
  const created = source.search(/\bcreateModel\b/);
  const at = quoted.filter((index) => index >= 0).sort((a, b) => a - b)[0] ?? created;
  return at < 0 ? null : source.slice(0, at).split("\n").length;
}
