import { InputError } from "../../../ground/words/input_error.ts";
import { patchProperty } from "../../../engine/patching.ts";
import { showValue } from "../../../ground/words/show_value.ts";

/** Returns a 32-bit hash of a string (FNV-1a). */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) bits = Math.imul(bits ^ text.charCodeAt(i), 0x01000193);
  return bits >>> 0;
}

/**
 * Random numbers that depend only on a seed: not on the backend, the platform or other draws. Every
 * seed counts, 0 included.
 *
 * The generator is xoshiro128** of Blackman and Vigna (2018), period 2^128 - 1, its state filled by
 * splitmix32 from the seed and the stream's name. Two streams of one seed are independent: weights
 * and batch of seed 0 must not be the same numbers.
 */
export class SeededRandom {
  readonly #state = new Uint32Array(4);
  #spare: number | null = null;

  /**
   * Starts a stream.
   *
   * @param seed A safe integer.
   * @param stream Purpose of the numbers.
   * @throws {InputError} If the seed is not a safe integer.
   */
  constructor(seed: number, stream: string) {
    if (!Number.isSafeInteger(seed)) {
      throw new InputError(
        { place: "seed", found: showValue(seed), expected: "an integer below 2^53 in magnitude" },
      );
    }
    let bits = hash(`${seed} ${stream}`);
    for (let i = 0; i < 4; i++) {
      bits = (bits + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
      this.#state[i] = mixed ^ (mixed >>> 15);
    }
  }

  /** Returns the entries of a list in random order. */
  shuffled<T>(given: readonly T[]): T[] {
    const order = [...given];
    for (let i = order.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const kept = order[i];
      order[i] = order[j];
      order[j] = kept;
    }
    return order;
  }

  /** Draws 32 uniform bits. */
  bits(): number {
    const s = this.#state;
    const scrambled = Math.imul(s[1], 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Draws a uniform number in [0, 1), in steps of 2^-32. */
  uniform(): number {
    return this.bits() / 2 ** 32;
  }

  /**
   * Draws a whole number from 0 to below `end`, all equally likely up to a bias below `end` / 2^32.
   */
  integer(end: number): number {
    return Math.floor(this.uniform() * end);
  }

  /** Draws a standard normal number (Box and Muller 1958; both of a pair are used). */
  normal(): number {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log((this.bits() + 1) / 2 ** 32));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** Draws `count` normal numbers of mean 0. */
  normals(count: number, std = 1): Float32Array {
    // Twice as fast as Float32Array.from.
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) values[i] = this.normal() * std;
    return values;
  }
}

/** Streams of the running calls, the newest last: `Math.random` draws from that one. */
const streams: SeededRandom[] = [];
let restore = () => {};

/**
 * Runs user code and lets `Math.random` draw from a seed meanwhile. Initialisers and random tensors
 * of TensorFlow.js without a seed draw from it, as in a model ported line by line: otherwise every
 * run would measure another network.
 *
 * @param stream Purpose of the draws.
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
