/**
 * `deno task snapshots`: runs the tests that compare sentences with a snapshot, and rewrites the
 * snapshots. It takes no arguments.
 *
 * @module
 */
import { modulesIn } from "./read_imports.ts";

if (Deno.args.length > 0) {
  console.error("deno task snapshots takes no arguments: it rewrites all snapshots of the tests");
  Deno.exit(Deno.args[0] === "--help" ? 0 : 2);
}
const tests: string[] = [];
for await (const url of modulesIn(new URL("./", import.meta.url))) {
  if (!url.pathname.endsWith("_test.ts")) continue;
  const text = await Deno.readTextFile(url);
  if (/\b(assertSnapshot|testMessages)\(/.test(text)) tests.push(url.href);
}
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--quiet", "--no-check", "--update-snapshots", ...tests.sort()],
}).spawn().status;
Deno.exit(code);
