import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ModelError } from "../../src/core/model/model_error.ts";
import { bytesInMemory } from "../../src/files/byte_source.ts";
import { openZip } from "../../src/files/unzip.ts";
import { writeZip64 } from "../torch/write_zip64.ts";
import { type Packed, writeZip } from "./write_zip.ts";
import {
  assertRefused,
  assertRefusedLater,
  type Parts,
  parts,
  partsOf,
} from "../assert_refused.ts";

const bytes = (count: number, value = 7) => new Uint8Array(count).fill(value);
const open = (archive: Uint8Array) => openZip(archive, ModelError);
const refuses = (files: readonly Packed[], said: Parts) => {
  const error = assertThrows(() => {
    for (const entry of open(writeZip(files)).values()) entry.read();
  }, ModelError);
  assertEquals(partsOf(error), said);
};

Deno.test("openZip() lists files and unpacks both stored and deflated ones", () => {
  const entries = open(writeZip([
    { name: "a/", content: bytes(0) },
    { name: "a/stored", content: bytes(5) },
    { name: "b", content: bytes(1000, 3), deflate: true },
    { name: "empty", content: bytes(0), deflate: true },
  ]));
  assertEquals([...entries.keys()], ["a/stored", "b", "empty"]);
  assertEquals(entries.get("a/stored")!.read(), bytes(5));
  assertEquals(entries.get("b")!.read(), bytes(1000, 3));
  assertEquals(entries.get("empty")!.read().length, 0);
});

Deno.test("openZip() refuses names that lead out of the archive, and a name twice", () => {
  for (const name of ["../x", "a/../../x", "/etc/passwd", "C:/x", "a\\b", "a\0b"]) {
    const error = assertThrows(() => open(writeZip([{ name, content: bytes(1) }])), ModelError);
    assertEquals([error.found, error.expected], ["a path outside the archive", "one inside"]);
  }
  open(writeZip([{ name: "a..b/..c", content: bytes(1) }]));
  const twice = { name: "x", content: bytes(1) };
  refuses([twice, twice], parts('entry "x" of the zip archive', "there twice", "once"));
});

Deno.test("openZip() refuses a bomb before it unpacks anything", () => {
  const name = "bomb", content = bytes(2 ** 27, 0);
  refuses(
    [{ name, content, deflate: true }],
    parts("the zip archive", "134,217,728 bytes", "at most 68,414,604 bytes"),
  );
  open(writeZip([{ name, content: bytes(2 ** 26, 0), deflate: true }])).get(name)!.read();
});

Deno.test("openZip() does not unpack more than the list of contents says", () => {
  const content = bytes(2 ** 20, 0);
  const damaged = parts(
    'entry "x" of the zip archive',
    "damaged",
    "the size and checksum that the archive states",
  );
  for (const size of [0, 1, 2 ** 20 - 1, 2 ** 20 + 1]) {
    refuses([{ name: "x", content, deflate: true, claims: { size } }], damaged);
  }
  refuses([{ name: "x", content: bytes(4), claims: { checksum: 1 } }], damaged);
});

Deno.test("openZip() refuses files that share bytes, as bombs without nesting do", () => {
  refuses([
    { name: "a", content: bytes(10) },
    { name: "b", content: bytes(10), claims: { offset: 0 } },
  ], parts('entries "a" and "b" of the zip archive', "bytes", "each to have its own"));
});

Deno.test("openZip() takes files in any order in its list of contents, and sees them overlap in any", () => {
  const content = bytes(10);
  // Each file of one letter takes 41 bytes.
  const at = (name: string, place: number) => ({ name, content, claims: { offset: 41 * place } });
  for (const order of [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]]) {
    const entries = open(writeZip(order.map((place) => at("abc"[place], place))));
    assertEquals([...entries.keys()].join(""), order.map((place) => "abc"[place]).join(""));
    for (const entry of entries.values()) assertEquals(entry.read(), content);
  }
  refuses(
    [at("a", 2), at("b", 0), at("c", 2)],
    parts('entries "a" and "c" of the zip archive', "bytes", "each to have its own"),
  );
});

Deno.test("openZip() refuses what it cannot read, and says what it is", () => {
  const content = bytes(4);
  refuses(
    [{ name: "x", content, claims: { method: 12 } }],
    parts('entry "x" of the zip archive', "compression method 12", "0 (stored) or 8 (deflate)"),
  );
  refuses(
    [{ name: "x", content, claims: { flags: 1 } }],
    parts('entry "x" of the zip archive', "encrypted", "it without"),
  );
  refuses(
    [{ name: "x", content, claims: { size: 5 } }],
    parts('entry "x" of the zip archive', "4 bytes", "5 as it is stored"),
  );
  refuses(
    [{ name: "x", content, claims: { size: 0xffffffff } }],
    parts("entry 0 of the zip archive", "a size of 0xffffffff", "it in a ZIP64 record"),
  );
  // The archive has 104 bytes.
  for (const offset of [3, 101, 104, 110, 134, 2 ** 31]) {
    refuses(
      [{ name: "x", content, claims: { offset } }],
      parts(
        "entry 0 of the zip archive",
        `not at byte ${offset}`,
        "it where the list of contents has it",
      ),
    );
  }
  refuses(
    [{ name: "x", content, claims: { packed: 99, size: 99 } }],
    parts('entry "x" of the zip archive', "byte 130", "at most 35: truncated"),
  );
});

Deno.test("openZip() refuses an archive that is cut anywhere", () => {
  const whole = writeZip([
    { name: "a", content: bytes(20) },
    { name: "b", content: bytes(50), deflate: true },
  ]);
  for (let length = 0; length < whole.length; length++) {
    assertThrows(() => {
      for (const entry of open(whole.subarray(0, length)).values()) entry.read();
    }, ModelError);
  }
});

Deno.test("openZip() reads sizes and places of ZIP64, and refuses records that are not there", async () => {
  const path = await Deno.makeTempFile();
  const files = [{ name: "a", content: bytes(5) }, { name: "b/c", content: bytes(300, 3) }];
  await writeZip64(path, files);
  const archive = await Deno.readFile(path);
  await Deno.remove(path);
  const entries = open(archive);
  assertEquals(
    [...entries].map(([name, entry]) => ({ name, content: entry.read() })),
    files,
  );
  // The end has 22 bytes, the locator before it 20, and the record before that 56.
  const end = archive.length - 22;
  for (
    const [from, found, expected] of [
      [end - 20, "no ZIP64 record", "one beside sizes of 0xffffffff"],
      [end - 76, `no ZIP64 record at byte ${end - 76}`, "one"],
    ] as const
  ) {
    for (let i = from; i < from + 4; i++) {
      const broken = archive.with(i, archive[i] ^ 1);
      assertRefused(() => open(broken), parts("the zip archive", found, expected), ModelError);
    }
  }
  // A field of the list that states fewer than 24 bytes lacks one of the three numbers.
  const field = archive.findLastIndex((_, i) =>
    archive[i] === 1 && archive[i + 1] === 0 && archive[i + 2] === 24 && archive[i + 3] === 0
  );
  for (let size = 0; size < 24; size++) {
    assertRefused(
      () => open(archive.with(field + 2, size)),
      parts("entry 1 of the zip archive", "a size of 0xffffffff", "it in a ZIP64 record"),
      ModelError,
    );
  }
});

Deno.test("an entry that is unpacked in pieces is held against its size and checksum, too", async () => {
  const content = Uint8Array.from({ length: 50_000 }, (_, i) => i * i >> 3);
  const unpack = (source: Parameters<typeof openZip>[0]) =>
    Array.fromAsync(openZip(source, ModelError).get("x")!.unpack());
  const zip = (claims = {}) => writeZip([{ name: "x", content, deflate: true, claims }]);
  const pieces = await unpack(zip());
  assertEquals(new Uint8Array(pieces.flatMap((piece) => [...piece])), content);
  const said = parts(
    'entry "x" of the zip archive',
    "damaged",
    "the size and checksum that the archive states",
  );
  const damaged = zip();
  damaged.fill(255, 40, 60);
  const wrong = [damaged, zip({ size: 49_999 }), zip({ size: 50_001 }), zip({ checksum: 1 })];
  for (const archive of wrong) await assertRefusedLater(() => unpack(archive), said, ModelError);
  // Errors of the file itself pass through: that it was changed, or cannot be read.
  const source = bytesInMemory(zip());
  const entry = openZip(source, ModelError).get("x")!;
  source.read = () => {
    throw new ModelError("the file was changed");
  };
  await assertRejects(() => Array.fromAsync(entry.unpack()), ModelError, "the file was changed");
});
