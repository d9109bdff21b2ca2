import { openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import type { Hdf5Array } from "../../../src/keras/hdf5/read_array.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { assertRefused, parts, partsOf } from "../../assert_refused.ts";

const FOLDER = new URL("../../../fixtures/files/hdf5/", import.meta.url);

/** A file that bench/peers/write_bad_hdf5.py wrote, with other bytes at some places. */
function file(name: string, changes: readonly [at: number, byte: number][] = []) {
  const bytes = new Uint8Array(gunzipSync(Deno.readFileSync(new URL(`${name}.h5.gz`, FOLDER))));
  for (const [at, byte] of changes) bytes[at] = byte;
  return bytes;
}

/** Returns the places of a row of bytes. */
function placesOf(bytes: Uint8Array, wanted: readonly number[]): number[] {
  const found: number[] = [];
  for (let at = 0; at + wanted.length <= bytes.length; at++) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) found.push(at);
  }
  return found;
}

const refusal = (bytes: Uint8Array) => partsOf(assertThrows(() => openHdf5(bytes), ModelError));

Deno.test("openHdf5() reads first blocks of the versions 2 and 3 alike, and refuses a fourth", () => {
  const link = parts('The header of "/"', '"b", a link to another name', "data");
  for (const version of [2, 3]) {
    assertEquals(refusal(file("newest_soft_link", [[8, version]])), link);
  }
  const what = "The first block of the HDF5 file";
  for (const name of ["types", "newest_soft_link"]) {
    assertEquals(refusal(file(name, [[8, 4]])), parts(what, "version 4", "0 or 1 or 2 or 3"));
  }
  // Version 0 has the widths at 13, the newer ones at 9.
  for (const [name, at] of [["types", 13], ["newest_soft_link", 9]] as const) {
    for (const place of [at, at + 1]) {
      const given = place === at ? 2 : 8;
      assertEquals(
        refusal(file(name, [[place, 2]])),
        parts(what, `addresses of ${given} bytes`, "4 or 8"),
      );
    }
  }
});

Deno.test("openHdf5() reads arrays whose layout has version 3 or 4, and refuses others", () => {
  const bytes = file("types");
  // The layout of an array in one piece: message 8 of 24 bytes, version 3, class 1.
  const places = placesOf(bytes, [8, 0, 24, 0, 0, 0, 0, 0, 3, 1]).map((at) => at + 8);
  assert(places.length > 10);
  const values = (changes: readonly [number, number][]) =>
    [...openHdf5(file("types", changes)).children.values()].map((one) => (one as Hdf5Array).read());
  const newer = places.map((at): [number, number] => [at, 4]);
  assertEquals(values(newer), values([]));
  for (const version of [2, 5]) {
    const { found, expected } = refusal(file("types", [[places[0], version]]));
    assertEquals([found, expected], [`version ${version}`, "3 or 4"]);
  }
});

Deno.test("openHdf5() finds a text in the heap that has it, and says where one ends too early", () => {
  const [heap] = placesOf(file("types"), [0x47, 0x43, 0x4f, 0x4c]);
  // Its head of 16 bytes, then "ein Wort: Größe" with the 16 bytes of its own head and room up to a multiple of 8.
  const end = 16 + 16 + 24;
  const texts = (changes: readonly [number, number][], name: string) =>
    openHdf5(file("types", changes)).texts(name);
  /** The heap with this many bytes. */
  const cut = (size: number): [number, number][] => [[heap + 8, size], [heap + 9, 0]];
  assertEquals(texts(cut(end), "text"), ["ein Wort: Größe"]);
  const refuses = (size: number, found: string, expected: string) => {
    const error = assertThrows(() => texts(cut(size), "list"), ModelError);
    assertEquals(partsOf(error), parts("A text of the HDF5 file", found, expected));
  };
  // Where nothing is left, the second text is not there; where some bytes are, they hold no whole one.
  refuses(end, "not entry 3 of its heap", "it there");
  refuses(end + 1, "cut off", `2 more bytes at byte ${heap + end}`);
  refuses(end + 16, "cut off", `8 more bytes at byte ${heap + end + 16}`);
  // The number of the first text becomes 0, which marks the room that is left.
  assertRefused(
    () => texts([[heap + 16, 0]], "list"),
    parts("A text of the HDF5 file", "not entry 3 of its heap", "it there"),
    ModelError,
  );
  assertRefused(
    () => texts([[heap + 24, 4]], "text"),
    parts("A text of the HDF5 file", "4 bytes", "17"),
    ModelError,
  );
});
