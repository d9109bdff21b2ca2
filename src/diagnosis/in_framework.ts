import type { Measurements } from "../measure/measurements.ts";
import type { Cure } from "./fix.ts";

/**
 * Returns a fix in the words of the framework that the network was written in: PyTorch if the
 * weights are those of a state dict, Keras if Keras wrote the layers, else TensorFlow.js.
 *
 * @param cure The fix.
 * @param measurements The measurements.
 */
export function inFramework(cure: Cure, measurements: Measurements): Cure {
  if (measurements.weightsOnly !== undefined) return inTorch(cure, measurements);
  const { framework } = measurements.model;
  return framework === undefined ? cure : { ...cure, framework };
}

function inTorch(cure: Cure, { layers }: Measurements): Cure {
  const framework = "pytorch";
  if (cure.kind !== "rescale" && cure.kind !== "redraw") return { ...cure, framework };
  // A Conv1D is GPT-2's dense layer, with its kernel transposed.
  const inputsFirst = new Set(
    layers.filter(({ className, kernelLayout }) =>
      className === "Conv1D" || kernelLayout === "transposed"
    ).map(({ name }) => name),
  );
  const mark = <T extends { layer: string }>(weights: T[]): T[] =>
    weights.map((weight) =>
      inputsFirst.has(weight.layer) ? { ...weight, inputsFirst: true } : weight
    );
  return cure.kind === "rescale"
    ? { ...cure, framework, weights: mark(cure.weights) }
    : { ...cure, framework, weights: mark(cure.weights) };
}
