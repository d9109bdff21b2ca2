import { LOSSES, type LossName } from "../model/objective.ts";
import { nearest } from "../words/nearest.ts";

/** What losses are called elsewhere, Keras and PyTorch above all. */
const ALIASES: Record<string, LossName> = {
  mse: "meanSquaredError",
  mae: "meanAbsoluteError",
  mape: "meanAbsolutePercentageError",
  msle: "meanSquaredLogarithmicError",
  l1: "meanAbsoluteError",
  l2: "meanSquaredError",
  bce: "binaryCrossentropy",
  logloss: "binaryCrossentropy",
  cce: "categoricalCrossentropy",
  crossentropy: "categoricalCrossentropy",
  softmaxcrossentropy: "categoricalCrossentropy",
  scce: "sparseCategoricalCrossentropy",
  kld: "kullbackLeiblerDivergence",
  kldiv: "kullbackLeiblerDivergence",
  cosinesimilarity: "cosineProximity",
};

/**
 * The end of an error message that offers the objective somebody may have meant.
 *
 * @param name What was given.
 * @returns `"; did you mean ...?"`, or nothing where none is near.
 */
export function nearestObjective(name: string): string {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  const known = Object.hasOwn(ALIASES, plain)
    ? ALIASES[plain]
    : LOSSES.find((loss) => loss.toLowerCase() === plain);
  return known === undefined
    ? nearest(name, ["sum", ...LOSSES])
    : `; did you mean ${JSON.stringify(known)}?`;
}
