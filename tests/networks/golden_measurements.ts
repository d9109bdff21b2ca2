import type { Measurements } from "../../src/core/measure/measurements.ts";
import { type DenseLayer, measureDense } from "./dense_network.ts";

const GOLDEN = new URL("../../fixtures/golden/", import.meta.url);

/**
 * The measurements of a golden case: its statistics from golden.json, and the rest (weights,
 * saturated and dead shares) from a pass in float64.
 */
export function goldenMeasurements(name: string): Measurements {
  const folder = new URL(`${name}/`, GOLDEN);
  const read = (file: string) => JSON.parse(Deno.readTextFileSync(new URL(file, folder)));
  const golden = read("golden.json");
  const batch = read("batch.json");
  const bytes = Deno.readFileSync(new URL("weights.bin", folder));
  const numbers = Float64Array.from(new Float32Array(bytes.buffer));
  let offset = 0;
  const take = (count: number) => numbers.subarray(offset, offset += count);
  const layers = read("model.json").weightsManifest[0].weights
    .filter(({ shape }: { shape: number[] }) => shape.length === 2)
    .map(({ shape: [fanIn, units] }: { shape: [number, number] }, i: number): DenseLayer => ({
      kernel: take(fanIn * units),
      bias: take(units),
      units,
      activation: golden.layers[i].activation,
    }));
  const measured = measureDense(layers, Float64Array.from(batch.inputs.values), {
    targets: batch.targets && Float64Array.from(batch.targets.values),
  });
  return {
    ...measured,
    model: { ...measured.model, name },
    objective: { name: golden.objective, value: golden.objectiveValue },
    layers: measured.layers.map((layer, i) => {
      const row = golden.layers[i];
      const [kernel, bias] = layer.weights;
      return {
        ...layer,
        preActivations: finite(row.preActivations),
        activations: finite(row.activations),
        activationGradients: finite(row.activationGradient),
        preActivationGradients: finite(row.preActivationGradient),
        weights: [
          { ...kernel, gradients: finite(row.kernelGradient) },
          { ...bias, gradients: finite(row.biasGradient) },
        ],
      };
    }),
  };
}

function finite<T>(statistics: T): T & { nonFinite: number } {
  return { ...statistics, nonFinite: 0 };
}
