/**
 * `deno task test`: runs the tests of the first tier, or those that the arguments name: files, folders, or rooms
 * (`engine`, `rules`, `keras`). `--all` adds the second tier (`tiers.ts`), as CI does.
 *
 * Deno runs each file in its own isolate, which loads and compiles everything again, and starts a
 * process for the commands of each file. So the files of a room share isolates.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { modulesIn } from "./read_imports.ts";
import { isFirstTier, secondTier, TESTS } from "./tiers.ts";

/** Largest number of files in an isolate, so that a part is short beside the whole. */
const MAX_SHARING = 30;

/**
 * Finds tests that change their isolate for good, or ask whether it has changed. Each has one of its
 * own.
 */
const CHANGES_ISOLATE = /\b(registerRule|registerClass|isRegistered|setBackend|disposeVariables)\(/;

/**
 * Finds tests that need an isolate in another state: an engine that runs from their import on, or
 * a backend without one. All others start and stop engines, with any settings.
 */
const STATES = {
  engine: /^(\S.* )?await startEngine\(/m,
  backend: /[/](backends|with_native|random_shapes)[.]ts"/,
};

/**
 * Number of processors plus one, since some tests wait for a process, a timer or a stalled module.
 */
const JOBS = navigator.hardwareConcurrency + 1;

const ROOT = new URL("../", import.meta.url);
/** Tests of the examples, which those in `tests/examples/` run as a reader does. */
const EXAMPLES = new URL("examples/", ROOT);
/** Proof of the packed package, most of whose time is a type check: `deno task test:package`. */
const PACKAGE = new URL("bundle_test.ts", TESTS);

/** Tests that share an isolate. */
interface Part {
  name: string;
  urls: URL[];
}

/** Returns the group of a test, whose members may share an isolate, or `null` if it has its own. */
async function groupOf(url: URL): Promise<string | null> {
  const [room, ...rest] = url.href.slice(TESTS.href.length).split("/");
  const text = await Deno.readTextFile(url);
  if (rest.length === 0 || CHANGES_ISOLATE.test(text)) return null;
  const state = Object.entries(STATES).find(([, pattern]) => pattern.test(text));
  return state === undefined ? room : `${room}_${state[0]}`;
}

/** Returns the tests in these folders that share isolates, in parts. */
async function findParts(folders: URL[], isWanted: (test: URL) => boolean): Promise<Part[]> {
  const modules = await Array.fromAsync(modulesIn(TESTS), ({ href }) => href);
  const tests = modules.filter((href) =>
    href.endsWith("_test.ts") && folders.some((folder) => href.startsWith(folder.href)) &&
    isWanted(new URL(href))
  );
  const groups = new Map<string, URL[]>();
  for (const url of tests.sort().map((href) => new URL(href))) {
    const group = await groupOf(url);
    if (group !== null) groups.set(group, [...groups.get(group) ?? [], url]);
  }
  // The parts of the command line take longest, and so come first.
  const first = ([group]: [string, URL[]]) => group === "cli" ? 0 : 1;
  return [...groups].sort((a, b) => first(a) - first(b)).flatMap(([group, urls]) => {
    const count = Math.ceil(urls.length / MAX_SHARING);
    // Neighbours, which have most of their code in common.
    return Array.from({ length: count }, (_, part) => ({
      name: `${group}_${part + 1}`,
      urls: urls.slice(part * urls.length / count, (part + 1) * urls.length / count),
    }));
  });
}

/** Writes a module that imports the tests of a part, and returns its path. */
async function writePart(folder: string, { name, urls }: Part): Promise<string> {
  const path = `${folder}/${name}_test.ts`;
  await Deno.writeTextFile(path, urls.map(({ href }) => `import "${href}";\n`).join(""));
  return path;
}

/** Returns the folder of a room's tests, or the argument itself if it names no room. */
async function folderOf(argument: string): Promise<string> {
  if (!/^\w+$/.test(argument)) return argument;
  for (const path of [`tests/${argument}`, `tests/core/${argument}`, `tests/ground/${argument}`]) {
    if (await kindOf(path) === "folder") return path;
  }
  return argument;
}

/** Returns the kind of what an argument names; `null` of an option of `deno test`. */
async function kindOf(argument: string): Promise<"file" | "folder" | null> {
  if (argument.startsWith("-")) return null;
  const found = await Deno.stat(new URL(argument, ROOT)).catch(() => null);
  if (found === null) return null;
  return found.isDirectory ? "folder" : "file";
}

/**
 * Returns the arguments of `deno test` for all tests in folders. Deno starts with the files that
 * are named, so parts come before the other files, which take less time.
 */
async function testsIn(folders: string[], temporary: string): Promise<string[]> {
  const urls = folders.map((path) => new URL(`${path.replace(/\/$/, "")}/`, ROOT));
  const isShort = folders.includes(".") && !all;
  const parts = await findParts(urls, isShort ? isFirstTier : () => true);
  const ignored = parts.flatMap(({ urls }) => urls);
  if (folders.includes(".")) ignored.push(EXAMPLES, PACKAGE);
  if (isShort) ignored.push(...secondTier);
  const paths = await Promise.all(parts.map((part) => writePart(temporary, part)));
  return [`--ignore=${ignored.map((url) => fileURLToPath(url)).join(",")}`, ...paths, ...folders];
}

/** Flag that adds the second tier. */
const ALL = "--all";
const all = Deno.args.includes(ALL);

const temporary = await Deno.makeTempDir();
try {
  const given = Deno.args.filter((argument) => argument !== ALL);
  const args = await Promise.all(given.map(folderOf));
  const kinds = await Promise.all(args.map(kindOf));
  const named = args.filter((_, i) => kinds[i] === "folder");
  // Deno ignores files in the first of several folders only; then none share isolates.
  const sharing = named.length === 1 ? named : [];
  const folders = kinds.every((kind) => kind === null) ? ["."] : sharing;
  const others = args.filter((argument) => !sharing.includes(argument));
  const tests = folders.length > 0 ? await testsIn(folders, temporary) : [];
  const { code } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", "--parallel", "--config", "deno.json", ...others, ...tests],
    cwd: ROOT,
    env: { DENO_JOBS: Deno.env.get("DENO_JOBS") ?? String(JOBS) },
  }).spawn().status;
  Deno.exitCode = code;
} finally {
  await Deno.remove(temporary, { recursive: true });
}
