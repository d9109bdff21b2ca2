import type { LayerMeasurements, WeightMeasurements } from "../measure/measurements.ts";
import type { Case, Verdict } from "./judge.ts";
import { looksUntrained } from "./network/biases_of.ts";
import { counted, layerNames, say } from "./say.ts";

/** Returns the trainable weights. */
export function trainedOf(weights: readonly WeightMeasurements[]): WeightMeasurements[] {
  return weights.filter(({ trainable }) => trainable);
}

/**
 * Finds frozen layers that look wrong: every layer of the model, or layers that were never trained.
 */
export function frozenLayers(
  { layers, measurements, trained: isTrained }: Case,
): Verdict[] {
  const weights = measurements.layers.flatMap(({ weights }) => weights);
  if (weights.length === 0) return [];
  if (trainedOf(weights).length > 0) return untrained(layers, measurements.layers);
  // A trained network may be frozen as a whole on purpose.
  return [{
    severity: isTrained ? "warning" : "error",
    kind: "all-frozen",
    layer: null,
    measured: 0,
    expected: "a trainable weight",
    message: say`None of the ${counted(weights.length, "weight")} of the model is trainable.`,
    advice: "Set trainable = true on the layers to train, and on the models around them.",
    ...(isTrained ? {} : { unjudged: true }),
  }];
}

function untrained(judged: LayerMeasurements[], all: LayerMeasurements[]): Verdict[] {
  const names = judged
    .filter((layer) => trainedOf(layer.weights).length === 0 && looksUntrained(layer))
    .map(({ name }) => name);
  if (names.length === 0) return [];
  const named = layerNames(names, all);
  const one = names.length === 1;
  return [{
    severity: "warning",
    kind: "frozen-untrained",
    layer: names[0],
    ...one ? {} : { layers: names },
    measured: names.length,
    expected: "trained weights in frozen layers",
    message: say`${named} ${one ? say`is` : say`are`} frozen, but ${
      one ? say`looks` : say`look`
    } untrained: the weights are as an initialiser draws them.`,
    advice: say`Load the trained weights of ${named}, or set trainable = true there; leave ${
      one ? say`it` : say`them`
    } where random features are meant, or another step trains ${
      one ? say`it` : say`them`
    }, as in a GAN.`,
  }];
}
