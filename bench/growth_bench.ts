/**
 * Growth of the time and memory of `measure()` with depth, width and batch. Each network is
 * measured in a process of its own for three seconds; the least time that the processor was given
 * for a pass counts. One thread.
 *
 * @module
 */
import { dense } from "./networks.ts";
import type { Row } from "./row.ts";

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

/** Time per layer and example over that of the curve's first network, and the heap over what is needed. */
export async function rows(): Promise<Row[]> {
  const rows: Row[] = [];
  let leaked = 0, grown = 0;
  for (const [name, points] of CURVES) {
    let first: number | null = null;
    for (const [depth, width, batch] of points) {
      const point = await measurePoint(depth, width, batch);
      leaked += point.leaked;
      grown += point.grown;
      const each = 1e3 * point.least / depth / batch;
      const what = `over ${name}: ${dense(depth, width, batch).name}`;
      rows.push(
        {
          what: `${what}, a layer and example`,
          figure: each,
          unit: "us",
          against: { what: `the first over ${name}`, figure: first ??= each },
        },
        {
          what: `${what}, heap`,
          figure: point.heap / MiB,
          unit: "MiB",
          against: { what: "needed", figure: needed(depth, width, batch) / MiB },
        },
      );
    }
  }
  const target = { of: "figure", most: 0 } as const;
  return [
    ...rows,
    { what: "left over after all passes", figure: leaked, unit: "tensors", target },
    { what: "heap grown after the second pass", figure: grown / MiB, unit: "MiB", target },
  ];
}
