import type { Engine } from "./engine.ts";
import { acquireDefaultEngine } from "./start_engine.ts";

/**
 * The running engine; starts one with the defaults when none runs. Nobody has to stop that one: it
 * has no workers, and a later `startEngine` replaces it or takes it over.
 *
 * @throws {EngineError} If it cannot start.
 */
export async function ensureEngine(): Promise<Engine> {
  return await acquireDefaultEngine();
}
