/**
 * What joining the parts of a study costs: `deno run -A bench/merge_bench.ts [SHARDS POINTS]`, by default a
 * thousand shards of a thousand points (3.1 GB, some ten minutes; both are removed afterwards). The parts are
 * simulated: points of ten layers, as long in the file as measured ones.
 *
 * The memory of `merge --format json` is bounded, whatever the points.
 *
 * @module
 */
import { writeShards } from "../tests/study/write_shards.ts";

const PROGRAM = new URL("../mod.ts", import.meta.url).href;
const MiB = 2 ** 20;
/** Most MiB that joining points as json may take. */
const MOST = 512;

/** Peak of a process's memory, in bytes, as Linux counts it. */
function peakOf(pid: number): number {
  try {
    const [, kB] = /VmHWM:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`))!;
    return 1024 * Number(kB);
  } catch {
    // It has ended.
    return 0;
  }
}

async function merge(folder: string, paths: string[], format: string) {
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "-A", PROGRAM, "merge", ...paths],
      ...["--out", `${folder}/whole.json`, "--format", format, "--quiet"],
    ],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let peak = 0;
  const timer = setInterval(() => peak = Math.max(peak, peakOf(child.pid)), 20);
  const { success } = await child.status;
  clearInterval(timer);
  if (!success) throw new Error("the merge failed");
  return { peak, ms: performance.now() - started };
}

const [count = 1000, points = 1000] = Deno.args.map(Number);
const peaks: number[] = [];
console.log(`parts  points     format  time      memory`);
for (const each of [points / 10, points]) {
  const folder = await Deno.makeTempDir();
  try {
    const { paths } = await writeShards(folder, { count, points: each, layers: 10 });
    for (const format of ["json", "text"]) {
      const { peak, ms } = await merge(folder, paths, format);
      if (format === "json") peaks.push(peak);
      const cells = [count, (count * each).toLocaleString("en"), format];
      const padded = cells.map((cell, i) => String(cell).padEnd([5, 9, 6][i]));
      const time = `${(ms / 1000).toFixed(0)} s`.padEnd(8);
      console.log(`${padded.join("  ")}  ${time}  ${(peak / MiB).toFixed(0)} MiB`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
const most = Math.max(...peaks) / MiB;
console.log(
  `memory as json: ${most.toFixed(0)} MiB, target at most ${MOST}: ${
    most <= MOST ? "met" : "MISSED"
  }`,
);
