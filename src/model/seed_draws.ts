import { patchProperty } from "../engine/patch_property.ts";
import { SeededRandom } from "./seeded_random.ts";

/** The streams of the calls under way, the newest last: that is where `Math.random` draws from. */
const streams: SeededRandom[] = [];
let restore = () => {};

/**
 * Runs somebody's code and lets `Math.random` draw from a seed meanwhile. The initialisers and random
 * tensors of TensorFlow.js that are given no seed draw from there, as those of a model do that was
 * ported line by line: without this, every run would measure another network.
 *
 * @param seed The seed.
 * @param stream What is drawn.
 * @param run The code; calls may overlap.
 */
export async function seedDraws<T>(
  seed: number,
  stream: string,
  run: () => T | Promise<T>,
): Promise<T> {
  const random = new SeededRandom(seed, stream);
  if (streams.push(random) === 1) {
    const value = () => streams.at(-1)!.uniform();
    restore = patchProperty(Math, "random", { writable: true, value });
  }
  try {
    return await run();
  } finally {
    streams.splice(streams.indexOf(random), 1);
    if (streams.length === 0) restore();
  }
}
