import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { countOf, decode, encode, entriesOf, viewFloats } from "../../src/files/file_types.ts";
import { BYTES, type FileType, isFloat } from "../../src/ground/traits/number_types.ts";
import { assertRefused, parts } from "../assert_refused.ts";

/** Writers of the types whose entries are numbers here. */
const WRITTEN: Partial<Record<FileType, (numbers: number[]) => ArrayBufferView<ArrayBuffer>>> = {
  float64: (numbers) => new Float64Array(numbers),
  float32: (numbers) => new Float32Array(numbers),
  float16: (numbers) => new Float16Array(numbers),
  // The upper half of a float32, which holds whole numbers of 8 bits.
  bfloat16: (numbers) =>
    new Uint16Array(
      Array.from(new Uint32Array(new Float32Array(numbers).buffer), (bits) => bits >>> 16),
    ),
  int64: (numbers) => new BigInt64Array(numbers.map(BigInt)),
  int32: (numbers) => new Int32Array(numbers),
  int16: (numbers) => new Int16Array(numbers),
  int8: (numbers) => new Int8Array(numbers),
  uint64: (numbers) => new BigUint64Array(numbers.map(BigInt)),
  uint32: (numbers) => new Uint32Array(numbers),
  uint16: (numbers) => new Uint16Array(numbers),
  uint8: (numbers) => new Uint8Array(numbers),
  bool: (numbers) => new Uint8Array(numbers),
};

Deno.test("BYTES has for each type the bits of its name over 8, and one for a truth value", () => {
  for (const [type, bytes] of Object.entries(BYTES)) {
    assertEquals(bytes, type === "bool" ? 1 : Number(/\d+/.exec(type)) / 8, type);
  }
});

Deno.test("entriesOf() and decode() read what any type holds, from any address", () => {
  fc.assert(fc.property(
    fc.constantFrom(...Object.keys(WRITTEN) as FileType[]),
    fc.array(fc.integer({ min: 0, max: 127 }), { maxLength: 9 }),
    fc.nat({ max: 8 }),
    (type, numbers, address) => {
      const written = new Uint8Array(WRITTEN[type]!(numbers).buffer);
      assertEquals(written.length, numbers.length * BYTES[type]);
      const file = new Uint8Array([...Array(address).fill(255), ...written, 255]);
      const bytes = file.subarray(address, address + written.length);
      assertEquals([...entriesOf(bytes, type)], numbers);
      assertEquals(decode(bytes, type), new Float32Array(numbers));
    },
  ));
});

Deno.test("entriesOf() keeps the sign of every type that has one", () => {
  for (const [type, write] of Object.entries(WRITTEN)) {
    if (/^(uint|bool)/.test(type)) continue;
    const bytes = new Uint8Array(write([-1, -128]).buffer);
    assertEquals([...entriesOf(bytes, type as FileType)], [-1, -128], type);
  }
});

Deno.test("entriesOf() refuses types that are no numbers here, and isFloat() knows weights", () => {
  const types = Object.keys(BYTES) as FileType[];
  const unread = types.filter((type) => WRITTEN[type] === undefined && !type.startsWith("float8_"));
  assertEquals(unread, ["float8", "float6", "float4", "complex64", "complex128"]);
  for (const type of unread) {
    assertRefused(
      () => entriesOf(new Uint8Array(Math.ceil(BYTES[type])), type),
      parts(`Entries of ${type}`, "not read", "floats or integers"),
    );
  }
  assertEquals(types.filter(isFloat), [
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "float8_e4m3",
    "float8_e5m2",
    "float8_e4m3fnuz",
    "float8_e5m2fnuz",
  ]);
});

/** Largest distance from a number to the type's nearest one, for ties too: half of the last bit. */
const HALF_BIT: Partial<Record<FileType, number>> = {
  float64: 2 ** -53,
  float32: 2 ** -24,
  float16: 2 ** -11,
  bfloat16: 2 ** -8,
};

Deno.test("encode() rounds to the nearest number of a type, and ties to the even one", () => {
  for (const [type, half] of Object.entries(HALF_BIT) as [FileType, number][]) {
    const written = (x: number) => decode(encode(Float32Array.of(x), type), type)[0];
    fc.assert(fc.property(
      fc.float({ min: 2 ** -10, max: 2 ** 10, noNaN: true }),
      fc.boolean(),
      (size, isNegative) => {
        const x = isNegative ? -size : size;
        const found = written(x);
        const unit = 2 ** Math.floor(Math.log2(size));
        assert(Math.abs(found - x) <= half * unit, `${type}: ${x} becomes ${found}`);
        assertEquals(written(found), found);
      },
    ));
    // Float32 holds these ties of the narrower types: 1 + half a bit, and 1 + one and a half.
    if (half <= 2 ** -24) continue;
    assertEquals([written(1 + half), written(1 + 3 * half)], [1, 1 + 4 * half], type);
    assertEquals([written(1 + half * 1.5), written(1 + half * 0.5)], [1 + 2 * half, 1], type);
  }
});

Deno.test("viewFloats() shares the bytes of float32 at a multiple of 4, and copies all others", () => {
  const bytes = new Uint8Array(Float32Array.of(1, 2, 3).buffer);
  const sharesBytes = (part: Uint8Array<ArrayBuffer>, type: FileType) =>
    viewFloats(part, type).buffer === part.buffer;
  assertEquals(sharesBytes(bytes.subarray(4), "float32"), true);
  assertEquals([...viewFloats(bytes.subarray(4), "float32")], [2, 3]);
  const moved = new Uint8Array(13);
  moved.set(bytes, 1);
  assertEquals(sharesBytes(moved.subarray(1), "float32"), false);
  assertEquals([...viewFloats(moved.subarray(1), "float32")], [1, 2, 3]);
  assertEquals(sharesBytes(bytes, "int32"), false);
  assertEquals([...viewFloats(bytes.subarray(0, 4), "float16")], [0, 1.875]);
});

Deno.test("encode() writes only floats", () => {
  for (const type of Object.keys(BYTES) as FileType[]) {
    if (type in HALF_BIT) continue;
    const said = parts(`Entries of ${type}`, "not written", "floating-point numbers");
    assertRefused(() => encode(Float32Array.of(1), type), said);
  }
});

Deno.test("countOf() counts up to 2^53 - 1 entries, and those of whole sizes from 0", () => {
  const cases: [unknown[], number | null][] = [
    [[], 1],
    [[0], 0],
    [[3, 0, 2], 0],
    [[2, 3, 4], 24],
    [[2 ** 53 - 1], 2 ** 53 - 1],
    [[2 ** 53], null],
    [[2 ** 52, 2], null],
    [[2 ** 30, 2 ** 30, 0], null],
    [[-1], null],
    [[0.5], null],
    [["2"], null],
    [[null], null],
  ];
  for (const [shape, count] of cases) assertEquals(countOf(shape), count, `${shape}`);
});

Deno.test("decode() reads FP8 as the Open Compute Project defines it", () => {
  const codes = new Uint8Array([0, 0x80, 0x01, 0x07, 0x08, 0x38, 0xb9, 0x7e, 0x7f, 0xff]);
  assertEquals([...decode(codes, "float8_e4m3")], [
    0,
    -0,
    2 ** -9,
    7 * 2 ** -9,
    2 ** -6,
    1,
    -1.125,
    448,
    NaN,
    NaN,
  ]);
  const others = new Uint8Array([0, 0x80, 0x01, 0x03, 0x04, 0x3c, 0xbd, 0x7b, 0x7c, 0xfc, 0x7d]);
  assertEquals([...decode(others, "float8_e5m2")], [
    0,
    -0,
    2 ** -16,
    3 * 2 ** -16,
    2 ** -14,
    1,
    -1.25,
    57344,
    Infinity,
    -Infinity,
    NaN,
  ]);
});
