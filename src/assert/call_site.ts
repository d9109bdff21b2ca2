import { AssertionError } from "@std/assert/assertion-error";

/** Makes the error with which an assertion fails. */
export type Fail = (message: string) => AssertionError;

/**
 * Notes where an assertion is called, to put it into the error if it fails: `deno test` shows the first
 * place of an error's stack and the line that stands there, and that shall be the user's own. It is noted
 * when the assertion begins, since after an `await` the stack no longer has those that do not await it.
 *
 * @param assertion What the user calls. Stacks leave it out, with all that it calls.
 * @returns Makes the one error.
 */
export function failureOf(assertion: (...args: never[]) => unknown): Fail {
  const error = new AssertionError("");
  // The text of a stack, which begins with the message, is made when it is first read.
  Error.captureStackTrace(error, assertion);
  return (message) => Object.assign(error, { message });
}

/** A place in a file. */
export interface CallSite {
  url: string;
  line: number;
  column: number;
}

/** The place at the end of a line of a stack. */
const FRAME = /((?:file|https?):\/\/.+):(\d+):(\d+)\)?$/;

/** Where the calls of a stack were made, the latest first; those of Deno itself left out. */
export function callSites(stack = ""): CallSite[] {
  return stack.split("\n").flatMap((frame) => {
    const [, url, line, column] = frame.match(FRAME) ?? [];
    return url === undefined ? [] : [{ url, line: Number(line), column: Number(column) }];
  });
}

/**
 * Calls a function as if the call stood at a place of a user's file. Deno takes for the place of a test or
 * of a step the line on which it is registered, which would be one of this package. Here: code that is
 * compiled under the name and at the line of that file stands between the two.
 *
 * @param site The place; `undefined`, or one that is not on disk: an ordinary call.
 * @param call The function, not one of this package that calls it: that would be the place again.
 * @param args Its arguments.
 */
export function callAt<A extends unknown[], T>(
  site: CallSite | undefined,
  call: (...args: A) => T,
  ...args: A
): T {
  if (site === undefined || !site.url.startsWith("file://")) return call(...args);
  const code = "(call, args) => call(...args)";
  // A place is looked up in the source map of its file, and this one is of the source already. By the
  // name with an escaped dot no source map is found, and the same file is shown.
  const filename = site.url.replace(/\.(?=[^./]*$)/, "%2E");
  // Not imported: that takes time, and most users need no such call.
  // deno-lint-ignore no-process-global
  const { runInThisContext } = process.getBuiltinModule("node:vm");
  const place = { filename, lineOffset: site.line - 1 };
  const columnOffset = site.column - 1 - code.lastIndexOf("call");
  return runInThisContext(code, { ...place, columnOffset })(call, args);
}

/** The error of {@linkcode failureOf} with one place, where the assertion is not called by its user. */
export function failureAt(site: CallSite, message: string): AssertionError {
  const error = new AssertionError(message);
  const { stackTraceLimit } = Error;
  const capture = () => Error.captureStackTrace(error, capture);
  try {
    Error.stackTraceLimit = 1;
    callAt(site, capture);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return error;
}
