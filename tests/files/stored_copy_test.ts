import { byteSource } from "../../src/files/byte_source.ts";
import { removeCopy, storedCopy } from "../../src/files/stored_copy.ts";
import { openZip } from "../../src/files/unzip.ts";
import { ModelError } from "../../src/core/model/model_error.ts";
import { assertEquals, assertRejects } from "@std/assert";
import { writeZip } from "./write_zip.ts";

const FILES = [
  { name: "packed", content: new Uint8Array(100_000).fill(3), deflate: true },
  { name: "a/Größe", content: Uint8Array.from({ length: 300 }, (_, i) => i) },
  { name: "empty", content: new Uint8Array(), deflate: true },
];

Deno.test("storedCopy() holds the files of an archive as they are, each at its place", async () => {
  const copy = await storedCopy([...openZip(writeZip(FILES), ModelError).values()]);
  const entries = openZip(copy, ModelError);
  assertEquals(
    [...entries].map(([name, entry]) => ({ name, content: entry.read() })),
    FILES.map(({ name, content }) => ({ name, content })),
  );
  for (const entry of entries.values()) {
    assertEquals(copy.read(entry.at!, entry.size, "A part"), entry.read());
  }
  const { path } = copy.file!;
  removeCopy(copy);
  await assertRejects(() => byteSource(path), Deno.errors.NotFound);
});

Deno.test("storedCopy() removes copies that are older than a week, which killed processes left", async () => {
  const DAY = 24 * 3600;
  const now = Date.now() / 1000;
  const left = [[8, true], [6, false]].map(([days, isRemoved]) => {
    const path = Deno.makeTempFileSync({ prefix: "gradient-health-copy-" });
    Deno.utimeSync(path, now, now - Number(days) * DAY);
    return { path, isRemoved };
  });
  const report = Deno.makeTempFileSync({ prefix: "gradient-health-", suffix: ".html" });
  Deno.utimeSync(report, now, now - 8 * DAY);
  removeCopy(await storedCopy([...openZip(writeZip(FILES), ModelError).values()]));
  for (const { path, isRemoved } of left) {
    if (isRemoved) await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    else await Deno.remove(path);
  }
  // The user's own file stays.
  await Deno.remove(report);
});
