/**
 * Speed of this engine relative to stock TensorFlow.js.
 *
 * Each network runs in a process of its own; the processes take turns, and the least time of all
 * passes counts, being the least disturbed.
 *
 * @module
 */
import { convnet, dense, type Network, recurrent } from "./networks.ts";
import type { Row } from "./row.ts";
import { timeNetwork } from "./time_network.ts";

/** Runs: network, backend, passes in one process, processes. */
const RUNS = [
  ["dense", "stock", 6, 3],
  ["dense", "engine", 45, 3],
  ["dense", "threads", 60, 3],
  ["convnet", "cpu", 1, 1],
  ["convnet", "engine", 30, 2],
  ["recurrent", "cpu", 1, 1],
  ["recurrent", "segments", 6, 3],
  ["recurrent", "engine", 30, 3],
] as const;

/** Gradients of this engine over those of TensorFlow.js. */
export async function rows(): Promise<Row[]> {
  const least = new Map<string, number>();
  for (let round = 0; round < 3; round++) {
    for (const [network, backend, passes, rounds] of RUNS) {
      if (round >= rounds) continue;
      const key = `${network} ${backend}`;
      const ms = await timeNetwork(network, backend, passes);
      least.set(key, Math.min(ms, least.get(key) ?? Infinity));
    }
  }
  const row = (
    { name, operations }: Network,
    [ours, what]: [string, string],
    [theirs, against]: [string, string],
    times: number,
  ): Row => {
    const rate = (key: string) => operations / least.get(key)! / 1e6;
    return {
      what: `${name}${what}`,
      figure: rate(ours),
      unit: "G/s",
      against: { what: against, figure: rate(theirs) },
      target: { of: "ratio", least: times },
    };
  };
  const wide = dense(10, 512, 64);
  const stock: [string, string] = ["dense stock", "stock WASM"];
  return [
    row(wide, ["dense engine", ""], stock, 11),
    row(wide, ["dense threads", ", two threads"], stock, 18),
    row(convnet, ["convnet engine", ""], ["convnet cpu", "cpu"], 800),
    row(recurrent, ["recurrent engine", ""], ["recurrent cpu", "cpu"], 150),
    row(recurrent, ["recurrent engine", ""], ["recurrent segments", "stock + segment sum"], 4),
  ];
}
