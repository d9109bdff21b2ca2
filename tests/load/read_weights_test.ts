import { assertAlmostEquals, assertEquals } from "@std/assert";
import { readWeights } from "../../src/load/read_weights.ts";
import { readStateDict } from "../../src/torch/read_state_dict.ts";
import { torchLayers } from "../../src/files/torch_layers.ts";
import {
  assemblePickle,
  dictionaryParts,
  type Part,
  tensorParts,
} from "../torch/assemble_pickle.ts";
import { type Figures, fixture, readExpected, refusalOf, torchFile } from "../torch/fixture.ts";
import { type Parts, parts } from "../assert_refused.ts";

const { files } = await readExpected();

function figuresOf(shape: number[], values: Float32Array): Figures {
  const mean = (of: (x: number) => number) =>
    values.reduce((sum, x) => sum + of(x), 0) / values.length;
  const center = mean((x) => x);
  return {
    shape,
    rms: Math.sqrt(mean((x) => x * x)),
    std: Math.sqrt(mean((x) => (x - center) ** 2)),
    maxAbs: values.reduce((most, x) => Math.max(most, Math.abs(x)), 0),
    first: [...values.subarray(0, 3)],
  };
}

for (const [name, expected] of Object.entries(files)) {
  Deno.test(`readWeights() reads of ${name} what NumPy reads`, async () => {
    const { tensors } = await readWeights(fixture(name));
    const floats = tensors.filter(({ type, shape }) => /float/.test(type) && !shape.includes(0));
    assertEquals(floats.map(({ name }) => name).sort(), Object.keys(expected).sort());
    for (const { name, shape, read } of floats) {
      const is = figuresOf(shape, read()), should = expected[name];
      assertEquals(is.shape, should.shape, name);
      for (const key of ["rms", "std", "maxAbs"] as const) {
        assertAlmostEquals(is[key], should[key], 1e-12 + 1e-7 * should[key], `${name} ${key}`);
      }
      assertEquals(is.first, should.first, name);
    }
  });
}

Deno.test("readWeights() says what it does not read as it was written", async () => {
  const safe = await readWeights(fixture("kinds.safetensors"));
  assertEquals(safe.notes, ["1 tensor of float64 read as float32."]);
  const { notes } = await readWeights(fixture("digits_checkpoint.pt"));
  assertEquals(
    notes[0],
    `A checkpoint: the weights are those of "state_dict"; "epoch", "optimizer", "args" left out.`,
  );
});

Deno.test("readWeights() reads views of one storage, turned and with gaps", async () => {
  const path = await Deno.makeTempFile({ suffix: ".pt" });
  const pickle = assemblePickle(dictionaryParts({
    whole: tensorParts({ count: 6, shape: [2, 3], strides: [3, 1] }),
    turned: tensorParts({ count: 6, shape: [3, 2], strides: [1, 3] }),
    gaps: tensorParts({ count: 6, offset: 1, shape: [2, 2], strides: [3, 1] }),
  }));
  const storage = new Uint8Array(new Float32Array([0, 1, 2, 3, 4, 5]).buffer);
  await Deno.writeFile(path, torchFile(pickle, { 0: storage }));
  const { tensors } = await readWeights(path);
  await Deno.remove(path);
  assertEquals(tensors.map(({ read }) => [...read()]), [
    [0, 1, 2, 3, 4, 5],
    [0, 3, 1, 4, 2, 5],
    [1, 2, 4, 5],
  ]);
});

Deno.test("torchLayers() tells layers by names and shapes", async () => {
  const classes = async (name: string) =>
    torchLayers((await readWeights(fixture(name))).tensors)
      .map(({ name, className }) => `${name} ${className}`);
  assertEquals(await classes("digits_checkpoint.pt"), [
    "module.conv1 Conv2d",
    "module.bn1 BatchNorm",
    "module.depth Conv2d",
    "module.up ConvTranspose2d",
    "module.fc Linear",
  ]);
  assertEquals(await classes("words.pt"), [
    "embedding Embedding",
    "lstm.l0 LSTM",
    "gru.l0 GRU",
    "norm LayerNorm",
    "head Linear",
  ]);
});

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
  const cases: [Legacy, Parts][] = [
    [{ storages: [] }, parts("The file", "its storages", "1 of them: truncated")],
    [
      { storages: [[5, four]] },
      parts('Storage "0"', "5 entries", "at most 4 up to the end of the file: truncated"),
    ],
    [
      { storages: [[4, [1, 2, 3]]] },
      parts('Storage "0"', "4 entries", "at most 3 up to the end of the file: truncated"),
    ],
    [
      { storages: [[-1, four]] },
      parts('Storage "0"', "-1 entries", "at most 4 up to the end of the file: truncated"),
    ],
    [{ storages: [[3, four]] }, parts('Storage "0" of "w"', "12 bytes", "16: truncated")],
    [
      { keys: listOf(["1"]) },
      parts('Storage "1"', "no tensor", "one that does"),
    ],
    [{ keys: listOf([0]) }, parts("Storage 0", "no tensor", "one that does")],
    [{ keys: listOf([]) }, parts('Storage "0" of "w"', "missing", "it in the file")],
    [{ keys: [7] }, parts("The file", "no list of storages", "one")],
    [{ version: 1000 }, parts("The file", "version 1000", "1001")],
    [
      { machine: dictionaryParts({ little_endian: [{ op: 0x89 }] }) },
      parts("little_endian of the file", "false", "little-endian numbers"),
    ],
  ];
  for (const [given, said] of cases) assertEquals(await refusal(given), said);
  // Up to seven bytes of the length of a storage are not all of it.
  const file = legacy({ storages: [[0, []]] });
  const whole = file.subarray(0, file.length - 8);
  for (const more of [1, 7]) {
    assertEquals(
      await refusalOf(".pt", new Uint8Array([...whole, ...Array(more).fill(0)])),
      parts("The file", "its storages", "1 of them: truncated"),
    );
  }
});

Deno.test("readWeights() takes a file for what its first bytes say, and shows those that say nothing", async () => {
  const begins = (bytes: number[]) => refusalOf(".pt", new Uint8Array(bytes));
  const starts = (found: string) =>
    parts("The file", found, "a zip archive or a pickle as torch.save writes it");
  assertEquals(await begins([]), starts("nothing"));
  assertEquals(await begins([7]), starts("bytes 07"));
  assertEquals(await begins([0x50, 0]), starts("bytes 50 00"));
  assertEquals(await begins([0, 0x4b]), starts("bytes 00 4b"));
  assertEquals(await begins([255, 16, 0, 1, 9]), starts("bytes ff 10 00 01"));
  // One byte of the magic number is off.
  const file = legacy();
  file[13] ^= 1;
  assertEquals(await refusalOf(".pt", file), starts("bytes 80 02 8a 0a"));
});
