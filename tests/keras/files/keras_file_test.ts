import { readKerasFile } from "../../../src/keras/files/keras_file.ts";
import { ModelError } from "../../../src/entry/model.ts";
import { assertRefusedLater, type Parts, parts, partsOf } from "../../assert_refused.ts";
import { writeZip } from "../../files/write_zip.ts";
import { bytesOf, withFile } from "./fixtures.ts";
import { assertEquals, assertRejects } from "@std/assert";

/** Returns the refusal of a file of some bytes. */
const refusal = (bytes: Uint8Array<ArrayBuffer>) =>
  withFile("a.keras", bytes, async (path) => {
    const error = await assertRejects(() => readKerasFile(path), ModelError);
    assertEquals(error.message.startsWith(`${path}: `), true, error.message);
    return partsOf(error, path);
  });

Deno.test("readKerasFile() reads no file of more than 2 GiB", () =>
  withFile("a.keras", new Uint8Array(), async (path) => {
    // A file without content takes no place on the disk.
    await Deno.truncate(path, 2 ** 31 + 1);
    const parts = { place: `${path}: the file`, found: "2.0 GiB", expected: "at most 2 GiB" };
    await assertRefusedLater(() => readKerasFile(path), parts, ModelError);
  }));

Deno.test("readKerasFile() takes a file for what it says itself that it is", async () => {
  const archive = bytesOf("dense.keras");
  const single = bytesOf("dense_keras2.h5.gz");
  for (const name of ["a.keras", "a.h5"]) {
    const places = await Promise.all(
      [archive, single].map((bytes) =>
        withFile(name, bytes, async (path) => (await readKerasFile(path)).place)
      ),
    );
    assertEquals(places, ["config.json", "model_config"], name);
  }
  const none = parts("The file", "another format", "HDF5 or zip, in which Keras saves models");
  const zip = parts(
    "",
    "the file is not a whole zip archive: it has no list of contents at its end",
    "",
  );
  const [p, k] = new TextEncoder().encode("PK");
  const cases: [number[], Parts][] = [
    [[], none],
    [[p], none],
    [[p, 0], none],
    [[0, k], none],
    [[p, k], zip],
    [[p, k, 3, 4], zip],
  ];
  for (const [bytes, said] of cases) {
    assertEquals(await refusal(new Uint8Array(bytes)), said, `${bytes}`);
  }
});

Deno.test("readKerasFile() says which part of an archive is missing or damaged", async () => {
  const archive = (parts: Record<string, string>) =>
    refusal(writeZip(
      Object.entries(parts).map(([name, text]) => ({
        name,
        content: new TextEncoder().encode(text),
      })),
    ));
  assertEquals(
    await archive({ "metadata.json": "{}" }),
    parts("The archive", "no config.json", "the model that Keras saves"),
  );
  assertEquals(
    await archive({ "config.json": "{}" }),
    parts("The archive", "no model.weights.h5", "the model that Keras saves"),
  );
  for (const text of ["[]", "null", "3"]) {
    assertEquals(
      await archive({ "config.json": text }),
      parts("config.json", "not an object", "a model"),
    );
  }
  assertEquals(
    await archive({ "config.json": "{" }),
    parts("config.json", "not valid JSON", "JSON"),
  );
});
