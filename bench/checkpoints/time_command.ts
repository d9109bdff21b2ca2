/** Command line of this program. */
export const GRADIENT_HEALTH = [Deno.execPath(), "run", "-A", "src/mod.ts"];

/** Time and memory of a command. */
export interface Run {
  seconds: number;
  /** Seconds of all processors: on a busy machine, a better measure. */
  work: number;
  megabytes: number;
  stdout: string;
}

/**
 * Runs a command under `/usr/bin/time`.
 *
 * @throws {Error} If it fails.
 */
export async function timeCommand(...command: string[]): Promise<Run> {
  const started = performance.now();
  const { success, stdout, stderr } = await new Deno.Command("/usr/bin/time", {
    args: ["-f", "%U %S %M", ...command],
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(stderr).trim();
  if (!success) throw new Error(text);
  const seconds = (performance.now() - started) / 1000;
  const [user, system, kilobytes] = text.split("\n").at(-1)!.split(" ").map(Number);
  return {
    seconds,
    work: user + system,
    megabytes: kilobytes / 1024,
    stdout: decoder.decode(stdout),
  };
}
