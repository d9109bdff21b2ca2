import { type Outcome, runCommand } from "../cli/run_command.ts";

const ROOT = new URL("../../", import.meta.url);

/** Runs Deno with these arguments in a folder, by default this repository, as a reader would. */
export async function runDeno(args: string[], cwd: string | URL = ROOT): Promise<Outcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Runs a command that an example shows; those of this package share a process. */
export function runShown(args: string[]): Promise<Outcome> {
  const isOwn = args.slice(0, 3).join(" ") === "run -A mod.ts";
  return isOwn ? runCommand(args.slice(3)) : runDeno(args);
}

/** The arguments of each `deno` command in the first lines of an example. */
export function commandsOf(example: string): string[][] {
  const source = Deno.readTextFileSync(new URL(`examples/${example}`, ROOT));
  const [header] = source.match(/^\/\*\*[^]*?\*\//) ?? [""];
  return [...header.matchAll(/^ \* {5}deno (.*?)(?: +#.*)?$/gm)].map(([, args]) => args.split(" "));
}
