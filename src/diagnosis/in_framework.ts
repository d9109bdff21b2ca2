import type { Measurements } from "../measure/measurements.ts";
import type { Fix } from "./fix.ts";

/**
 * Returns a fix in the words of the framework that the network was written in: PyTorch if the
 * weights are those of a state dict, Keras if Keras wrote the layers, else TensorFlow.js.
 */
export function inFramework(fix: Fix, measurements: Measurements): Fix {
  if (measurements.weightsOnly !== undefined) return inTorch(fix, measurements);
  const { framework } = measurements.model;
  return framework === undefined ? fix : { ...fix, framework };
}

function inTorch(fix: Fix, { layers }: Measurements): Fix {
  const framework = "pytorch";
  if (fix.kind !== "rescale" && fix.kind !== "redraw") return { ...fix, framework };
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
  return fix.kind === "rescale"
    ? { ...fix, framework, weights: mark(fix.weights) }
    : { ...fix, framework, weights: mark(fix.weights) };
}
