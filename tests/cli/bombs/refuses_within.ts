import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const HOST = new URL("../command_host.ts", import.meta.url).href;

/** Bytes that a refusal may take for each byte of the files, and besides: SECURITY.md promises both. */
const PER_BYTE = 10, FREE = 500e6;

/** Seconds of processor time that a refusal may take. */
const MAX_SECONDS = 10;

/** At this many bytes the process is killed, for the sake of the machine that runs the tests. */
const MAX_MEMORY = 3e9;

/** Clock ticks of /proc/PID/stat in a second, on every Linux that Deno runs on. */
const TICKS = 100;

/** Command line, and what the sentence says with which it is refused. */
export interface RefusedLine {
  args: readonly string[];
  includes: string;
}

/**
 * Checks that command lines are refused with one sentence each and exit code 2, in one process, which
 * takes no more memory and time than SECURITY.md promises for a single one. Where there is no /proc,
 * only the refusals are checked.
 *
 * @param lines The command lines.
 * @param bytes Size of the files that they read.
 */
export async function refusesWithin(lines: readonly RefusedLine[], bytes = 0): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "-A", HOST],
    env: { NO_COLOR: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const watch = watchProcess(child);
  const mark = "\0end";
  const requests = lines.map(({ args }) => ({ args, cwd: Deno.cwd(), env: {}, mark }));
  const stdin = child.stdin.getWriter();
  await stdin.write(
    new TextEncoder().encode(requests.map((one) => `${JSON.stringify(one)}\n`).join("")),
  );
  await stdin.close();
  const { stdout, stderr } = await child.output();
  const { memory, seconds } = await watch.end();
  const decoder = new TextDecoder();
  const codes = [...decoder.decode(stdout).matchAll(/\0end (\d+)/g)].map(([, code]) => code);
  const said = decoder.decode(stderr).split(`${mark}\n`).slice(0, -1);
  const figures = `${Math.round(memory / 1e6)} MB, ${seconds} s`;
  assertEquals([codes.length, said.length], [lines.length, lines.length], figures);
  lines.forEach(({ args, includes }, i) => {
    const line = `${args.join(" ")}: ${said[i]}`;
    assertEquals(codes[i], "2", line);
    assertEquals(said[i].trimEnd().split("\n").length, 1, line);
    assertStringIncludes(said[i], includes);
  });
  assert(memory <= PER_BYTE * bytes + FREE, figures);
  assert(seconds <= MAX_SECONDS, figures);
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
