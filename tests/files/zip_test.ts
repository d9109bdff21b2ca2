import { assertEquals } from "@std/assert";
import { openZip } from "../../src/files/unzip.ts";
import { writeZip } from "../../src/files/zip.ts";
import { ModelError } from "../../src/core/model/model_error.ts";

Deno.test("writeZip() writes files that openZip() reads, with no byte to spare", () => {
  const files = [
    { path: "config.json", bytes: new TextEncoder().encode("{}") },
    { path: "gewichte/größe.h5", bytes: Uint8Array.from({ length: 300 }, (_, i) => i) },
    { path: "empty", bytes: new Uint8Array(0) },
  ];
  const archive = writeZip(files);
  const entries = openZip(archive, ModelError);
  assertEquals([...entries.keys()], files.map(({ path }) => path));
  for (const { path, bytes } of files) assertEquals(entries.get(path)!.read(), bytes);
  // Each name is in the archive twice; "ö" and "ß" take two bytes each.
  const names = "config.json".length + "gewichte/größe.h5".length + 2 + "empty".length;
  assertEquals(archive.length, 22 + 3 * (30 + 46) + 2 * names + 2 + 300);
  assertEquals(writeZip([]).length, 22);
  assertEquals(writeZip(files), archive);
});
