import { fileURLToPath } from "node:url";

/**
 * Returns the options of `assertSnapshot` for a test file. Without them, Deno takes the snapshots of
 * the file that it runs, which in a shared isolate imports the test file.
 */
export function snapshotOf({ url }: ImportMeta): Deno.TestSnapshotOptions {
  const file = new URL(`__snapshots__/${new URL(url).pathname.split("/").at(-1)}.snap`, url);
  return { path: fileURLToPath(file) };
}
