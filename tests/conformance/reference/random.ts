import { type NdArray, ndArray } from "./nd_array.ts";

/** A stream of numbers in [0, 1) from a text, so that every row has its own and keeps it. */
export function randomStream(text: string): () => number {
  let state = 2166136261;
  for (const character of text) state = Math.imul(state ^ character.charCodeAt(0), 16777619);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Standard normal numbers, rounded to float32: both sides of a comparison see the same ones. */
export function randomNormal(shape: readonly number[], next: () => number): NdArray {
  return ndArray(
    shape,
    () => Math.fround(Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next())),
  );
}
