/**
 * Cost of merging the parts of a study: a thousand shards of a thousand points (3.1 GB, about ten
 * minutes; removed afterwards), and a tenth of them. The parts are simulated: points of ten layers,
 * as long in the file as measured ones. The memory of `merge --format json` is bounded, whatever
 * the points.
 *
 * @module
 */
import { writeShards } from "../tests/study/write_shards.ts";
import { peakMemory } from "./costs.ts";
import type { Row } from "./row.ts";

const PROGRAM = new URL("../mod.ts", import.meta.url).href;
const MiB = 2 ** 20;
/** Largest number of MiB that joining points as JSON may take. */
const MOST = 512;
const SHARDS = 1000, POINTS = 1000;

async function merge(folder: string, paths: string[], format: string) {
  const started = performance.now();
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      PROGRAM,
      "merge",
      ...paths,
      "--out",
      `${folder}/whole.json`,
      "--format",
      format,
      "--quiet",
    ],
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let peak = 0;
  const timer = setInterval(() => peak = Math.max(peak, peakMemory(child.pid)), 20);
  const { success } = await child.status;
  clearInterval(timer);
  if (!success) throw new Error("the merge failed");
  return { peak, ms: performance.now() - started };
}

/** Memory and time of a merge, of a thousand shards of 100 and of 1000 points. */
export async function rows(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const points of [POINTS / 10, POINTS]) {
    const folder = await Deno.makeTempDir();
    try {
      const { paths } = await writeShards(folder, { count: SHARDS, points, layers: 10 });
      for (const format of ["json", "text"]) {
        const { peak, ms } = await merge(folder, paths, format);
        const what = `merge --format ${format}, ${SHARDS} x ${points} points`;
        rows.push({ what, figure: ms, unit: "ms" }, {
          what: `${what}, memory`,
          figure: peak / MiB,
          unit: "MiB",
          ...format === "json" && { target: { of: "figure", most: MOST } },
        });
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }
  return rows;
}
