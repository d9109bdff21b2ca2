import { AssertionError } from "@std/assert/assertion-error";

/** Makes the error with which an assertion fails. */
export type Fail = (message: string) => AssertionError;

/**
 * Records where an assertion is called and puts it into the error on failure: `deno test` shows the
 * first location of an error's stack, which should be in the user's code. It is recorded when the
 * assertion begins, since after an `await` the stack lacks callers that do not await it.
 *
 * @param assertion The function that the user calls. Stacks omit it and everything that it calls.
 * @returns Makes the one error.
 */
export function failureOf(assertion: (...args: never[]) => unknown): Fail {
  const error = new AssertionError("");
  // The text of a stack, which begins with the message, is created when it is first read.
  Error.captureStackTrace(error, assertion);
  return (message) => Object.assign(error, { message });
}

/** Location in a file. */
export interface CallSite {
  url: string;
  line: number;
  column: number;
}

/** Location at the end of a line of a stack. */
const FRAME = /((?:file|https?):\/\/.+):(\d+):(\d+)\)?$/;

/** Returns the locations of the calls in a stack, latest first, without those of Deno itself. */
export function callSites(stack = ""): CallSite[] {
  return stack.split("\n").flatMap((frame) => {
    const [, url, line, column] = frame.match(FRAME) ?? [];
    return url === undefined ? [] : [{ url, line: Number(line), column: Number(column) }];
  });
}

/**
 * Calls a function as if the call were at a location in a user's file. Deno reports a test or a
 * step at the line that registers it, which would be one of this package. So the call goes through
 * code that is compiled with the name of that file and at that line.
 *
 * @param site The location; `undefined`, or one that is not on disk, for an ordinary call.
 * @param call The function. It must not be one of this package that makes the call, since Deno
 * would report that one.
 * @param args Its arguments.
 */
export function callAt<A extends unknown[], T>(
  site: CallSite | undefined,
  call: (...args: A) => T,
  ...args: A
): T {
  if (site === undefined || !site.url.startsWith("file://")) return call(...args);
  const code = "(call, args) => call(...args)";
  // Deno maps a location by the source map of its file, but this one is already mapped. With an
  // escaped dot in the name, it finds no source map but shows the same file.
  const filename = site.url.replace(/\.(?=[^./]*$)/, "%2E");
  // Not imported: that takes time, and most users need no such call.
  // deno-lint-ignore no-process-global
  const { runInThisContext } = process.getBuiltinModule("node:vm");
  const place = { filename, lineOffset: site.line - 1 };
  const columnOffset = site.column - 1 - code.lastIndexOf("call");
  return runInThisContext(code, { ...place, columnOffset })(call, args);
}

/**
 * Makes an error like that of {@linkcode failureOf} with one location, for an assertion that the
 * user does not call directly.
 */
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
