import { readStateDict } from "../../src/torch/read_state_dict.ts";
import { assemblePickle, dictionaryParts, type Part, tensorParts } from "./assemble_pickle.ts";
import { refusalOf } from "./fixture.ts";
import { assertEquals } from "@std/assert";

const MAGIC = [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const MARK: Part = { op: "(" };

interface Legacy {
  version?: number;
  machine?: Part[];
  weights?: Part[];
  keys?: Part[];
  storages?: [count: number, entries: number[]][];
}

const listOf = (keys: readonly (string | number)[]): Part[] => [
  { op: "]" },
  MARK,
  ...keys,
  { op: "e" },
];

const one = { w: tensorParts({ count: 4 }) };

/** A file as `torch.save` wrote it before version 1.6: five pickles, then the storages with their lengths. */
function legacy(
  {
    version = 1001,
    machine = [{ op: "}" }],
    weights = dictionaryParts(one),
    keys = listOf(["0"]),
    storages = [[4, [1, 2, 3, 4]]],
  }: Legacy = {},
): Uint8Array<ArrayBuffer> {
  const pickles = [
    [{ op: 0x8a }, new Uint8Array([10, ...MAGIC])],
    [version],
    machine,
    weights,
    keys,
  ].map(assemblePickle);
  const data = storages.map(([count, entries]) => {
    const bytes = new Uint8Array(8 + 4 * entries.length);
    new DataView(bytes.buffer).setBigInt64(0, BigInt(count), true);
    bytes.set(new Uint8Array(new Float32Array(entries).buffer), 8);
    return bytes;
  });
  return new Uint8Array([...pickles, ...data].flatMap((bytes) => [...bytes]));
}

const read = (file: Uint8Array) =>
  Object.fromEntries(readStateDict(file).tensors.map((one) => [one.name, [...one.read()]]));
const refusal = (given: Legacy) => refusalOf(".pt", legacy(given));

const two = dictionaryParts({
  a: tensorParts({ key: "x", count: 2, shape: [2], strides: [1] }),
  b: tensorParts({ key: "y", count: 4 }),
});

Deno.test("readStateDict() reads files of torch.save before 1.6, storages in the order of their list", () => {
  assertEquals(read(legacy()), { w: [1, 2, 3, 4] });
  const x: [number, number[]] = [2, [8, 9]];
  const y: [number, number[]] = [4, [1, 2, 3, 4]];
  const expected = { a: [8, 9], b: [1, 2, 3, 4] };
  assertEquals(
    read(legacy({ weights: two, keys: listOf(["x", "y"]), storages: [x, y] })),
    expected,
  );
  assertEquals(
    read(legacy({ weights: two, keys: listOf(["y", "x"]), storages: [y, x] })),
    expected,
  );
  const empty = { w: tensorParts({ count: 0, shape: [0], strides: [1] }) };
  assertEquals(
    read(legacy({ weights: dictionaryParts(empty), storages: [[0, []]] })),
    { w: [] },
  );
  const machine = dictionaryParts({ little_endian: [{ op: 0x88 }] });
  assertEquals(read(legacy({ machine })), { w: [1, 2, 3, 4] });
});

Deno.test("readWeights() says what is wrong with the storages of such a file", async () => {
  const four = [1, 2, 3, 4];
  const cases: [Legacy, string][] = [
    [{ storages: [] }, "The file ends within its storages: truncated"],
    [
      { storages: [[5, four]] },
      'Storage "0" has 5 entries, expected at most 4 up to the end of the file: truncated',
    ],
    [
      { storages: [[4, [1, 2, 3]]] },
      'Storage "0" has 4 entries, expected at most 3 up to the end of the file: truncated',
    ],
    [
      { storages: [[-1, four]] },
      'Storage "0" has -1 entries, expected at most 4 up to the end of the file: truncated',
    ],
    [{ storages: [[3, four]] }, 'Storage "0" of "w" has 12 bytes, expected 16: truncated'],
    [
      { keys: listOf(["1"]) },
      'Storage "1" belongs to no tensor, expected one that does',
    ],
    [{ keys: listOf([0]) }, "Storage 0 belongs to no tensor, expected one that does"],
    [{ keys: listOf([]) }, 'Storage "0" of "w" is missing from the file'],
    [{ keys: [7] }, "The file has no list of storages, expected one"],
    [{ version: 1000 }, "The file has version 1000, expected 1001"],
    [
      { machine: dictionaryParts({ little_endian: [{ op: 0x89 }] }) },
      "little_endian of the file is false, expected little-endian numbers",
    ],
  ];
  for (const [given, message] of cases) assertEquals(await refusal(given), message);
  // Up to seven bytes of the length of a storage are not all of it.
  const file = legacy({ storages: [[0, []]] });
  const whole = file.subarray(0, file.length - 8);
  for (const more of [1, 7]) {
    assertEquals(
      await refusalOf(".pt", new Uint8Array([...whole, ...Array(more).fill(0)])),
      "The file ends within its storages: truncated",
    );
  }
});

Deno.test("readWeights() takes a file for what its first bytes say, and shows those that say nothing", async () => {
  const begins = (bytes: number[]) => refusalOf(".pt", new Uint8Array(bytes));
  const end = "expected a zip archive or a pickle as torch.save writes it";
  assertEquals(await begins([]), `The file begins with nothing, ${end}`);
  assertEquals(await begins([7]), `The file begins with bytes 07, ${end}`);
  assertEquals(await begins([0x50, 0]), `The file begins with bytes 50 00, ${end}`);
  assertEquals(await begins([0, 0x4b]), `The file begins with bytes 00 4b, ${end}`);
  assertEquals(await begins([255, 16, 0, 1, 9]), `The file begins with bytes ff 10 00 01, ${end}`);
  // One byte of the magic number is off.
  const file = legacy();
  file[13] ^= 1;
  assertEquals(await refusalOf(".pt", file), `The file begins with bytes 80 02 8a 0a, ${end}`);
});
