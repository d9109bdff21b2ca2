/**
 * Runs command lines one after another in one process, see {@linkcode runCommand}. Each line of
 * stdin is a request. After a command, a line that begins with its mark ends its part of stdout,
 * which holds the exit code, and its part of stderr.
 *
 * @module
 */
import { main } from "../../src/cli/main.ts";

/** Line of stdin. */
export interface Request {
  args: string[];
  cwd: string;
  env: Record<string, string>;
  mark: string;
}

/** Runs one command in its folder, with its environment. */
async function runIn({ args, cwd, env }: Request): Promise<number> {
  const before = Object.keys(env).map((name) => ({ name, value: Deno.env.get(name) }));
  for (const [name, value] of Object.entries(env)) Deno.env.set(name, value);
  Deno.chdir(cwd);
  try {
    return await main(args);
  } finally {
    for (const { name, value } of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

async function writeMark(stream: { write(bytes: Uint8Array): Promise<number> }, text: string) {
  const bytes = new TextEncoder().encode(`${text}\n`);
  for (let written = 0; written < bytes.length;) {
    written += await stream.write(bytes.subarray(written));
  }
}

let rest = "";
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) {
    const request: Request = JSON.parse(line);
    const code = await runIn(request);
    await writeMark(Deno.stdout, `${request.mark} ${code}`);
    await writeMark(Deno.stderr, request.mark);
  }
}
