import { median } from "../../src/ground/theory/statistics.ts";
import { type Peer, TOOL } from "./peers.ts";
import type { Results, Sized } from "./results.ts";
import { runProcess } from "./run_process.ts";

/** Width and batch of ten dense layers, the smallest pass first. */
const SIZES: readonly (readonly [width: number, batch: number])[] = [
  [512, 64],
  [1024, 128],
  [1536, 256],
  [2048, 256],
  [2048, 512],
  [2560, 512],
];

/** Multiply-adds of the products of a pass, times 2: forward, and backward for kernels and for inputs. */
const operationsOf = (width: number, batch: number): number => 3 * 10 * 2 * batch * width * width;

/**
 * Whole processes of this tool and of PyTorch, on two threads, at growing sizes.
 *
 * @param folderOf Where the dense network of a size lies.
 */
export async function findCrossover(
  folderOf: (width: number, batch: number) => Promise<string>,
  torch: Peer,
  rounds: number,
): Promise<Results["crossover"]> {
  const sizes: Sized[] = [];
  for (const [width, batch] of SIZES) {
    console.error(`10 x ${width}, batch ${batch}`);
    const folder = await folderOf(width, batch);
    const times: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const [i, peer] of [TOOL, torch].entries()) {
        times[i].push((await runProcess(peer.cold(folder, "dense", 2), peer.limit)).seconds);
      }
    }
    const [tool, own] = times.map(median);
    sizes.push({ operations: operationsOf(width, batch), tool, torch: own });
    await Deno.remove(folder, { recursive: true });
  }
  return { rounds, sizes };
}

/**
 * From how many operations on PyTorch's whole process is faster: where the ratio of the two crosses 1, on a scale of
 * logarithms; `null` if it does not.
 */
export function crossoverOf(sizes: readonly Sized[]): number | null {
  const lead = ({ tool, torch }: Sized) => Math.log(tool / torch);
  const after = sizes.findIndex((size, i) => i > 0 && lead(size) >= 0 && lead(sizes[i - 1]) < 0);
  if (after === -1) return null;
  const before = sizes[after - 1];
  const next = sizes[after];
  const share = -lead(before) / (lead(next) - lead(before));
  return Math.exp(
    Math.log(before.operations) + share * Math.log(next.operations / before.operations),
  );
}
