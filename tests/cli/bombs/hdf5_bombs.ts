/** Bytes in a row: texts as they are, numbers as one byte each. */
export function join(...parts: readonly (Uint8Array | string | number[])[]): Uint8Array {
  const all = parts.map((part) =>
    typeof part === "string" ? new TextEncoder().encode(part) : Uint8Array.from(part)
  );
  const out = new Uint8Array(all.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of all) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A whole number in this many bytes, little-endian. */
function word(value: number, bytes: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(value), true);
  return new Uint8Array(view.buffer, 0, bytes);
}

const NOWHERE = new Uint8Array(8).fill(255);

/** Bytes of the first block of a file. */
const START = 48;

const file = (body: Uint8Array, root: number = START) =>
  join(
    [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a, 2, 8, 8, 0],
    ...[word(0, 8), NOWHERE, word(START + body.length, 8), word(root, 8), word(0, 4), body],
  );

const message = (type: number, body: Uint8Array) => join([type], word(body.length, 2), [0], body);

const header = (messages: Uint8Array) =>
  join("OHDR", [2, 2], word(messages.length, 4), messages, [0, 0, 0, 0]);

/** A header whose continuations all lead to one block of messages that say nothing. */
export function continuations(count: number, empty: number): Uint8Array {
  const block = join("OCHK", new Uint8Array(4 * empty + 4));
  const length = 10 + 20 * count + 4;
  const one = message(0x10, join(word(START + length, 8), word(block.length, 8)));
  return file(join(header(join(...Array.from({ length: count }, () => one))), block));
}

/** Names that overlap: each is the end of one long text. */
export function overlappingNames(count: number, length: number): Uint8Array {
  const text = new Uint8Array(length + 1).fill(97);
  text[length] = 0;
  const head = header(message(0x11, new Uint8Array(16)));
  const heapAt = START + head.length;
  const heap = join(
    "HEAP",
    word(0, 4),
    word(text.length, 8),
    word(0, 8),
    word(heapAt + 32, 8),
    text,
  );
  const treeAt = heapAt + heap.length;
  const nodeAt = treeAt + 24 + 16;
  const tree = join("TREE", [0, 0], word(1, 2), NOWHERE, NOWHERE, word(0, 8), word(nodeAt, 8));
  const entries = Array.from(
    { length: count },
    (_, i) => join(word(i, 8), word(START, 8), new Uint8Array(24)),
  );
  const node = join("SNOD", [1, 0], word(count, 2), ...entries);
  const root = header(message(0x11, join(word(treeAt, 8), word(heapAt, 8))));
  return file(join(root, heap, tree, node));
}

/** An attribute of many texts, each the last entry of a long heap. */
export function textsInHeap(texts: number, entries: number): Uint8Array {
  const entry = join(word(1, 2), word(1, 2), new Uint8Array(12));
  const last = join(word(9, 2), word(1, 2), word(0, 4), word(1, 8), "x", new Uint8Array(7));
  const list = join(...Array.from({ length: entries }, () => entry), last);
  const heap = join("GCOL", [1, 0, 0, 0], word(16 + list.length, 8), list);
  const name = "model_config\0";
  const type = join([0x19, 1, 0, 0], word(16, 4), [0x13, 0, 0, 0], word(1, 4));
  const space = join([2, 1, 0, 1], word(texts, 8));
  const reference = join(word(1, 4), word(START, 8), word(9, 4));
  const attribute = join(
    ...[[3, 0], word(name.length, 2), word(type.length, 2), word(space.length, 2), [0], name],
    ...[type, space, ...Array.from({ length: texts }, () => reference)],
  );
  const info = message(2, join([0, 0], NOWHERE, NOWHERE));
  return file(join(heap, header(join(info, message(0x0c, attribute)))), START + heap.length);
}
