import { meanField } from "../theory/mean_field.ts";
import type { LayerSummary } from "./study_summary.ts";

/**
 * What mean-field theory says l2(delta) of the first hidden layer is over that of the last: the root
 * of the product of chi over the layers between them.
 *
 * @param layers The layers, in the order of the forward pass.
 * @param inputMeanSquare Mean of the squared input.
 * @returns The ratio, or `null` with fewer than two hidden layers.
 */
export function predictedRatio(
  layers: readonly LayerSummary[],
  inputMeanSquare: number,
): number | null {
  const chain = layers.flatMap(({ role, activation, figures: { sigma } }) =>
    role === "hidden" && sigma !== null
      ? [{ activation: activation ?? "linear", weightVariance: sigma.median ** 2 }]
      : []
  );
  if (chain.length < 2) return null;
  const states = meanField(chain, inputMeanSquare);
  return Math.sqrt(states.slice(0, -1).reduce((product, { chi }) => product * chi, 1));
}
