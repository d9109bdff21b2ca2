import { median } from "../../src/ground/theory/statistics.ts";
import { type Peer, TOOL } from "./peers.ts";
import type { Results, Times, Warm } from "./results.ts";
import { Answering, onCores, ProcessError } from "./run_process.ts";
import type { Turn } from "./turns.ts";

const timesOf = (values: number[]): Times => ({
  least: Math.min(...values),
  median: median(values),
});

/** Passes in processes that run already, which take turns, on one core and on two. */
export async function measureWarm(
  folder: string,
  networks: readonly string[],
  peers: readonly Peer[],
  rounds: number,
): Promise<Results["warm"]> {
  const by: NonNullable<Results["warm"]>["by"] = {};
  for (const threads of [1, 2]) {
    by[threads] = {};
    for (const network of networks) {
      console.error(`passes of ${network} on ${threads} threads`);
      by[threads][network] = await takeTurns(folder, network, peers, rounds, threads);
    }
  }
  return { rounds, by };
}

async function takeTurns(
  folder: string,
  network: string,
  peers: readonly Peer[],
  rounds: number,
  threads: number,
): Promise<Record<string, Warm | { unable: string }>> {
  const found: Record<string, Warm | { unable: string }> = {};
  await using processes = new AsyncDisposableStack();
  const running = new Map<string, { job: Answering; turns: Turn[] }>();
  for (const { name, warm } of [TOOL, ...peers]) {
    if (warm === null) continue;
    const job = processes.use(new Answering(onCores(threads, warm(folder, network, threads))));
    running.set(name, { job, turns: [] });
  }
  for (let round = -1; round < rounds; round++) {
    for (const [name, { job, turns }] of running) {
      try {
        if (round < 0) await job.line();
        else turns.push(await job.ask<Turn>());
      } catch (error) {
        if (!(error instanceof ProcessError)) throw error;
        found[name] = { unable: error.message };
        running.delete(name);
      }
    }
  }
  for (const [name, { turns }] of running) {
    found[name] = {
      figures: timesOf(turns.map(({ figures }) => figures)),
      bare: timesOf(turns.map(({ bare }) => bare)),
    };
  }
  return found;
}
