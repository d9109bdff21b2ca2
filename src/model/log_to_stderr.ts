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
type Undo = () => void;

let redirect: Promise<() => Undo[]> | null = null;
let callers = 0;
let undo: Undo[] = [];

/**
 * Runs somebody's code and sends what it logs, or writes to stdout, to stderr meanwhile: stdout belongs
 * to the report.
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
