import { readWeights } from "../../src/load/read_weights.ts";
import { divideParts, dividePieces, pieceAt } from "../../src/checkpoint/plan_sweep.ts";
import { sweepTensors } from "../../src/checkpoint/sample_tensors.ts";
import { threadsFor } from "../../src/checkpoint/sweep_in_parallel.ts";
import type { UnitAxis } from "../../src/checkpoint/tensor_sweep.ts";
import type { LineCounts } from "../../src/core/measure/measurements.ts";
import { measureCheckpoint, measureWeights } from "../../src/checkpoint/measure_checkpoint.ts";
import { figuresOf, sumEntries } from "../../src/core/measure/sums.ts";
import { decode, encode } from "../../src/files/file_types.ts";
import { BYTES, type FileType } from "../../src/ground/traits/number_types.ts";
import { safetensors } from "../torch/fixture.ts";
import { writeCheckpoint } from "./write_checkpoint.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";

const TYPES: FileType[] = [
  "float64",
  "float32",
  "float16",
  "bfloat16",
  "float8_e4m3",
  "float8_e5m2",
];

/** Returns entries of a type: random codes, of which most are finite, as their file has them. */
function draw(type: FileType, count: number, seed: number): Uint8Array<ArrayBuffer> {
  let state = seed;
  const next = () => (state = Math.imul(state, 1664525) + 1013904223 >>> 0) / 2 ** 32;
  if (BYTES[type] === 1) {
    return Uint8Array.from(
      { length: count },
      () => Math.floor(next() * 120) + (next() < 0.5 ? 128 : 0),
    );
  }
  const values = Float32Array.from(
    { length: count },
    () => (next() - 0.5) * 10 ** (6 * next() - 4),
  );
  return encode(values, type) as Uint8Array<ArrayBuffer>;
}

/** Counts lines as slowly as can be. */
function countLines(lines: number[][]): LineCounts {
  const isWhole = lines.filter((line) => !line.some(Number.isNaN));
  const zero = isWhole.filter((line) => line.every((x) => x === 0)).length;
  const constant =
    isWhole.filter((line) => line[0] !== 0 && line.every((x) => x === line[0])).length;
  const different = new Set(isWhole.map((line) => line.map((x) => x + 0).join()));
  return { zero, constant, repeated: isWhole.length - different.size };
}

function linesOf(values: ArrayLike<number>, rows: number) {
  const width = values.length / rows;
  const at = (row: number, column: number) => values[row * width + column];
  const range = (length: number) => Array.from({ length }, (_, i) => i);
  return {
    rows: range(rows).map((row) => range(width).map((column) => at(row, column))),
    columns: range(width).map((column) => range(rows).map((row) => at(row, column))),
  };
}

async function sweepFile(
  bytes: Uint8Array<ArrayBuffer>,
  shape: number[],
  type: FileType,
  units: UnitAxis | null = null,
) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, new Uint8Array([1, 2, 3, ...bytes]));
    const { size, mtime } = await Deno.stat(path);
    const stored = { file: { path, size, changed: mtime!.getTime() }, offset: 3 };
    const read = () => decode(bytes, type);
    return sweepTensors([{ tensor: { name: "w", shape, type, read, stored }, units }])[0];
  } finally {
    await Deno.remove(path);
  }
}

/**
 * Plants lines into random entries: zeros of both signs, constants, repeats, and two that would be
 * equal except for a NaN.
 */
function plant(
  bytes: Uint8Array<ArrayBuffer>,
  type: FileType,
  { rows, along }: { rows: number; along: "rows" | "columns" },
): void {
  const size = BYTES[type];
  const width = bytes.length / size / rows;
  const [lines, length] = along === "rows" ? [rows, width] : [width, rows];
  const one = (line: number, place: number) => {
    const at = size * (along === "rows" ? line * width + place : place * width + line);
    return bytes.subarray(at, at + size);
  };
  const number = (x: number) =>
    type.startsWith("float8")
      ? new Uint8Array([Number.isNaN(x) ? 0x7f : 0x38])
      : encode(Float32Array.of(x), type);
  for (let place = 0; place < length; place++) {
    one(lines - 1, place).fill(0);
    one(1, place).fill(0);
    if (place % 2 === 1) one(1, place)[size - 1] = 0x80;
    one(2, place).set(number(1));
    one(lines - 2, place).set(one(0, place));
  }
  one(0, 3).set(number(NaN));
  one(lines - 2, 3).set(number(NaN));
}

/** Compares quantiles with those of sorted entries, of wide types to 4 bits of mantissa. */
function assertQuantiles(quantiles: readonly number[], sorted: Float32Array, type: FileType): void {
  const expected = [0.001, 0.01, 0.25, 0.5, 0.75, 0.99, 0.999].map((share) =>
    sorted[Math.ceil(share * sorted.length) - 1] + 0
  );
  if (BYTES[type] <= 2) return assertEquals(quantiles, expected);
  assertEquals(quantiles.length, expected.length);
  quantiles.forEach((value, i) => {
    const below = 1 - value / expected[i];
    assert(value === expected[i] || below >= 0 && below < 1 / 16, `${value}, not ${expected[i]}`);
  });
}

for (const type of TYPES) {
  for (
    const [rows, width, along] of [
      [9, 5, "rows"],
      [9, 5, "columns"],
      [8, 4, "rows"],
      [16, 33, "columns"],
      [10, 2049, "rows"],
      [10, 2049, "columns"],
    ] as const
  ) {
    Deno.test(`a sweep over ${rows} x ${width} ${type}, lines planted in ${along}, has the figures of its entries`, async () => {
      const bytes = draw(type, rows * width, rows + width);
      plant(bytes, type, { rows, along });
      const values = decode(bytes, type);
      const found = await sweepFile(bytes, [rows, width], type, { axis: "rows" });
      const is = figuresOf(found.sums), should = figuresOf(sumEntries(values));
      for (const key of ["count", "maxAbs", "zeroFraction", "nonFinite"] as const) {
        assertEquals(is[key], should[key], key);
      }
      for (const key of ["meanAbs", "rms", "std", "l2"] as const) {
        assertAlmostEquals(is[key] / should[key], 1, 1e-12, key);
      }
      assertAlmostEquals((is.mean - should.mean) / should.meanAbs, 0, 1e-12);
      const lines = linesOf(values, rows);
      assertEquals(found.rows, countLines(lines.rows), "rows");
      assertEquals(found.columns, countLines(lines.columns), "columns");
      const { repeated, zero } = found.rows!;
      assertEquals(found.units, { count: rows, duplicate: repeated, zero });
      // With only as many entries, two lines of 8 bits may also be equal by chance.
      assertEquals([found[along]!.zero, found[along]!.constant], [2, 1]);
      assert(found[along]!.repeated >= 1);
      assertEquals(found.nonFinite!.firstNaN, values.findIndex(Number.isNaN));
      assertEquals(found.nonFinite!.nan, values.filter(Number.isNaN).length);
      const { exponents } = found.sums;
      const bits = new Uint32Array(values.buffer);
      const counted = new Float64Array(256);
      for (const code of bits) counted[code >>> 23 & 255]++;
      assertEquals(exponents, counted);
      const { limit, counts } = found.sums.bins!;
      assert(limit / 2 < is.maxAbs && is.maxAbs <= limit);
      const byValue = new Array(64).fill(0);
      for (const x of values.filter(Number.isFinite)) {
        const fromZero = Math.min(31, Math.trunc(32 * Math.abs(x) / limit));
        byValue[x < 0 ? 31 - fromZero : 32 + fromZero]++;
      }
      assertEquals(counts, byValue);
      assertQuantiles(found.sums.quantiles!, values.filter(Number.isFinite).sort(), type);
    });
  }
}

Deno.test("a sweep finds infinities apart from NaN, by the index of the first", async () => {
  for (const type of ["float64", "float32", "float16", "bfloat16"] as const) {
    const values = Float32Array.of(1, 2, -Infinity, NaN, Infinity, 3);
    const { nonFinite } = await sweepFile(
      encode(values, type) as Uint8Array<ArrayBuffer>,
      [2, 3],
      type,
    );
    assertEquals(nonFinite, { nan: 1, infinite: 2, firstNaN: 3, firstInfinite: 2 });
  }
});

Deno.test("units on the second axis are groups of columns", async () => {
  // [in 2, out 3, window 2]: the first and the last unit are equal, the second is zero.
  const values = Float32Array.of(1, 2, 0, 0, 1, 2, 3, 4, 0, -0, 3, 4);
  const bytes = new Uint8Array(values.buffer);
  const { units } = await sweepFile(bytes, [2, 3, 2], "float32", { axis: "columns", window: 2 });
  assertEquals(units, { count: 3, duplicate: 1, zero: 1 });
  const moved = new Uint8Array(Float32Array.of(1, 2, 0, 0, 2, 1, 3, 4, 0, 1, 4, 3).buffer);
  const other = await sweepFile(moved, [2, 3, 2], "float32", { axis: "columns", window: 2 });
  assertEquals(other.units, { count: 3, duplicate: 0, zero: 0 });
});

Deno.test("pieces cover each entry once, whatever the shape", () => {
  const shapes = [[7], [3, 5], [70000, 3], [2, 300000], [5, 131072], [2 ** 20 + 1, 2], [1, 1], []];
  for (const shape of shapes) {
    for (const type of ["float64", "bfloat16"] as const) {
      const pieces = dividePieces(shape, type);
      let next = 0;
      for (const { from, to } of divideParts([pieces])) {
        for (let i = from; i < to; i++) {
          const { entry, rows, width } = pieceAt(pieces, i);
          assertEquals(entry, next, `${shape} ${type}`);
          assert(rows * width * BYTES[type] <= 2 ** 20);
          next += rows * width;
        }
      }
      assertEquals(next, shape.reduce((a, b) => a * b, 1));
    }
  }
});

Deno.test("lines that begin alike are compared to their ends", async () => {
  const rows = 200, width = 300;
  const values = new Float32Array(draw("float32", rows * width, 3).buffer);
  values.copyWithin(0, width, 2 * width);
  values[width - 1]++;
  values.copyWithin(2 * width, 3 * width, 4 * width);
  values.fill(0, 5 * width, 5 * width + 299);
  for (let row = 0; row < rows; row++) {
    values[row * width + 7] = values[row * width + 8];
    values[row * width + 9] = values[row * width + 10] + (row === rows - 1 ? 1 : 0);
    values[row * width + 11] = row === rows - 1 ? 2 : 0;
    values[row * width + 12] = 3;
  }
  const lines = linesOf(values, rows);
  const found = await sweepFile(new Uint8Array(values.buffer), [rows, width], "float32");
  assertEquals([found.rows, found.columns], [countLines(lines.rows), countLines(lines.columns)]);
  assertEquals([found.rows!.repeated, found.columns!.repeated], [1, 1]);
});

Deno.test("rows of several pieces are hashed as a whole", async () => {
  const width = 300_000;
  const bytes = draw("bfloat16", 4 * width, 5);
  const row = (i: number) => bytes.subarray(2 * i * width, 2 * (i + 1) * width);
  row(3).set(row(1));
  row(0).fill(0);
  const found = await sweepFile(bytes, [4, width], "bfloat16");
  assertEquals(found.rows, { zero: 1, constant: 0, repeated: 1 });
  assertEquals(found.columns, null);
  // Two pieces exchanged are another row.
  const first = row(3).slice(0, 2 * 131072);
  row(3).copyWithin(0, 2 * 131072, 4 * 131072);
  row(3).set(first, 2 * 131072);
  assertEquals((await sweepFile(bytes, [4, width], "bfloat16")).rows!.repeated, 0);
});

Deno.test("measureCheckpoint() has the bits of measureWeights(), however many threads there are", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    // 140 MB: more than one thread is worth it, and "a.weight" is divided among them.
    const broken = [1000 * 8192 + 5, 4900 * 8192 + 7];
    const apply = (values: Float32Array, first: number) => {
      for (const at of broken) {
        if (at >= first && at < first + values.length) values[at - first] = NaN;
      }
    };
    const change = { from: broken[0], to: broken[1] + 1, apply };
    await writeCheckpoint(path, [
      { name: "a.weight", dtype: "BF16", shape: [5000, 8192], change },
      { name: "a.bias", dtype: "BF16", shape: [5000] },
      { name: "b.weight", dtype: "F32", shape: [2048, 5000] },
      { name: "c.weight", dtype: "F16", shape: [2, 3, 4, 5] },
      { name: "d.weight", dtype: "F64", shape: [1000, 2000] },
    ]);
    const file = await readWeights(path);
    const seen: number[] = [];
    const onProgress = ({ bytes, total }: { bytes: number; total: number }) =>
      seen.push(bytes / total);
    const one = await measureCheckpoint(file, { threads: 1, onProgress });
    assertEquals(one, measureWeights(file));
    assertEquals(await measureCheckpoint(file, { threads: 3 }), one);
    const places = one.layers.flatMap(({ weights }) => weights.flatMap((w) => w.nonFiniteAt ?? []));
    assertEquals(places, [{ nan: 2, infinite: 0, first: [1000, 5] }]);
    assert(seen.length > 1 && seen.every((share, i) => share > (seen[i - 1] ?? 0)));
    assertEquals(seen.at(-1), 1);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("as many threads as cores are used, up to what memory allows", () => {
  const file = { path: "w", size: 9, changed: null };
  const here = [{ stored: { file, offset: 0 } }, {}];
  const remote = { mailbox: new SharedArrayBuffer(8), id: 0 };
  const far = [...here, { stored: { file: { ...file, remote }, offset: 0 } }];
  assertEquals([1, 3, 64].map((cores) => threadsFor("sweep", here, cores)), [1, 3, 8]);
  assertEquals([1, 3, 64].map((cores) => threadsFor("comparison", here, cores)), [1, 3, 6]);
  assertEquals([1, 3, 64].map((cores) => threadsFor("sweep", far, cores)), [1, 2, 2]);
  assertEquals(threadsFor("comparison", far, 64), 1);
});

Deno.test("measureCheckpoint() says that a file was changed while it was read", async () => {
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  try {
    const bytes = 2 ** 28;
    const shape = [2 ** 13, 2 ** 14];
    const head = safetensors({ w: { dtype: "BF16", shape, data_offsets: [0, bytes] } });
    await Deno.writeFile(path, head);
    await Deno.truncate(path, head.length + bytes);
    const file = await readWeights(path);
    await Deno.truncate(path, bytes);
    const error = await measureCheckpoint(file).catch((error) => error);
    assertEquals(error.message, `${path}: the file was changed while it was being read`);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("measureWeights() compares the units of a transposed convolution along its second axis", () => {
  const duplicates = (shape: [number, number, number, number], last: number) => {
    const [inputs, units, height, width] = shape;
    const values = new Float32Array(inputs * units * height * width);
    const window = height * width;
    // Each unit has the same numbers, which differ from input to input and over the window.
    values.forEach((_, i) => {
      values[i] = 1 + Math.floor(i / window / units) * window + i % window;
    });
    values[values.length - 1] = last;
    const { layers } = measureWeights({
      path: "up.safetensors",
      format: "safetensors",
      notes: [],
      tensors: [
        { name: "up.weight", shape: [...shape], type: "float32", read: () => values },
        { name: "up.bias", shape: [units], type: "float32", read: () => new Float32Array(units) },
      ],
    });
    assertEquals(layers.map(({ className }) => className), ["ConvTranspose2d"]);
    return layers[0].weights[0].duplicateUnits;
  };
  assertEquals(duplicates([3, 2, 2, 2], 12), 1);
  assertEquals(duplicates([3, 2, 2, 2], 99), 0);
  assertEquals(duplicates([2, 4, 2, 3], 12), 3);
  assertEquals(duplicates([2, 4, 2, 3], 99), 2);
});
