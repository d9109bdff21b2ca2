import { patchProperty } from "../engine/patch_property.ts";

/** What writes to stdout; `console.error` takes the same arguments. */
const METHODS = ["log", "info", "debug", "dir", "dirxml", "table"] as const;

let callers = 0;
let undo: (() => void)[] = [];

/**
 * Runs somebody's code and sends what it logs to stderr meanwhile: stdout belongs to the report.
 *
 * @param run The code; calls may overlap.
 */
export async function logToStderr<T>(run: () => T | Promise<T>): Promise<T> {
  if (callers++ === 0) {
    undo = METHODS.map((method) =>
      patchProperty(console, method, {
        writable: true,
        enumerable: true,
        value: (...values: unknown[]) => console.error(...values),
      })
    );
  }
  try {
    return await run();
  } finally {
    if (--callers === 0) undo.forEach((restore) => restore());
  }
}
