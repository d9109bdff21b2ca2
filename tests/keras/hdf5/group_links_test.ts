import { openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import { ModelError } from "../../../src/load/mod.ts";
import { bytesOf } from "../files/fixtures.ts";
import { assert } from "@std/assert";
import { assertRefused, parts } from "../../assert_refused.ts";

/** A file of Keras with one byte of its first block of a kind replaced. */
function damaged(signature: string, offset: number, value: number): Uint8Array {
  const bytes = new Uint8Array(bytesOf("dense.weights.h5.gz"));
  const at = bytes.findIndex((_, i) =>
    [...signature].every((letter, j) => bytes[i + j] === letter.charCodeAt(0))
  );
  assert(at > 0, `${signature} does not occur`);
  bytes[at + offset] = value;
  return bytes;
}

Deno.test("openHdf5() takes a list of names for no other list", () => {
  // The byte after the signature says what the tree lists: 0 names, 1 the chunks of an array.
  const said = parts('The list of "/"', "damaged", "a tree of names");
  assertRefused(() => openHdf5(damaged("TREE", 4, 1)), said, ModelError);
});

Deno.test("openHdf5() refuses a list whose levels do not lead down", () => {
  // A leaf that says it is one level up has names where it should have trees.
  assertRefused(
    () => openHdf5(damaged("TREE", 5, 1)),
    parts('The list of "/"', "damaged", '"TREE" at its start'),
    ModelError,
  );
});
