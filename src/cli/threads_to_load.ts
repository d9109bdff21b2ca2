import { chooseThreads } from "../engine/start/choose_threads.ts";

/**
 * Operations of a pass over 32 examples per byte of a kernel: an entry of four bytes takes six per
 * example.
 */
const OPERATIONS_A_BYTE = 6 * 32 / 4;

/**
 * Chooses the number of threads for loading a model under `--threads auto`. Restarting the engine
 * with more threads later copies all weights, which takes longer than starting the threads. A large
 * file is sure to be worth them.
 *
 * @param model The file; `null` for the exercise's network.
 */
export async function threadsToLoad(model: string | null): Promise<number> {
  const size = model === null ? 0 : (await Deno.stat(model).catch(() => null))?.size ?? 0;
  return chooseThreads(OPERATIONS_A_BYTE * size);
}
