import { layerTraits } from "../traits/layer_traits.ts";
import type { DeclaredSignals, InputMoments } from "../traits/moments.ts";
import { showValue } from "../words/show_value.ts";
import { MeasureError } from "./measure_error.ts";
import type { InputMeasurements, LayerMeasurements } from "./measurements.ts";

/**
 * Asks the registered rules of custom layers for their expected signals. This happens in the pass:
 * a rule is code of the model's module, which is not available to those who judge a report.
 *
 * @param layers The layers.
 * @param inputs Inputs of the model.
 * @returns The layers; those with a rule include its answer.
 * @throws {MeasureError} If a rule gives an invalid answer.
 */
export function declareSignals(
  layers: readonly LayerMeasurements[],
  inputs: readonly InputMeasurements[],
): LayerMeasurements[] {
  const outputs = new Map(layers.map((layer) => [layer.name, layer]));
  const ofInputs = new Map(inputs.map((input) => [input.name, input]));
  return layers.map((layer) => {
    const rule = layerTraits(layer.className).moments;
    if (rule === undefined) return layer;
    const read = [
      ...(layer.inputs ?? []).map((name) => {
        const { shape, activations } = outputs.get(name)!;
        return { shape, values: activations };
      }),
      ...(layer.reads ?? []).map((name) => ofInputs.get(name)!),
    ].map(({ shape, values }): InputMoments | null =>
      shape === null || values === null
        ? null
        : { meanSquare: values.rms ** 2, mean: values.mean, shape }
    );
    if (!read.every((moments) => moments !== null)) return layer;
    const weights = layer.weights.map(({ name, shape, values: { rms, mean } }) => ({
      name,
      shape,
      meanSquare: rms ** 2,
      mean,
    }));
    const answer: unknown = rule(read, weights);
    if (answer === null) return layer;
    if (!isDeclared(answer, read.length)) {
      throw new MeasureError(
        `moments of ${layer.className} returned ${showValue(answer)} for ${layer.name}, expected ` +
          `{ output: { meanSquare, mean }, gradients }, gradients null or ${read.length} numbers from 0`,
      );
    }
    const { output: { meanSquare, mean }, gradients } = answer;
    return {
      ...layer,
      declared: { output: { meanSquare, mean }, gradients: gradients && [...gradients] },
    };
  });
}

function isDeclared(answer: unknown, inputs: number): answer is DeclaredSignals {
  const { output, gradients } = (answer ?? {}) as Partial<DeclaredSignals>;
  const isSize = (value: unknown) =>
    typeof value === "number" && Number.isFinite(value) && value >= 0;
  return typeof output === "object" && output !== null && isSize(output.meanSquare) &&
    Number.isFinite(output.mean) && output.mean ** 2 <= output.meanSquare * (1 + 1e-6) &&
    (gradients === null ||
      Array.isArray(gradients) && gradients.length === inputs && gradients.every(isSize));
}
