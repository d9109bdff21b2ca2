import { patchProperty } from "../../engine/patching.ts";
import { failure } from "../../ground/words/failure.ts";
import { fileRefusal } from "../../ground/words/input_error.ts";
import { requireFile } from "../user_file.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { host } from "../../platform/host.ts";
import { builtin } from "../../platform/builtins.ts";

const MAX_IDLE_MS = 20_000;

const INTERVAL_MS = 500;

/** Share of the processor below which only the timer itself runs. */
const IDLE = 0.01;

/**
 * Waits for a module to be imported, but not forever. If a top-level await never settles, Deno
 * would end the process with its own error and exit code 1, which means "does not train", without
 * any warning. So the process is kept alive, and the wait ends when it has not used the processor
 * for a while.
 *
 * @param stalled Makes the error for waiting in vain.
 * @param patience Time in ms without activity that ends the wait. Default: 20 s.
 */
export async function untilStalled<T>(
  work: Promise<T>,
  stalled: () => Error,
  patience: number = MAX_IDLE_MS,
): Promise<T> {
  const process = builtin("process");
  const used = () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  };
  const { promise, reject } = Promise.withResolvers<never>();
  let before = used(), at = performance.now(), idle = 0;
  const timer = setInterval(() => {
    const now = performance.now(), spent = used();
    const passed = now - at;
    // A process that was paused meanwhile, by a debugger or a busy machine, has not waited that
    // long.
    idle = spent - before < IDLE * passed ? idle + Math.min(passed, 2 * INTERVAL_MS) : 0;
    before = spent;
    at = now;
    if (idle >= patience) reject(stalled());
  }, INTERVAL_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearInterval(timer);
  }
}

/**
 * Imports a module by its path, relative to the working directory. Its logs go to stderr.
 *
 * @param path Any path: `#`, `?`, spaces and letters of any script are literal.
 * @throws {ModelError} If the module is missing, or importing it fails.
 */
export async function importModule(path: string): Promise<Record<string, unknown>> {
  try {
    await requireFile(path);
  } catch (error) {
    throw new ModelError(fileRefusal(error), { cause: error }).within(path);
  }
  // Imported here because Deno takes 5 ms to load these, which --help need not wait for.
  const { resolve } = builtin("path");
  const { pathToFileURL } = builtin("url");
  foreignImport.begin();
  const stalled = new ModelError(noResult(path));
  try {
    return await logToStderr(() =>
      untilStalled(import(pathToFileURL(resolve(path)).href), () => stalled)
    );
  } catch (error) {
    if (error === stalled) throw error;
    const reason = failureIn(path, error);
    throw new ModelError(`importing it failed: ${whoseNames(reason)}`, { cause: error }).within(
      path,
    );
  }
}

/** Explains a missing result if the code of a model leaves nothing that could still run. */
export function noResult(path: string): string {
  return `no result: the code of ${path} ended the process, or awaits a promise that never settles`;
}

/**
 * Rewrites Deno's message on a name that it cannot look up, and names the `deno.json` that it used.
 */
function whoseNames(reason: string): string {
  const plain = reason.replace(/ and not in import map from ".*"(?=, at |$)/, "");
  if (!/^Import ".*" not a dependency/.test(plain)) return reason;
  return `${plain}: its name must be in the deno.json of the program, which is your own where you ` +
    `run jsr:@gradient-health/gradient-health`;
}

/** Methods that write to stdout. */
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

let redirect: (() => Undo[]) | null = null;
let callers = 0;
let undo: Undo[] = [];

/**
 * Runs user code and redirects its logs and its writes to stdout to stderr: stdout is for the
 * report.
 *
 * @param run The code; calls may overlap.
 */
export async function logToStderr<T>(run: () => T | Promise<T>): Promise<T> {
  // Created once: counters, timers and indentation persist between calls.
  const start = redirect ??= prepare();
  if (callers++ === 0) undo = start();
  try {
    return await run();
  } finally {
    if (--callers === 0) undo.forEach((restore) => restore());
  }
}

/** Uses Node's console, since Deno's own can only write to stdout. Loaded on demand. */
function prepare(): () => Undo[] {
  const { stdout, stderr } = builtin("process");
  // Its types depend on which types of Node.js are in the program.
  const { Console } = builtin("console") as unknown as { Console: new (stream: unknown) => Logger };
  const logger = new Console(stderr);
  const replace = (target: object, key: string, value: unknown) =>
    patchProperty(target, key, { writable: true, enumerable: true, value });
  return () => [
    ...METHODS.map((method) => replace(console, method, logger[method])),
    replace(stdout, "write", (...args: Parameters<typeof stderr.write>) => stderr.write(...args)),
    replace(host.stdout, "write", (bytes: Uint8Array) => host.stderr.write(bytes)),
    replace(host.stdout, "writeSync", (bytes: Uint8Array) => host.stderr.writeSync(bytes)),
  ];
}

/** Place at the end of a line of a stack. Only files count, since the author cannot open others. */
const FRAME = /(file:\/\/.+):(\d+):(\d+)\)?$/;

/** Folder of this package: its own frames are not the cause. */
const OWN = new URL("../../", import.meta.url).href;

/**
 * Explains why a user's module failed, in the words of {@linkcode failure}, and where: `no data, at
 * net.ts:3:9`.
 *
 * @param path The module, as its user named it.
 * @param error Thrown value of any type.
 */
export function failureIn(path: string, error: unknown): string {
  const reason = failure(error).replace(/ at file:\/\/.+:\d+:\d+$/, "");
  const place = placeOf(stackOf(error));
  if (place === null) return `${reason}${hintOn(reason, path)}`;
  const [url, line, column] = place;
  const shown = shownPath(url, path);
  return `${reason}, at ${shown}:${line}:${column}${hintOn(reason, shown)}`;
}

/** Returns a hint for code that was written for Node.js or for a bundler. */
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

/** Returns the stack of a thrown value of any type, whose getters may throw. */
function stackOf(error: unknown): string {
  try {
    const { stack } = Object(error) as Partial<Error>;
    return typeof stack === "string" ? stack : "";
  } catch {
    return "";
  }
}

/** Returns the first place of a stack that is neither in this package nor in its caller. */
function placeOf(stack: string): string[] | null {
  // Deno colours the places of failed imports even if colours are off.
  // deno-lint-ignore no-control-regex
  for (const line of stack.replace(/\x1b\[\d*m/g, "").split("\n")) {
    const [, url, ...place] = line.match(FRAME) ?? [];
    if (url === undefined) continue;
    if (url.startsWith(OWN)) {
      // The frames below belong to the program that called this package.
      if (line.includes(` ${logToStderr.name} (`)) return null;
      continue;
    }
    if (!/\/node_modules\/|\/npm\/[^/]+\//.test(url)) return [url, ...place];
  }
  return null;
}

/** Returns the file of a URL, relative like the module's own path if it is beside or below it. */
function shownPath(url: string, path: string): string {
  const { resolve } = builtin("path");
  const { fileURLToPath, pathToFileURL } = builtin("url");
  // Under `deno test`, URLs in stacks contain letters that are invalid in URLs.
  const { href } = /[^\x21-\x7e]|#/.test(url) ? pathToFileURL(url.slice(7)) : { href: url };
  const folder = new URL(".", pathToFileURL(resolve(path))).href;
  if (!href.startsWith(folder)) return fileURLToPath(href);
  const [given] = path.match(/^.*[\\/]/) ?? [""];
  return given + decodeURIComponent(href.slice(folder.length));
}

const { promise, resolve } = Promise.withResolvers<void>();

/** Import of the first module of a user. */
export const foreignImport = {
  /**
   * Resolves when such a module is about to be imported. It may import this package by its entry
   * point, and the program's `mod.ts` loads the library only for such a module.
   */
  promise,
  /** True once such an import has begun. */
  isBegun: false,
  /** Announces such an import. */
  begin(): void {
    this.isBegun = true;
    resolve();
  },
};

/** Code of this package, and of npm packages, which no user edits. */
const OTHERS = [new URL("../../", import.meta.url).href, "/node_modules/", "/npm/registry."];

/** Files that the user's own code imports. */
export const userImports = {
  /** Paths of the files imported since they are followed, by this thread or a worker of a pool. */
  files: new Set<string>(),
  /** True if this thread follows its imports; then workers that start later do too. */
  isFollowed: false,
  /** Starts to follow the imports of this thread. */
  follow(): void {
    if (!this.isFollowed) followImports((path) => this.files.add(path));
    this.isFollowed = true;
  },
};

/**
 * Reports each file of the user's own code that this thread imports from now on, before it is read.
 *
 * @param onImport Called with the path of the file.
 */
export function followImports(onImport: (path: string) => void): void {
  // Not imported: that takes time, and most runs follow nothing.
  // deno-lint-ignore no-process-global
  const { registerHooks } = builtin("module");
  // deno-lint-ignore no-process-global
  const { fileURLToPath } = builtin("url");
  registerHooks({
    // Not load(): Deno then takes JSON that a package requires for code.
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const { url } = resolved;
      if (url.startsWith("file:") && !OTHERS.some((part) => url.includes(part))) {
        onImport(fileURLToPath(url));
      }
      return resolved;
    },
  });
}

/**
 * True for the command line, whose process is ours: it may listen to signals. A library leaves them
 * to the program that uses it.
 */
export const processOwner = { isCommandLine: false };
