/** Part of a pickle: an instruction by its letter, a global, or a value. */
export type Part =
  | { op: string | number }
  | { global: [module: string, name: string] }
  | string
  | number
  | Uint8Array;

/** Writes a pickle of protocol 2, also one that no program would write. */
export function assemblePickle(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const out: number[] = [0x80, 2];
  const encode = (text: string) => [...new TextEncoder().encode(text)];
  const number = (value: number) => out.push(...new Uint8Array(new Int32Array([value]).buffer));
  for (const part of parts) {
    if (part instanceof Uint8Array) out.push(...part);
    else if (typeof part === "string") {
      out.push(0x58);
      number(encode(part).length);
      out.push(...encode(part));
    } else if (typeof part === "number" && part !== (part | 0)) {
      out.push(0x8a, 8, ...new Uint8Array(new BigInt64Array([BigInt(part)]).buffer));
    } else if (typeof part === "number") {
      out.push(0x4a);
      number(part);
    } else if ("global" in part) {
      out.push(0x63, ...encode(`${part.global[0]}\n${part.global[1]}\n`));
    } else out.push(typeof part.op === "string" ? part.op.charCodeAt(0) : part.op);
  }
  return new Uint8Array([...out, 0x2e]);
}

const MARK: Part = { op: "(" }, TUPLE: Part = { op: "t" };

/** A tensor of a storage, of float32 entries as a rule. */
export function tensorParts(
  { key = "0", kind = "FloatStorage", count = 4, offset = 0, shape = [2, 2], strides = [2, 1] }: {
    key?: string;
    kind?: string;
    count?: number;
    offset?: number;
    shape?: number[];
    strides?: number[];
  } = {},
): Part[] {
  const storage: Part[] = [
    MARK,
    "storage",
    { global: ["torch", kind] } as Part,
    key,
    "cpu",
    count,
    TUPLE,
    { op: "Q" },
  ];
  return [
    { global: ["torch._utils", "_rebuild_tensor_v2"] },
    MARK,
    ...storage,
    offset,
    MARK,
    ...shape,
    TUPLE,
    MARK,
    ...strides,
    TUPLE,
    { op: 0x89 },
    MARK,
    TUPLE,
    TUPLE,
    { op: "R" },
  ];
}

/** A dictionary of such tensors. */
export function dictionaryParts(entries: Record<string, Part[]>): Part[] {
  return [
    { op: "}" },
    MARK,
    ...Object.entries(entries).flatMap(([name, parts]) => [name, ...parts]),
    { op: "u" },
  ];
}
