const ROOT = new URL("../../", import.meta.url);

/** What a subprocess left behind. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Options of {@linkcode runCommand}. */
export interface RunOptions {
  cwd?: string | URL;
  env?: Record<string, string>;
  /** Permissions instead of `-A`. */
  permissions?: string[];
}

/** Runs the command line in a process of its own, as a user would. */
export async function runCommand(args: string[], options: RunOptions = {}): Promise<Outcome> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-check",
      ...options.permissions ?? ["-A"],
      new URL("mod.ts", ROOT).href,
      ...args,
    ],
    cwd: options.cwd ?? ROOT,
    env: { NO_COLOR: "1", ...options.env },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
