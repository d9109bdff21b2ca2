import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ModelError } from "../../src/core/model/model_error.ts";
import { openZip } from "../../src/files/unzip.ts";
import { type End, type Packed, writeZip } from "./write_zip.ts";
import { assertRefused, parts, partsOf } from "../assert_refused.ts";

const bytes = (count: number, value = 7) => new Uint8Array(count).fill(value);
const open = (files: readonly Packed[], end?: End) => openZip(writeZip(files, end), ModelError);
const refusal = (files: readonly Packed[], end?: End) =>
  partsOf(assertThrows(() => open(files, end), ModelError));

/** Bytes of the length of a file's neighbour: little-endian, so that 256 has its first byte 0. */
const length = fc.constantFrom(0, 1, 255, 256, 300);

Deno.test("openZip() finds files and list whatever fields and comments stand between them", () => {
  const files = fc.array(
    fc.record({
      content: fc.uint8Array({ maxLength: 9 }),
      deflate: fc.boolean(),
      extra: fc.record({ local: length, list: length, comment: length }),
    }),
    { maxLength: 3 },
  );
  fc.assert(fc.property(files, length, (given, comment) => {
    const packed = given.map((one, i) => ({ ...one, name: `f${i}` }));
    const entries = open(packed, { comment: bytes(comment) });
    assertEquals([...entries.keys()], packed.map(({ name }) => name));
    for (const { name, content } of packed) {
      const entry = entries.get(name)!;
      assertEquals([entry.size, [...entry.read()]], [content.length, [...content]]);
    }
  }));
});

Deno.test("openZip() finds an empty archive, and one whose comment is as long as it can be", () => {
  assertEquals(open([]).size, 0);
  const one = [{ name: "x", content: bytes(1) }];
  assertEquals(open(one, { comment: bytes(0xffff) }).size, 1);
  const none = parts(
    "",
    "the file is not a whole zip archive: it has no list of contents at its end",
    "",
  );
  const archive = writeZip(one, { comment: bytes(0xffff) });
  for (const tail of [1, 2]) {
    const longer = new Uint8Array(archive.length + tail);
    longer.set(archive);
    assertRefused(() => openZip(longer, ModelError), none, ModelError);
  }
});

Deno.test("openZip() takes the last record at the end whose comment reaches the end", () => {
  // A comment that looks like the end of another archive, but is followed by more than it says.
  const fake = bytes(22, 0);
  fake.set([0x50, 0x4b, 5, 6]);
  const one = [{ name: "x", content: bytes(1) }];
  assertEquals(open(one, { comment: new Uint8Array([...fake, 1]) }).size, 1);
  // This one is an end: the archive that it belongs to is empty.
  assertEquals(open(one, { comment: fake }).size, 0);
});

Deno.test("openZip() refuses a field of ZIP64 without its record, each by itself", () => {
  const one = [{ name: "x", content: bytes(1) }];
  const large = parts("the zip archive", "no ZIP64 record", "one beside sizes of 0xffffffff");
  for (const end of [{ count: 0xffff }, { size: 0xffffffff }, { start: 0xffffffff }]) {
    assertEquals(refusal(one, end), large);
  }
  for (const field of ["packed", "size", "offset"]) {
    const file = { ...one[0], claims: { [field]: 0xffffffff } };
    assertEquals(
      refusal([file]),
      parts("entry 0 of the zip archive", "a size of 0xffffffff", "it in a ZIP64 record"),
    );
  }
});

Deno.test("openZip() refuses a list that is not where the end says, or is cut off", () => {
  const file = { name: "x", content: bytes(10) };
  // The file takes 41 bytes, its entry in the list 47.
  assertEquals(
    refusal([file], { start: 42 }),
    parts("the zip archive", "its list of contents at byte 89", "it before 88"),
  );
  assertEquals(
    refusal([file], { size: 48 }),
    parts("the zip archive", "its list of contents at byte 89", "it before 88"),
  );
  assertEquals(
    refusal([file], { size: 45 }),
    parts("entry 0 of the zip archive", "missing", "it in the list of contents: truncated"),
  );
  assertEquals(
    refusal([file], { size: 46 }),
    parts("entry 0 of the zip archive", "cut off", "all of it: truncated"),
  );
  assertEquals(
    refusal([file], { count: 2 }),
    parts("entry 1 of the zip archive", "missing", "it in the list of contents: truncated"),
  );
  assertEquals(
    refusal([file], { start: 40 }),
    parts("entry 0 of the zip archive", "missing", "it in the list of contents: truncated"),
  );
  const extra = { list: 300, comment: 300 };
  assertEquals(
    refusal([{ ...file, extra }], { size: 646 }),
    parts("entry 0 of the zip archive", "cut off", "all of it: truncated"),
  );
});

Deno.test("openZip() refuses files that share any byte, and takes those that meet", () => {
  const file = (name: string) => ({ name, content: bytes(10) });
  const a = file("a");
  const b = file("b");
  assertEquals(open([a, b]).size, 2);
  // Bytes of the first that hold the head of a second file, whole or up to its last byte.
  const inner = writeZip([{ name: "c", content: bytes(9) }]).subarray(0, 40);
  for (const shift of [0, 1]) {
    const content = new Uint8Array([...bytes(shift), ...inner]);
    const outer = { name: "a", content };
    const hidden = { name: "c", content: bytes(9), claims: { offset: 31 + shift } };
    assertEquals(
      refusal([outer, hidden]),
      parts('entries "a" and "c" of the zip archive', "bytes", "each to have its own"),
    );
  }
  // A folder has bytes of its own, too.
  const folder = { name: "d/", content: bytes(0), claims: { offset: 0 } };
  assertEquals(
    refusal([a, folder]),
    parts('entries "a" and "d/" of the zip archive', "bytes", "each to have its own"),
  );
});

Deno.test("openZip() lets an archive unpack to 10 times its size and 64 MiB", () => {
  const noise = Uint8Array.from({ length: 2 ** 18 }, (_, i) => (i * i * 31 + (i >> 3) * 17) & 255);
  const stored = { name: "noise", content: noise };
  const zeros = (count: number) => ({ name: "z", content: bytes(count, 0), deflate: true });
  const probe = 69_000_000;
  assertEquals(open([stored, zeros(probe)]).size, 2);
  const archive = writeZip([stored, zeros(71_000_000)]);
  const most = 2 ** 26 + 10 * archive.length;
  assertRefused(
    () => openZip(archive, ModelError),
    parts("the zip archive", "71,262,144 bytes", `at most ${most.toLocaleString("en")} bytes`),
    ModelError,
  );
});
