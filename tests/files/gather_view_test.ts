import fc from "fast-check";
import { bytesOfView, type StridedView } from "../../src/files/strided_view.ts";
import { gatherView } from "../../src/files/gather_view.ts";
import { BYTES } from "../../src/ground/traits/number_types.ts";
import { byteSource } from "../../src/files/byte_source.ts";
import { assert, assertEquals } from "@std/assert";
import { readStateDict } from "../../src/torch/read_state_dict.ts";
import {
  assemblePickle,
  dictionaryParts,
  type Part,
  tensorParts,
} from "../torch/assemble_pickle.ts";
import { refusalOf, torchFile } from "../torch/fixture.ts";
import { parts } from "../assert_refused.ts";

const START = 24;

/** Views of 1 to 8 bytes an entry: transposed, permuted, with gaps, and with repeated entries. */
const VIEWS: StridedView[] = [
  { type: "float32", shape: [7, 5], strides: [1, 7], offset: 0 },
  { type: "float64", shape: [5, 9], strides: [1, 5], offset: 3 },
  { type: "float16", shape: [3, 4, 5], strides: [1, 15, 3], offset: 0 },
  { type: "int8", shape: [2, 3, 4, 5], strides: [60, 1, 15, 3], offset: 2 },
  { type: "bfloat16", shape: [6, 4], strides: [20, 3], offset: 1 },
  { type: "int64", shape: [4, 6], strides: [0, 2], offset: 0 },
  { type: "float32", shape: [11], strides: [3], offset: 5 },
  { type: "float32", shape: [1, 6, 1, 3], strides: [9, 1, 9, 6], offset: 0 },
];

Deno.test("a view is gathered from a file in pieces, whatever their size", async () => {
  const path = await Deno.makeTempFile();
  try {
    const storage = Uint8Array.from({ length: 2000 }, (_, i) => i * i * 31 % 251);
    await Deno.writeFile(path, new Uint8Array([...new Uint8Array(START), ...storage]));
    const { file } = await byteSource(path);
    for (const view of VIEWS) {
      for (const piece of [8, 40, 128, 4096]) {
        for (const read of [8, 24, 64, 4096]) {
          const found: number[] = [];
          for await (const bytes of gatherView(view, file!, START, { piece, read })) {
            assert(bytes.length <= Math.max(piece, BYTES[view.type]));
            found.push(...bytes);
          }
          assertEquals(
            found,
            [...bytesOfView(view, storage)],
            JSON.stringify({ view, piece, read }),
          );
        }
      }
    }
  } finally {
    await Deno.remove(path);
  }
});

const MARK: Part = { op: "(" }, TUPLE: Part = { op: "t" };

/** The entries of the storage that all tensors here are of. */
const ROOM = Float32Array.from({ length: 24 }, (_, i) => i + 1);
const STORAGES = { 0: new Uint8Array(ROOM.buffer) };

interface View {
  shape: number[];
  strides: number[];
  offset?: number;
}

const fileOf = (views: Record<string, View>) =>
  torchFile(
    assemblePickle(dictionaryParts(
      Object.fromEntries(
        Object.entries(views).map(([name, view]) => [
          name,
          tensorParts({ count: ROOM.length, ...view }),
        ]),
      ),
    )),
    STORAGES,
  );

/** The entries that a view shows, the last axis the fastest. */
function shown({ shape, strides, offset = 0 }: View): number[] {
  return shape.length === 0 ? [ROOM[offset]] : Array.from({ length: shape[0] }, (_, i) => i)
    .flatMap((i) =>
      shown({
        shape: shape.slice(1),
        strides: strides.slice(1),
        offset: offset + i * strides[0],
      })
    );
}

const views = fc.array(
  fc.record({ size: fc.integer({ min: 0, max: 4 }), stride: fc.integer({ min: 0, max: 6 }) }),
  { maxLength: 3 },
).chain((axes) => {
  const shape = axes.map(({ size }) => size);
  const strides = axes.map(({ stride }) => stride);
  return fc.record({
    shape: fc.constant(shape),
    strides: fc.constant(strides),
    offset: fc.nat({ max: 23 }),
  });
});

Deno.test("readStateDict() reads views of any strides that lie within their storage", () => {
  fc.assert(
    fc.property(views, (view) => {
      const { shape, strides, offset } = view;
      const last = offset + shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis], 0);
      fc.pre(shape.includes(0) || last < ROOM.length);
      fc.pre(shape.reduce((a, b) => a * b, 1) <= ROOM.length);
      const { tensors: [tensor] } = readStateDict(fileOf({ w: view }));
      assertEquals(tensor.shape, shape);
      assertEquals([...tensor.read()], shown(view));
    }),
    { numRuns: 300 },
  );
});

Deno.test("readWeights() takes a view up to the last entry of its storage, and none that ends beyond it", async () => {
  const cases: [View, number | null][] = [
    [{ shape: [24], strides: [1] }, null],
    [{ shape: [24], strides: [1], offset: 1 }, 25],
    [{ shape: [25], strides: [1] }, 25],
    [{ shape: [25], strides: [0] }, 25],
    [{ shape: [], strides: [], offset: 23 }, null],
    [{ shape: [], strides: [], offset: 24 }, 25],
    [{ shape: [2, 2], strides: [22, 1] }, null],
    [{ shape: [2, 2], strides: [23, 1] }, 25],
    [{ shape: [3, 2], strides: [1, 21] }, null],
    [{ shape: [3, 2], strides: [1, 22] }, 25],
    [{ shape: [1, 2], strides: [2 ** 30, 1], offset: 22 }, null],
    [{ shape: [0], strides: [1], offset: 24 }, null],
    [{ shape: [0], strides: [0], offset: 24 }, null],
    [{ shape: [0], strides: [1], offset: 25 }, 25],
  ];
  for (const [view, needs] of cases) {
    const file = fileOf({ w: view });
    if (needs === null) {
      const { tensors: [tensor] } = readStateDict(file);
      assertEquals([...tensor.read()], shown(view), JSON.stringify(view));
      continue;
    }
    assertEquals(
      await refusalOf(".pt", file),
      parts(
        `"w" of shape [${view.shape.join(", ")}]`,
        `${needs} entries`,
        "at most the 24 of its storage",
      ),
      JSON.stringify(view),
    );
  }
});

Deno.test("readWeights() lets tensors be 16 times as large as their storage, and no larger", async () => {
  const all = { shape: [24], strides: [1] };
  const named = (more: View[]) =>
    fileOf(Object.fromEntries([...Array(16).fill(all), ...more].map((view, i) => [`w${i}`, view])));
  assertEquals(readStateDict(named([])).tensors.length, 16);
  assertEquals(
    await refusalOf(".pt", named([{ shape: [1], strides: [1] }])),
    parts("The tensors", "1540 bytes", "at most 16 times the 96 of their storages"),
  );
});

Deno.test("readStateDict() reads a view of another type than its storage, whose last bytes may be too few", () => {
  const bytes = new Uint8Array(9);
  bytes.set(new Uint8Array(new Float32Array([1.5, 2.5]).buffer));
  const storage: Part[] = [
    MARK,
    "storage",
    { global: ["torch", "ByteStorage"] } as Part,
    "0",
    "cpu",
    9,
    TUPLE,
    { op: "Q" },
  ];
  const view = (
    shape: number[],
    strides: number[],
    type: Part = { global: ["torch", "float32"] },
  ): Part[] => [
    { global: ["torch._utils", "_rebuild_tensor_v3"] },
    MARK,
    ...storage,
    0,
    MARK,
    ...shape,
    TUPLE,
    MARK,
    ...strides,
    TUPLE,
    { op: 0x89 },
    MARK,
    TUPLE,
    type,
    TUPLE,
    { op: "R" },
  ];
  const file = torchFile(
    assemblePickle(
      dictionaryParts({
        whole: view([2], [1]),
        same: view([2], [0]),
        turned: view([1, 2], [0, 1]),
        bytes: view([2], [1], 3),
      }),
    ),
    { 0: bytes },
  );
  assertEquals(
    readStateDict(file).tensors.map(({ name, type, read }) => [name, type, [...read()]]),
    [
      ["whole", "float32", [1.5, 2.5]],
      ["same", "float32", [1.5, 1.5]],
      ["turned", "float32", [1.5, 2.5]],
      // An entry that is not a type says nothing about it.
      ["bytes", "uint8", [0, 0]],
    ],
  );
});

Deno.test("readStateDict() takes strides whose product is not a count", () => {
  const view = { shape: [2, 1, 1], strides: [2, 2 ** 30, 2 ** 30], offset: 1 };
  const { tensors } = readStateDict(fileOf({ w: view }));
  assertEquals([...tensors[0].read()], shown(view));
});
