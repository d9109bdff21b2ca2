import { median } from "../../src/ground/theory/statistics.ts";
import { type Peer, TOOL } from "./peers.ts";
import { isUnable, type Results } from "./results.ts";
import { onCores, ProcessError, type Ran, runProcess } from "./run_process.ts";

/** Seconds; a tool that takes longer in its first run is not run again. */
const ONCE = 20;

/**
 * Whole processes on one core each, in turns: all tools, then all again.
 *
 * @param figures Which tools could not do which network; these are not tried again.
 */
export async function measureCold(
  folder: string,
  networks: readonly string[],
  peers: readonly Peer[],
  rounds: number,
  figures: Results["figures"],
): Promise<Results["cold"]> {
  const by: NonNullable<Results["cold"]>["by"] = {};
  for (const network of networks) {
    console.error(`whole processes of ${network}`);
    const runs = new Map<Peer, Ran[]>([TOOL, ...peers].map((peer) => [peer, []]));
    by[network] = {};
    for (const peer of peers) {
      const before = figures?.[network]?.[peer.name];
      if (before === undefined || !isUnable(before)) continue;
      by[network][peer.name] = before;
      runs.delete(peer);
    }
    for (let round = 0; round < rounds; round++) {
      for (const [peer, own] of runs) {
        if (round > 0 && own[0].seconds > ONCE) continue;
        try {
          own.push(await runProcess(onCores(1, peer.cold(folder, network, 1)), peer.limit));
        } catch (error) {
          if (!(error instanceof ProcessError)) throw error;
          by[network][peer.name] = { unable: error.message };
          runs.delete(peer);
        }
      }
    }
    for (const [peer, own] of runs) {
      const seconds = own.map((ran) => ran.seconds);
      by[network][peer.name] = {
        least: Math.min(...seconds),
        median: median(seconds),
        peak: median(own.map(({ peak }) => peak)),
      };
    }
  }
  return { rounds, by };
}
