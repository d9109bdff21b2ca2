import { fileURLToPath } from "node:url";
import type { Request } from "./command_host.ts";

const ROOT = new URL("../../", import.meta.url);
const HOST = new URL("command_host.ts", import.meta.url);

/** Result of a command. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Options of {@linkcode runCommand}. */
export interface RunOptions {
  cwd?: string | URL;
  env?: Record<string, string>;
  /** Permissions instead of `-A`, in a separate process. */
  permissions?: string[];
  /** True to start a separate process, as a user does. */
  separate?: boolean;
}

async function runProcess(args: string[], options: RunOptions): Promise<Outcome> {
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

/** Reads one of the host's streams, a command's part at a time. */
class Parts {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #text = "";
  readonly #decoder = new TextDecoder();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** Returns the text before a mark, and the rest of the mark's line. */
  async until(mark: string): Promise<{ text: string; line: string }> {
    for (;;) {
      const at = this.#text.indexOf(mark);
      const end = at < 0 ? -1 : this.#text.indexOf("\n", at);
      if (end >= 0) {
        const text = this.#text.slice(0, at);
        const line = this.#text.slice(at + mark.length, end);
        this.#text = this.#text.slice(end + 1);
        return { text, line };
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`the host of commands has ended: ${this.#text}`);
      this.#text += this.#decoder.decode(value, { stream: true });
    }
  }
}

// Started before any test, since a test may leave no resource behind.
const host = new Deno.Command(Deno.execPath(), {
  args: ["run", "--no-check", "-A", HOST.href],
  env: { NO_COLOR: "1" },
  stdin: "piped",
  stdout: "piped",
  stderr: "piped",
}).spawn();
addEventListener("unload", () => host.kill());
const requests = host.stdin.getWriter();
const stdouts = new Parts(host.stdout);
const stderrs = new Parts(host.stderr);
let last: Promise<unknown> = Promise.resolve();

/**
 * Runs the command line. All commands of an isolate share one process, which saves most of their
 * time. Start a `separate` one for what is about the process itself (permissions, exits, stray
 * errors, signals), and for models whose code changes between two commands.
 */
export function runCommand(args: string[], options: RunOptions = {}): Promise<Outcome> {
  if (options.separate || options.permissions !== undefined) return runProcess(args, options);
  const result = last.then(() => runInHost(args, options));
  last = result.catch(() => {});
  return result;
}

async function runInHost(args: string[], { cwd = ROOT, env = {} }: RunOptions): Promise<Outcome> {
  const mark = `\0${crypto.randomUUID()}`;
  const folder = cwd instanceof URL ? fileURLToPath(cwd) : cwd;
  const request: Request = { args, cwd: folder, env, mark };
  await requests.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`));
  const [out, err] = await Promise.all([stdouts.until(mark), stderrs.until(mark)]);
  return { code: Number(out.line), stdout: out.text, stderr: err.text };
}
