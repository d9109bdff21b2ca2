import {
  arrayOf,
  number,
  objectWith,
  orNull,
  type Requirement,
  requireValue,
  text,
} from "../words/requirements.ts";
import { showWord } from "../words/show_word.ts";
import type { Cure } from "./cure.ts";

const weightsOf = (more: Record<string, Requirement>) =>
  arrayOf(objectWith({ layer: text, weight: text, ...more }));

const layers = arrayOf(text);
const moments = { index: number, mean: number, std: number };

/** Required fields of each kind of fix. */
const SHAPES: Readonly<Record<Cure["kind"], Requirement>> = {
  rescale: objectWith({ weights: weightsOf({ factor: number }), initializer: orNull(text) }),
  redraw: objectWith({ weights: weightsOf({ std: number }), initializer: text }),
  "set-bias": objectWith({ weights: weightsOf({}), value: number }),
  "normalize-input": objectWith({ input: text, ...moments }),
  "normalize-targets": objectWith({ output: text, ...moments }),
  "shift-classes": objectWith({ output: text, index: number, by: number }),
  activation: objectWith({ layers, from: text, to: text }),
  head: objectWith({ layer: text, activation: orNull(text), loss: orNull(text) }),
  unfreeze: objectWith({ layers }),
  dropout: objectWith({ layers, rate: number }),
  "remove-activation": objectWith({
    layer: text,
    activation: text,
    next: text,
    nextActivation: text,
  }),
  penalties: objectWith({ layers, by: number }),
  "learning-rate": objectWith({ from: number, to: number }),
  rebuild: objectWith({ what: text }),
};

/**
 * Requires a fix of a known kind, with its fields.
 *
 * @throws {TypeError} If it is not.
 */
export function requireCure(place: string, cure: Cure): void {
  requireValue(place, cure, objectWith({ kind: text }));
  if (!Object.hasOwn(SHAPES, cure.kind)) {
    throw new TypeError(
      `${place}.kind is ${showWord(cure.kind)}, expected one of ${Object.keys(SHAPES).join(", ")}`,
    );
  }
  requireValue(place, cure, SHAPES[cure.kind]);
}
