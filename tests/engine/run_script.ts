/** Output and exit of a script. */
export interface ScriptResult {
  code: number;
  stdout: string;
  stderr: string;
}

const ROOT = new URL("../../", import.meta.url);

/**
 * Runs a script in a Deno of its own, with stdin for its source, so that nobody can answer a
 * prompt.
 *
 * @param source TypeScript, with the names of `deno.json` to import.
 * @param flags Permissions; none by default.
 * @returns Its output. A script that does not end within a minute is killed, and its code is not 0.
 */
export async function runScript(source: string, flags: string[] = []): Promise<ScriptResult> {
  const script = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--ext=ts", ...flags, "-"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(60_000),
  }).spawn();
  const writer = script.stdin.getWriter();
  await writer.write(new TextEncoder().encode(source));
  await writer.close();
  const { code, stdout, stderr } = await script.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
