/**
 * How time and memory of `measure()` grow with depth, width and batch:
 * `deno run -A bench/growth_bench.ts`. Each network is measured in a process of its own for three
 * seconds; the least time that the processor was given for a pass counts. One thread.
 *
 * @module
 */
import { dense } from "./networks.ts";

interface Point {
  least: number;
  passes: number;
  heap: number;
  grown: number;
  leaked: number;
}

async function measurePoint(depth: number, width: number, batch: number): Promise<Point> {
  const script = new URL("growth_point.ts", import.meta.url).pathname;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, ...[depth, width, batch].map(String)],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${depth} x ${width}, batch ${batch} failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}

const MiB = 2 ** 20;

/**
 * Weights and their gradients, and for each layer and example z, a, dJ/da and delta, of which half
 * are alive at once: what a pass cannot do without.
 */
const needed = (depth: number, width: number, batch: number) =>
  4 * depth * (2 * width * (width + 1) + 2 * batch * width);

const CURVES: [string, [number, number, number][]][] = [
  ["depth", [10, 25, 50, 100, 200].map((depth) => [depth, 256, 64])],
  ["batch", [16, 32, 64, 128, 256, 512].map((batch) => [10, 256, batch])],
  ["width", [64, 128, 256, 512, 1024, 2048].map((width) => [10, width, 64])],
];

const columns = ["depth", "width", "batch", "pass", "per layer, example", "G/s", "heap", "needed"];
const widths = [5, 5, 5, 11, 18, 6, 9, 9];
const line = (cells: string[]) => cells.map((cell, i) => cell.padStart(widths[i])).join("  ");
let flat = true;
for (const [name, points] of CURVES) {
  console.log(`\nover ${name}\n${line(columns)}`);
  for (const [depth, width, batch] of points) {
    const { least, heap, grown, leaked } = await measurePoint(depth, width, batch);
    flat &&= grown === 0 && leaked === 0;
    console.log(line([
      ...[depth, width, batch].map(String),
      `${least.toFixed(2)} ms`,
      `${(1e3 * least / depth / batch).toFixed(3)} us`,
      (dense(depth, width, batch).operations / least / 1e6).toFixed(1),
      `${(heap / MiB).toFixed(0)} MiB`,
      `${(needed(depth, width, batch) / MiB).toFixed(0)} MiB`,
    ]));
  }
}
console.log(
  `\nafter the second pass the heap ${
    flat ? "did not grow" : "GREW"
  }, and no tensor was left over` +
    `${flat ? "" : ", or some were"}`,
);
