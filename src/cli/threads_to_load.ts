import { chooseThreads } from "../engine/choose_threads.ts";

/** Operations of a pass of 32 examples, for each byte of a kernel: six for each entry of four bytes. */
const OPERATIONS_A_BYTE = 6 * 32 / 4;

/**
 * How many threads to load a model with, where nobody says. An engine that starts again with more of them takes the
 * weights over, which takes longer than the threads do; of a large file it is known before that they pay.
 *
 * @param model The file; `null` for the exercise's network.
 */
export async function threadsToLoad(model: string | null): Promise<number> {
  const size = model === null ? 0 : (await Deno.stat(model).catch(() => null))?.size ?? 0;
  return chooseThreads(OPERATIONS_A_BYTE * size);
}
