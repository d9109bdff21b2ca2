/** Observations of a process. */
export interface Ran {
  /** Seconds from the command to its end. */
  seconds: number;
  /** The most memory that it held at once, in MiB. */
  peak: number;
  output: string;
}

/** A process failed, or took too long. */
export class ProcessError extends Error {
  override name = "ProcessError";
}

/** The environment of every process: no talk, no colours. */
const QUIET = { NO_COLOR: "1", TF_CPP_MIN_LOG_LEVEL: "3", KERAS_BACKEND: "jax" };

/**
 * The words of a command on the first `threads` cores alone: not every library can be told how many threads to use.
 */
export const onCores = (threads: number, command: readonly string[]): string[] => [
  "taskset",
  "-c",
  threads === 1 ? "0" : `0-${threads - 1}`,
  ...command,
];

/**
 * Runs a command to its end. Time and memory are taken by GNU time.
 *
 * @param command Its words.
 * @param limit Seconds that it may take.
 * @throws {ProcessError} If it fails, with the last line that it said, or takes longer.
 */
export async function runProcess(command: readonly string[], limit: number): Promise<Ran> {
  const report = await Deno.makeTempFile();
  try {
    const start = performance.now();
    const { code, stdout, stderr } = await new Deno.Command("timeout", {
      args: [`${limit}`, "/usr/bin/time", "-f", "%M", "-o", report, ...command],
      env: QUIET,
    }).output();
    const seconds = (performance.now() - start) / 1000;
    if (code === 124) throw new ProcessError(`takes more than ${limit} s`);
    const said = new TextDecoder().decode(stderr);
    if (code !== 0) throw new ProcessError(reasonOf(said));
    const peak = Number((await Deno.readTextFile(report)).trim().split("\n").at(-1)) / 1024;
    return { seconds, peak, output: new TextDecoder().decode(stdout) };
  } finally {
    await Deno.remove(report);
  }
}

/** The first sentence of the error that a program ended with. */
const reasonOf = (said: string) =>
  /Error: (.*?\.(?= [A-Z])|.*)/.exec(said)?.[1] ?? said.trim().split("\n").at(-1) ??
    "it says nothing";

/** A process that stays alive and answers each line with a line. */
export class Answering {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  /** @param command Its words. */
  constructor(command: readonly string[]) {
    const [first, ...args] = command;
    this.#process = new Deno.Command(first, {
      args,
      env: QUIET,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * The next line that it prints.
   *
   * @throws {ProcessError} If it ends before.
   */
  async line<T>(): Promise<T> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new ProcessError("ends before its answer");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return JSON.parse(line) as T;
  }

  /** Its answer to a line. */
  async ask<T>(): Promise<T> {
    await this.#writer.write(new TextEncoder().encode("\n"));
    return await this.line<T>();
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#lines.cancel();
    await this.#process.status;
  }
}
