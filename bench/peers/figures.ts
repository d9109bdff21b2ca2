import type { LayerMeasurements, TensorStatistics } from "../../src/entry/measure.ts";

/**
 * Figures of one tool for one pass: for a layer mean |z|, |a|, |dJ/da| and |delta|, as far as the
 * tool shows them; for a weight, `dense_1/kernel`, mean |dJ/dw| as `gradient`. Output of the jobs
 * of bench/peers/.
 */
export interface Figures {
  versions: Record<string, string>;
  loss: number;
  layers: Record<string, Record<string, number>>;
}

/** The figures of this tool, by the names that the jobs of the others use. */
export function toolFigures(
  loss: number,
  layers: readonly LayerMeasurements[],
): Omit<Figures, "versions"> {
  const found: Figures["layers"] = {};
  for (const layer of layers) {
    const statistics: Record<string, TensorStatistics | null> = {
      z: layer.preActivations,
      a: layer.activations,
      da: layer.activationGradients,
      delta: layer.preActivationGradients,
    };
    found[layer.name] = Object.fromEntries(
      Object.entries(statistics).flatMap(([name, one]) =>
        one === null ? [] : [[name, one.meanAbs]]
      ),
    );
    // What an attention puts out, its last part does.
    const whole = /^(.*)\/attention_output$/.exec(layer.name)?.[1];
    if (whole !== undefined) found[whole] = found[layer.name];
    for (const { name, gradients } of layer.weights) {
      if (gradients !== null) found[name] = { gradient: gradients.meanAbs };
    }
  }
  return { loss, layers: found };
}
