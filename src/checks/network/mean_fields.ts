import { meanField, type MeanFieldState } from "../../theory/mean_field.ts";

/** A layer whose activation goes by its name. */
interface NamedLayer {
  activation: string;
  weightVariance: number;
}

/** How many results are kept: those of one network, at several gains, and of the next scales of it. */
const KEPT = 8;

/**
 * Computes mean fields and keeps the latest: at criticality a network has the same one at each of the scales
 * that a study judges it at.
 */
export class MeanFields {
  /** The latest results, the oldest first. */
  readonly #known = new Map<string, MeanFieldState[]>();

  /** The mean field of these layers on inputs of that mean square. */
  of(layers: readonly NamedLayer[], inputMeanSquare: number): MeanFieldState[] {
    const known = this.#known;
    const variances = layers.map(({ activation, weightVariance }) =>
      `${activation} ${weightVariance}`
    );
    const key = `${inputMeanSquare} ${variances}`;
    const states = known.get(key) ?? meanField(layers, inputMeanSquare);
    known.delete(key);
    known.set(key, states);
    if (known.size > KEPT) known.delete(known.keys().next().value!);
    return states;
  }
}
