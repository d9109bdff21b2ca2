const QUOTE = 0x22, BACKSLASH = 0x5c, OPEN = 0x5b, CLOSE = 0x5d, COMMA = 0x2c;
const OPEN_BRACE = 0x7b, CLOSE_BRACE = 0x7d, COLON = 0x3a;

/** Stands for the nodes while the rest is parsed. */
const PLACEHOLDER = "nodes are elsewhere";

type Json = Record<string, unknown>;

/** Range of bytes, from its first to before its end. */
type Range = readonly [start: number, end: number];

/**
 * Parses a large `models/model.json` node by node, so that its text is never held as a whole beside
 * its values, and equal stack traces, which are most of it, are held once.
 *
 * @param parse Parses a text.
 * @returns The value, or `null` if the nodes are not where PyTorch writes them.
 */
export function parseLarge(bytes: Uint8Array, parse: (text: string) => unknown): unknown {
  const found = findNodes(bytes);
  if (found === null) return null;
  const { array: [start, end], items } = found;
  const decoder = new TextDecoder();
  const textOf = (from: number, to: number) => decoder.decode(bytes.subarray(from, to));
  const root = parse(`${textOf(0, start)}["${PLACEHOLDER}"]${textOf(end, bytes.length)}`);
  const graph = ((root as { graph_module?: { graph?: Json } } | null)?.graph_module)?.graph;
  if ((graph?.nodes as unknown[] | undefined)?.[0] !== PLACEHOLDER) return null;
  const known = new Map<string, string>();
  graph!.nodes = items.map(([from, to]) => {
    const node = parse(textOf(from, to));
    const metadata = (node as { metadata?: Json } | null)?.metadata;
    if (typeof metadata !== "object" || metadata === null) return node;
    for (const key of ["stack_trace", "nn_module_stack"]) {
      const text = metadata[key];
      if (typeof text !== "string") continue;
      if (!known.has(text)) known.set(text, text);
      metadata[key] = known.get(text);
    }
    return node;
  });
  return root;
}

/** Finds the first array that is called `nodes`, and its items. */
function findNodes(bytes: Uint8Array): { array: Range; items: Range[] } | null {
  const key = new TextEncoder().encode('"nodes"');
  for (let at = 0; at < bytes.length; at++) {
    if (bytes[at] !== QUOTE) continue;
    const end = endOfText(bytes, at);
    const isKey = end - at === key.length && key.every((byte, i) => bytes[at + i] === byte);
    at = end - 1;
    if (!isKey) continue;
    const colon = afterSpace(bytes, end);
    const start = afterSpace(bytes, colon + 1);
    if (bytes[colon] === COLON && bytes[start] === OPEN) return readItems(bytes, start);
  }
  return null;
}

function readItems(bytes: Uint8Array, start: number): { array: Range; items: Range[] } | null {
  const items: Range[] = [];
  let depth = 0, from = start + 1;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) at = endOfText(bytes, at) - 1;
    else if (byte === OPEN || byte === OPEN_BRACE) depth++;
    else if (byte === CLOSE || byte === CLOSE_BRACE) {
      depth--;
      if (depth > 0) continue;
      // An array without items has nothing but space in it.
      if (items.length > 0 || afterSpace(bytes, from) < at) items.push([from, at]);
      return { array: [start, at + 1], items };
    } else if (byte === COMMA && depth === 1) {
      items.push([from, at]);
      from = at + 1;
    }
  }
  return null;
}

/** Returns the place behind the text that begins at a quote. */
function endOfText(bytes: Uint8Array, quote: number): number {
  let at = quote + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at + 1;
}

function afterSpace(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] <= 0x20) at++;
  return at;
}
