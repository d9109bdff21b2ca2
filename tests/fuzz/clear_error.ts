/** Words of V8 and of TensorFlow.js that say what went wrong inside, not what is wrong with the input. */
const INTERNAL = new RegExp([
  "Cannot read propert",
  "Cannot destructure",
  "Cannot set propert",
  "is not a function",
  "is not iterable",
  "is not a constructor",
  "is not defined",
  "undefined or null",
  "Cannot convert",
  "Reduce of empty array",
  "Invalid array length",
  "Maximum call stack",
  "out of bounds",
  "unreachable",
  "\\[object Object\\]",
  "not extensible",
  "Invalid typed array",
  "Method get ",
  "called on incompatible",
  "Cannot mix BigInt",
  "circular structure",
].join("|"));

/**
 * Throws unless the error is what a user may be shown: one sentence of one of the given classes, at
 * most 1,000 characters, without control characters and in words of this program.
 */
export function requireClearError(
  error: unknown,
  classes: (abstract new (...args: never[]) => Error)[],
  mustName: RegExp[] = [],
): void {
  const { message } = error as Error;
  const fail = (why: string) => {
    throw new Error(`the error ${why}: ${JSON.stringify(message)?.slice(0, 600)}`, {
      cause: error,
    });
  };
  if (!classes.some((one) => error instanceof one)) fail(`is a ${(error as Error)?.name}`);
  if (INTERNAL.test(message)) fail("speaks of what is inside");
  // deno-lint-ignore no-control-regex
  if (/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(message)) fail("has controls");
  if (message.length > 1000) fail(`has ${message.length} characters`);
  for (const name of mustName) if (!name.test(message)) fail(`does not name ${name}`);
}
