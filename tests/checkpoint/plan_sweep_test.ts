import { assertEquals } from "@std/assert";
import { CHUNK_BYTES, MAX_ROWS, MAX_WIDTH } from "../../src/engine/native/checkpoint_sweep.ts";
import {
  bytesOf,
  CODE_FORMATS,
  divideParts,
  dividePieces,
  groupBySize,
  groupParts,
  matrixOf,
  PART_BYTES,
  pieceAt,
  type Pieces,
  spanOf,
} from "../../src/checkpoint/plan_sweep.ts";

/** Entries of float32 in a piece. */
const ROOM = CHUNK_BYTES / 4;

Deno.test("matrixOf() compares rows of two axes and more, and columns up to a width", () => {
  const of = (...shape: number[]) => {
    const { rows, width, compares } = matrixOf(shape);
    return [rows, width, compares.rows, compares.columns];
  };
  assertEquals(of(6), [1, 6, false, false]);
  assertEquals(of(), [1, 1, false, false]);
  assertEquals(of(2, 3), [2, 3, true, true]);
  assertEquals(of(2, 3, 4), [2, 12, true, true]);
  assertEquals(of(2, MAX_WIDTH), [2, MAX_WIDTH, true, true]);
  assertEquals(of(2, MAX_WIDTH + 1), [2, MAX_WIDTH + 1, true, false]);
  // The hashes of more rows are not kept.
  assertEquals(of(2 ** 20, 2), [2 ** 20, 2, true, true]);
  assertEquals(of(2 ** 20 + 1, 2), [1, 2 ** 21 + 2, false, false]);
});

const sizes = ({ rows, width, count, isWhole }: Pieces) => [rows, width, count, isWhole];

Deno.test("dividePieces() takes as many entries, whole rows, or parts of a wide row", () => {
  const of = (shape: number[], type: Parameters<typeof dividePieces>[1] = "float32") =>
    sizes(dividePieces(shape, type));
  assertEquals(of([10]), [1, 10, 1, false]);
  assertEquals(of([ROOM]), [1, ROOM, 1, false]);
  assertEquals(of([ROOM + 1]), [1, ROOM, 2, false]);
  assertEquals(of([2 * ROOM + 1], "float16"), [1, 2 * ROOM, 2, false]);
  assertEquals(of([3, 5]), [3, 5, 1, false]);
  const rows = Math.min(MAX_ROWS, Math.floor(ROOM / 1000));
  assertEquals(of([rows, 1000]), [rows, 1000, 1, false]);
  assertEquals(of([rows + 1, 1000]), [rows, 1000, 2, false]);
  assertEquals(of([MAX_ROWS + 1, 1]), [MAX_ROWS, 1, 2, false]);
  assertEquals(of([3, MAX_WIDTH + 1]), [1, MAX_WIDTH, 6, false]);
  assertEquals(of([3, 2 * MAX_WIDTH + 1]), [1, MAX_WIDTH, 9, false]);
});

Deno.test("pieceAt() gives the rows and entries of a piece, fewer in the last one", () => {
  const matrix = { rows: 5, width: 4, compares: { rows: true, columns: true } };
  const pieces: Pieces = { type: "float32", matrix, isWhole: false, rows: 2, width: 4, count: 3 };
  assertEquals([0, 1, 2].map((index) => pieceAt(pieces, index)), [
    { rows: 2, width: 4, entry: 0, row: 0, place: 0 },
    { rows: 2, width: 4, entry: 8, row: 2, place: 0 },
    { rows: 1, width: 4, entry: 16, row: 4, place: 0 },
  ]);
  const single = { ...pieces, rows: 1, count: 5 };
  assertEquals(pieceAt(single, 3), { rows: 1, width: 4, entry: 12, row: 3, place: 0 });
  const parts = { ...pieces, matrix: { ...matrix, width: 7 }, rows: 1, width: 3, count: 15 };
  assertEquals([0, 1, 2, 3, 5].map((index) => pieceAt(parts, index)), [
    { rows: 1, width: 3, entry: 0, row: 0, place: 0 },
    { rows: 1, width: 3, entry: 3, row: 0, place: 1 },
    { rows: 1, width: 1, entry: 6, row: 0, place: 2 },
    { rows: 1, width: 3, entry: 7, row: 1, place: 0 },
    { rows: 1, width: 1, entry: 13, row: 1, place: 2 },
  ]);
  assertEquals(spanOf({ from: 1, to: 3 }, pieces, 100), { from: 132, to: 180 });
  assertEquals(spanOf({ from: 0, to: 1 }, pieces, 0), { from: 0, to: 32 });
  assertEquals(spanOf({ from: 1, to: 3 }, parts, 0), { from: 12, to: 28 });
  assertEquals(bytesOf({ from: 1, to: 3 }, pieces), 64);
  assertEquals(bytesOf({ from: 1, to: 3 }, { ...pieces, type: "float16" }), 32);
});

/** Pieces of this many bytes. */
const ofBytes = (bytes: number, count: number): Pieces => ({
  type: "int8",
  matrix: { rows: count, width: bytes, compares: { rows: true, columns: true } },
  isWhole: false,
  rows: 1,
  width: bytes,
  count,
});

Deno.test("divideParts() cuts tensors into parts of at most 64 MiB, and of at least one piece", () => {
  const MIB = 2 ** 20;
  assertEquals(divideParts([ofBytes(MIB, 65), ofBytes(40 * MIB, 2), ofBytes(100 * MIB, 1)]), [
    { tensor: 0, from: 0, to: 64 },
    { tensor: 0, from: 64, to: 65 },
    { tensor: 1, from: 0, to: 1 },
    { tensor: 1, from: 1, to: 2 },
    { tensor: 2, from: 0, to: 1 },
  ]);
  assertEquals(divideParts([{ ...ofBytes(MIB, 20), type: "float64" }]).map(({ to }) => to), [
    8,
    16,
    20,
  ]);
  assertEquals(divideParts([{ ...ofBytes(MIB, 20), rows: 4 }]).map(({ to }) => to), [16, 20]);
});

Deno.test("groupParts() puts small parts together, up to 64 of them", () => {
  const tensors = [...Array(65).fill(ofBytes(10, 1)), ofBytes(2 ** 26, 1), ofBytes(10, 1)];
  const groups = groupParts(divideParts(tensors), tensors, PART_BYTES);
  assertEquals(groups.map(({ length }) => length), [64, 1, 1, 1]);
});

Deno.test("groupBySize() fills groups in order, with a group of its own for what is larger", () => {
  const groups = (most: number, ...sizes: number[]) => groupBySize(sizes, (size) => size, most);
  assertEquals(groups(10, 4, 6, 1, 12, 3, 7, 1), [[4, 6], [1], [12], [3, 7], [1]]);
  assertEquals(groups(10), []);
  assertEquals(groups(10, 0, 10), [[0, 10]]);
});

Deno.test("CODE_FORMATS have the codes of infinity and of the first NaN, and the sign of whole numbers", () => {
  const code = (type: keyof typeof CODE_FORMATS) => {
    const { infinity, nan } = CODE_FORMATS[type]!;
    return [infinity, nan];
  };
  const bits = (value: number) => new Uint32Array(Float32Array.of(value).buffer)[0];
  assertEquals(code("float32"), [bits(Infinity), bits(Infinity) + 1]);
  assertEquals(code("float64"), code("float32"));
  assertEquals(code("bfloat16"), [bits(Infinity) >>> 16, (bits(Infinity) >>> 16) + 1]);
  // 5 bits of exponent before 10, or before 2 of the fraction.
  assertEquals(code("float16"), [31 << 10, (31 << 10) + 1]);
  assertEquals(code("float8_e5m2"), [31 << 2, (31 << 2) + 1]);
  // There is no infinity: all bits, or those of -0, are NaN.
  assertEquals(code("float8_e4m3"), [127, 127]);
  assertEquals([code("float8_e4m3fnuz"), code("float8_e5m2fnuz")], [[128, 128], [128, 128]]);
  const bytes = { int8: 1, int16: 2, int32: 4, int64: 8, uint8: 1, uint16: 2, uint32: 4 };
  for (const [type, count] of Object.entries({ ...bytes, uint64: 8, bool: 1 })) {
    assertEquals(CODE_FORMATS[type as "int8"], {
      bytes: count,
      infinity: 0,
      nan: 0,
      whole: type.startsWith("int") ? "signed" : "unsigned",
    });
  }
  assertEquals(
    ["float64", "float32", "float16", "bfloat16", "float8_e4m3", "float8_e5m2"].map((type) =>
      CODE_FORMATS[type as "float32"]!.bytes
    ),
    [8, 4, 2, 2, 1, 1],
  );
});
