import { assemblePickle, type Part } from "../../torch/assemble_pickle.ts";
import { torchFile } from "../../torch/fixture.ts";

const MARK: Part = { op: "(" }, TUPLE: Part = { op: "t" };

/** Remembers what was made last, and takes it out again. */
const put = (index: number): Part[] => [{ op: "q" }, { op: index }];
const get = (index: number): Part[] => [{ op: "h" }, { op: index }];

const times = (count: number, parts: (i: number) => Part[]) =>
  Array.from({ length: count }, (_, i) => parts(i)).flat();

/** List of pairs that becomes a dictionary again and again. */
export function copiedList(pairs: number, copies: number): Uint8Array {
  return torchFile(assemblePickle([
    { global: ["collections", "OrderedDict"] },
    ...put(0),
    { op: "]" },
    ...put(1),
    MARK,
    ...times(pairs, (i) => [i, { op: "N" }, { op: 0x86 }]),
    { op: "e" },
    { op: "}" },
    MARK,
    ...times(copies, (i) => [i, ...get(0), ...get(1), { op: 0x85 }, { op: "R" }]),
    { op: "u" },
  ]));
}

/** Shape and storage that belong to many tensors. */
export function copiedShape(axes: number, tensors: number): Uint8Array {
  const storage = [MARK, "storage", { global: ["torch", "FloatStorage"] } as Part, "0", "cpu", 1];
  const pickle = assemblePickle([
    { global: ["torch._utils", "_rebuild_tensor_v2"] },
    ...put(0),
    ...storage,
    TUPLE,
    { op: "Q" },
    ...put(2),
    MARK,
    ...times(axes, () => [{ op: "K" }, { op: 1 }]),
    TUPLE,
    ...put(1),
    { op: "}" },
    MARK,
    ...times(tensors, (i) => [
      `t${i}`,
      ...get(0),
      MARK,
      ...get(2),
      0,
      ...get(1),
      ...get(1),
      { op: 0x89 },
      { op: "N" },
      TUPLE,
      { op: "R" },
    ]),
    { op: "u" },
  ]);
  return torchFile(pickle, { 0: new Uint8Array(4) });
}

/** Millions of empty dictionaries, each of one byte. */
export function emptyDictionaries(count: number): Uint8Array {
  const pickle = new Uint8Array(count + 5).fill(0x7d);
  pickle.set([0x80, 2, 0x5d, 0x28]);
  pickle[count + 3] = 0x65;
  pickle[count + 4] = 0x2e;
  return torchFile(pickle);
}

/** Dictionary with many names and no tensors. */
export function namedDictionary(entries: number, names: number): Uint8Array {
  return torchFile(assemblePickle([
    { op: "}" },
    ...put(0),
    MARK,
    ...times(entries, (i) => [`${i}`, 0]),
    { op: "u" },
    { op: "}" },
    MARK,
    ...times(names, (i) => [`${i}`, ...get(0)]),
    { op: "u" },
  ]));
}
