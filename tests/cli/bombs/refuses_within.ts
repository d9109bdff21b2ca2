import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const ENTRY = new URL("../../../mod.ts", import.meta.url).href;

/** Bytes that a refusal may take for each byte of the files, and besides: SECURITY.md promises both. */
const PER_BYTE = 10, FREE = 500e6;

/** Seconds of processor time that a refusal may take. */
const MAX_SECONDS = 10;

/** At this many bytes the process is killed, for the sake of the machine that runs the tests. */
const MAX_MEMORY = 3e9;

/** Clock ticks of /proc/PID/stat in a second, on every Linux that Deno runs on. */
const TICKS = 100;

/**
 * Checks that a command line is refused with one sentence and exit code 2, within the memory and the time that
 * SECURITY.md promises. Where there is no /proc, only the refusal is checked.
 *
 * @param args The arguments.
 * @param includes What the sentence says.
 * @param bytes Size of the files that it reads.
 */
export async function refusesWithin(
  args: readonly string[],
  includes: string,
  bytes: number,
): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", ENTRY, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const watch = watchProcess(child);
  const { code, stderr } = await child.output();
  const { memory, seconds } = await watch.end();
  const said = new TextDecoder().decode(stderr);
  const figures = `${args.join(" ")}: ${Math.round(memory / 1e6)} MB, ${seconds} s, ${said}`;
  assert(memory <= PER_BYTE * bytes + FREE, figures);
  assert(seconds <= MAX_SECONDS, figures);
  assertEquals(code, 2, figures);
  assertEquals(said.trimEnd().split("\n").length, 1, figures);
  assertStringIncludes(said, includes);
}

/** Watches what a process takes, and ends it before it takes the machine. */
function watchProcess(child: Deno.ChildProcess) {
  let memory = 0, seconds = 0;
  const look = async () => {
    try {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
      memory = Math.max(memory, 1024 * Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
      const stat = await Deno.readTextFile(`/proc/${child.pid}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      seconds = Math.max(seconds, (Number(fields[11]) + Number(fields[12])) / TICKS);
    } catch {
      // The process has ended, or there is no /proc.
    }
    if (memory > MAX_MEMORY || seconds > 6 * MAX_SECONDS) child.kill("SIGKILL");
  };
  let isOver = false;
  const watching = (async () => {
    while (!isOver) {
      await look();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async end() {
      isOver = true;
      await watching;
      return { memory, seconds };
    },
  };
}
