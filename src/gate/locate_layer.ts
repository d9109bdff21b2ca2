/**
 * Finds the line on which a model's file defines a layer: the first with the layer's name in
 * quotes, preferably after `name:`, because a name like "relu" may occur elsewhere too; for a layer
 * that got its name from its class, the call that created it; else the line that begins to create
 * the model.
 *
 * @param source Text of the file.
 * @param layer Name of the layer; for a nested layer only its last part counts. `null` for the
 * model itself.
 * @param layers Names of all layers of the model: without them, no call is counted.
 * @returns The line, counted from 1, or `null` if none was found.
 */
export function locateLayer(
  source: string,
  layer: string | null,
  layers: readonly string[] = [],
): number | null {
  const created = source.search(/\bcreateModel\b|\bexport\s+(?:default|const\s+model)\b/);
  const name = layer?.split("/").at(-1);
  const at = name === undefined
    ? created
    : placeOf(source, name) ?? placeOfCall(source, name, layers) ?? created;
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

/**
 * Returns the place of the call that created a layer: of `dense_2`, the second `.dense(`. `null` if
 * the calls do not come one after the other, once each.
 */
function placeOfCall(source: string, name: string, layers: readonly string[]): number | null {
  const [, stem, number] = name.match(/^(.*?)_(\d+)$/) ?? [];
  if (stem === undefined) return null;
  const alike = layers.filter((path) => path.split("/").at(-1)!.replace(/_\d+$/, "") === stem);
  const wanted = stem.replaceAll("_", "");
  const calls = [...source.matchAll(/\.(\w+)\(/g)]
    .filter(([, method]) => method.toLowerCase() === wanted);
  if (calls.length === 0 || calls.length !== alike.length) return null;
  const between = source.slice(calls[0].index, calls.at(-1)!.index);
  if (/\b(?:for|while|function)\b|=>/.test(between)) return null;
  return calls[Number(number) - 1]?.index ?? null;
}

const MAX_LINES = 12;

/** Returns the call on a line of a program, with the lines that belong to it, in one line. */
export function codeOn(source: string, line: number): string {
  const lines = source.split("\n");
  let first = line - 1;
  // A name has its own line within a long call.
  if (!lines[first].includes("(")) {
    while (first > 0 && line - first < MAX_LINES && openBrackets(lines[first]) <= 0) first--;
  }
  if (openBrackets(lines[first]) <= 0) return lines[line - 1].trim();
  let last = first;
  const text = () => lines.slice(first, last + 1).map((one) => one.trim()).join(" ");
  while (openBrackets(text()) > 0 && last < lines.length - 1 && last - first < MAX_LINES) last++;
  return text();
}

function openBrackets(text: string): number {
  return text.split(/[([{]/).length - text.split(/[)\]}]/).length;
}
