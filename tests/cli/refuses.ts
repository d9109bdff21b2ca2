import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runCommand, type RunOptions } from "./run_command.ts";

/**
 * Checks that a command line is refused as the contract has it: exit code 2, nothing on stdout, one
 * sentence on stderr that says `includes`, and no stack trace.
 */
export async function assertRefuses(
  args: string[],
  includes: string | string[],
  options: RunOptions = {},
): Promise<void> {
  const { code, stdout, stderr } = await runCommand(args, options);
  assertEquals(code, 2, stderr);
  assertEquals(stdout, "");
  const lines = stderr.trimEnd().split("\n");
  assertEquals(lines.length, 1, stderr);
  assert(lines[0].startsWith("error: "), stderr);
  for (const part of [includes].flat()) assertStringIncludes(stderr, part);
  assert(!/\n\s+at /.test(stderr), stderr);
}
