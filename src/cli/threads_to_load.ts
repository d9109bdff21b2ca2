import { chooseThreads } from "../engine/choose_threads.ts";

/** Operations of a pass over 32 examples for each byte of a kernel: an entry of four bytes takes six per example. */
const OPERATIONS_A_BYTE = 6 * 32 / 4;

/**
 * Chooses how many threads to load a model with under `--threads auto`. To restart the engine with more of them later
 * means to copy all weights, which takes longer than the threads take to start. A large file is known to be worth them.
 *
 * @param model The file; `null` for the exercise's network.
 */
export async function threadsToLoad(model: string | null): Promise<number> {
  const size = model === null ? 0 : (await Deno.stat(model).catch(() => null))?.size ?? 0;
  return chooseThreads(OPERATIONS_A_BYTE * size);
}
