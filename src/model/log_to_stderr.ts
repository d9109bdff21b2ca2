import { patchProperty } from "../engine/patch_property.ts";

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

let logger: Promise<Logger> | null = null;
let callers = 0;
let undo: (() => void)[] = [];

/**
 * Runs somebody's code and sends what it logs to stderr meanwhile: stdout belongs to the report.
 *
 * @param run The code; calls may overlap.
 */
export async function logToStderr<T>(run: () => T | Promise<T>): Promise<T> {
  // One for good: counters, timers and indentation go on from one call to the next.
  const methods = await (logger ??= consoleOnStderr());
  if (callers++ === 0) {
    undo = METHODS.map((method) =>
      patchProperty(console, method, { writable: true, enumerable: true, value: methods[method] })
    );
  }
  try {
    return await run();
  } finally {
    if (--callers === 0) undo.forEach((restore) => restore());
  }
}

/** Node's console, since Deno's own writes to nothing else than stdout. Loaded when it is needed. */
async function consoleOnStderr(): Promise<Logger> {
  const [module, { default: { stderr } }] = await Promise.all([
    import("node:console"),
    import("node:process"),
  ]);
  // What the types say of it depends on whose types of Node.js are in the program.
  const { Console } = module as unknown as { Console: new (stream: unknown) => Logger };
  return new Console(stderr);
}
