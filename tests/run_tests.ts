/**
 * `deno task test`: runs all tests, or those that the arguments name.
 *
 * Deno runs each file in an isolate of its own, which loads and compiles everything anew. The 45
 * files of tests/measure take 38 s of processor time so, and 15 s in one isolate. So the files of a
 * room share one, in parts.
 *
 * @module
 */
import { modulesIn } from "./read_imports.ts";

/** Rooms whose tests pass in one isolate. Those of `rules` do not: some register rules and layers. */
const SHARING = ["measure", "render", "theory"];

/** Files in an isolate: enough of them that both cores are busy to the end. */
const MAX_SHARING = 12;

const ROOT = new URL("../", import.meta.url);

/** Returns the tests of a room that may share an isolate; a snapshot is found by the file that Deno runs. */
async function sharedIn(room: string): Promise<URL[]> {
  const shared: URL[] = [];
  for await (const url of modulesIn(new URL(`tests/${room}/`, ROOT))) {
    if (!url.pathname.endsWith("_test.ts")) continue;
    if (!/\b(assertSnapshot|testMessages)\(/.test(await Deno.readTextFile(url))) shared.push(url);
  }
  return shared.sort((a, b) => a.href < b.href ? -1 : 1);
}

/** Writes modules that import the tests of a room in parts, and returns their paths. */
async function writeParts(folder: string, room: string, urls: URL[]): Promise<string[]> {
  const parts = Math.ceil(urls.length / MAX_SHARING);
  return await Promise.all(Array.from({ length: parts }, async (_, part) => {
    const path = `${folder}/${room}_${part + 1}_test.ts`;
    const own = urls.filter((_, i) => i % parts === part);
    await Deno.writeTextFile(path, own.map(({ href }) => `import "${href}";\n`).join(""));
    return path;
  }));
}

/** Whether an argument names a file or folder of tests; else it is an option of `deno test`. */
async function namesTests(argument: string): Promise<boolean> {
  return !argument.startsWith("-") &&
    await Deno.stat(new URL(argument, ROOT)).then(() => true, () => false);
}

/** Arguments for all tests: those that share an isolate by their parts, the others as Deno finds them. */
async function allTests(folder: string): Promise<string[]> {
  const rooms = await Promise.all(SHARING.map(sharedIn));
  const parts = await Promise.all(SHARING.map((room, i) => writeParts(folder, room, rooms[i])));
  const shared = rooms.flat().map(({ pathname }) => decodeURIComponent(pathname));
  return [`--ignore=${shared.join(",")}`, ".", ...parts.flat()];
}

const folder = await Deno.makeTempDir();
try {
  const named = await Promise.all(Deno.args.map(namesTests));
  const tests = named.includes(true) ? Deno.args : [...Deno.args, ...await allTests(folder)];
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--parallel", "--config", "deno.json", ...tests],
    cwd: ROOT,
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(folder, { recursive: true });
}
