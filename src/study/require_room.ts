import { StudyError } from "./study_error.ts";

/** What TensorFlow.js's WASM heap can hold, in bytes. */
const HEAP = 2 ** 32;
/** A kernel is there as it was drawn, scaled, and as a gradient. */
const COPIES = 3;

/**
 * Refuses a network that a study builds by itself before its kernels are drawn, if the engine could not
 * hold them.
 *
 * @param depth Hidden layers.
 * @param width Units of each, and features.
 * @throws {StudyError} If they are too many: the message says how much memory they would take.
 */
export function requireRoom(depth: number, width: number): void {
  const bytes = COPIES * Float32Array.BYTES_PER_ELEMENT * depth * width ** 2;
  if (bytes <= HEAP) return;
  throw new StudyError(
    `a network of depth ${depth} and width ${width} takes ${(bytes / 2 ** 30).toFixed(1)} GiB ` +
      `(its kernels, scaled ones and gradients), expected at most the ${
        HEAP / 2 ** 30
      } GiB of the ` +
      `engine's heap`,
  );
}
