import type { Engine } from "./engine.ts";
import { runningEngine } from "./running_engine.ts";
import { startEngine } from "./start_engine.ts";

/** The running engine; starts one with the defaults when none runs. */
export async function ensureEngine(): Promise<Engine> {
  return runningEngine() ?? await startEngine();
}
