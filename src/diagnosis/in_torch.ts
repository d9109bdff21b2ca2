import type { Measurements } from "../measure/measurements.ts";
import type { Cure } from "./cure.ts";

/**
 * A cure in the words of PyTorch, where the weights are those of a state dict.
 *
 * @param cure The cure.
 * @param measurements What was measured.
 */
export function inTorch(cure: Cure, { weightsOnly, layers }: Measurements): Cure {
  if (weightsOnly === undefined) return cure;
  const framework = "pytorch";
  if (cure.kind !== "rescale" && cure.kind !== "redraw") return { ...cure, framework };
  // A Conv1D is a dense layer of GPT-2, with its kernel the other way round.
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
