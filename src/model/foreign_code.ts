import { patchProperty } from "../engine/patch_property.ts";
import { failure } from "../words/failure.ts";
import { requireFile } from "./files/user_file.ts";
import { foreignImport } from "./foreign_import.ts";
import { ModelError } from "./model_error.ts";
import { untilStalled } from "./until_stalled.ts";

/**
 * Imports a module by its path, relative to the working directory. What it logs goes to stderr.
 *
 * @param path Any path: `#`, `?`, spaces and letters of any script mean themselves.
 * @throws {ModelError} If there is no such module, or importing it fails.
 */
export async function importModule(path: string): Promise<Record<string, unknown>> {
  try {
    await requireFile(path);
  } catch (error) {
    throw new ModelError(`${path}: ${failure(error)}`, { cause: error });
  }
  // Here, and not above: Deno takes 5 ms to set these up, which --help need not wait for.
  const { resolve } = await import("node:path");
  const { pathToFileURL } = await import("node:url");
  foreignImport.begin();
  const stalled = new ModelError(noResult(path));
  try {
    return await logToStderr(() =>
      untilStalled(import(pathToFileURL(resolve(path)).href), () => stalled)
    );
  } catch (error) {
    if (error === stalled) throw error;
    const reason = await failureIn(path, error);
    throw new ModelError(`${path}: importing it failed: ${whoseNames(reason)}`, { cause: error });
  }
}

/** Why there is no result where the code of a model leaves nothing that could still run. */
export function noResult(path: string): string {
  return `no result: the code of ${path} ended the process, or awaits a promise that never settles`;
}

/** What Deno says of a name that it cannot look up, and in which `deno.json` it did. */
function whoseNames(reason: string): string {
  const plain = reason.replace(/ and not in import map from ".*"(?=, at |$)/, "");
  if (!/^Import ".*" not a dependency/.test(plain)) return reason;
  return `${plain}: its name must be in the deno.json of the program, which is your own where you ` +
    `run jsr:@gradient-health/gradient-health`;
}

/** What writes to stdout. */
const METHODS = [
  "log",
  "info",
  "debug",
  "dir",
  "dirxml",
  "table",
  "count",
  "countReset",
  "group",
  "groupCollapsed",
  "groupEnd",
  "time",
  "timeLog",
  "timeEnd",
  "clear",
] as const;

type Logger = Record<typeof METHODS[number], unknown>;
type Undo = () => void;

let redirect: Promise<() => Undo[]> | null = null;
let callers = 0;
let undo: Undo[] = [];

/**
 * Runs user code and sends what it logs or writes to stdout to stderr instead: stdout belongs to the
 * report.
 *
 * @param run The code; calls may overlap.
 */
export async function logToStderr<T>(run: () => T | Promise<T>): Promise<T> {
  // One for good: counters, timers and indentation go on from one call to the next.
  const start = await (redirect ??= prepare());
  if (callers++ === 0) undo = start();
  try {
    return await run();
  } finally {
    if (--callers === 0) undo.forEach((restore) => restore());
  }
}

/** Node's console, since Deno's own writes to nothing else than stdout. Loaded when it is needed. */
async function prepare(): Promise<() => Undo[]> {
  const [module, { default: { stdout, stderr } }] = await Promise.all([
    import("node:console"),
    import("node:process"),
  ]);
  // What the types say of it depends on whose types of Node.js are in the program.
  const { Console } = module as unknown as { Console: new (stream: unknown) => Logger };
  const logger = new Console(stderr);
  const replace = (target: object, key: string, value: unknown) =>
    patchProperty(target, key, { writable: true, enumerable: true, value });
  return () => [
    ...METHODS.map((method) => replace(console, method, logger[method])),
    replace(stdout, "write", (...args: Parameters<typeof stderr.write>) => stderr.write(...args)),
    replace(Deno.stdout, "write", (bytes: Uint8Array) => Deno.stderr.write(bytes)),
    replace(Deno.stdout, "writeSync", (bytes: Uint8Array) => Deno.stderr.writeSync(bytes)),
  ];
}

/** The place at the end of a line of a stack; what is not from a file its author cannot open. */
const FRAME = /(file:\/\/.+):(\d+):(\d+)\)?$/;

/** Where this package lies: its own frames are not what is wrong. */
const OWN = new URL("../", import.meta.url).href;

/**
 * Why a user's module failed, in the words of {@linkcode failure}, and where: `no data, at net.ts:3:9`.
 *
 * @param path The module, as its user named it.
 * @param error What was thrown, which can be anything.
 */
export async function failureIn(path: string, error: unknown): Promise<string> {
  const reason = failure(error).replace(/ at file:\/\/.+:\d+:\d+$/, "");
  const place = placeOf(stackOf(error));
  if (place === null) return `${reason}${hintOn(reason, path)}`;
  const [url, line, column] = place;
  const shown = await shownPath(url, path);
  return `${reason}, at ${shown}:${line}:${column}${hintOn(reason, shown)}`;
}

/** What helps code that was written for Node.js or for a bundler. */
function hintOn(reason: string, file: string): string {
  if (/^(require|module|exports|__dirname|__filename) is not defined$/.test(reason)) {
    const extension = /\.m?tsx?$/.test(file) ? ".cts" : ".cjs";
    return `: name the file ${extension}, or use import and export`;
  }
  const sloppy = ", or run deno with --unstable-sloppy-imports";
  if (/^Module not found "file:.*\/[^/.]+"/.test(reason)) {
    return `: write the extension of the file that is imported${sloppy}`;
  }
  return reason.startsWith("[ERR_UNSUPPORTED_DIR_IMPORT]")
    ? `: write which file of the folder is imported${sloppy}`
    : "";
}

/** The stack of what was thrown, which may be anything, and may throw when it is looked at. */
function stackOf(error: unknown): string {
  try {
    const { stack } = Object(error) as Partial<Error>;
    return typeof stack === "string" ? stack : "";
  } catch {
    return "";
  }
}

/** The first place of a stack that is neither in this package nor in one of its user's. */
function placeOf(stack: string): string[] | null {
  // Deno colours the places of what it could not import, also where colours are not shown.
  // deno-lint-ignore no-control-regex
  for (const line of stack.replace(/\x1b\[\d*m/g, "").split("\n")) {
    // From here on it is the program that called this package.
    if (line.includes(`${import.meta.url}:`)) return null;
    const [, url, ...place] = line.match(FRAME) ?? [];
    if (url === undefined || url.startsWith(OWN)) continue;
    if (!/\/node_modules\/|\/npm\/[^/]+\//.test(url)) return [url, ...place];
  }
  return null;
}

/** The file of a URL, from where the module's own path starts if it is beside or below it. */
async function shownPath(url: string, path: string): Promise<string> {
  const { resolve } = await import("node:path");
  const { fileURLToPath, pathToFileURL } = await import("node:url");
  // Under `deno test` stacks have URLs with letters in them that no URL has.
  const { href } = /[^\x21-\x7e]|#/.test(url) ? pathToFileURL(url.slice(7)) : { href: url };
  const folder = new URL(".", pathToFileURL(resolve(path))).href;
  if (!href.startsWith(folder)) return fileURLToPath(href);
  const [given] = path.match(/^.*[\\/]/) ?? [""];
  return given + decodeURIComponent(href.slice(folder.length));
}
