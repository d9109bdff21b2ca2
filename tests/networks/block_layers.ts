import type { LayerMeasurements, Measurements } from "../../src/core/measure/measurements.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "./measurements.ts";

/** Layers of blocks with an attention and an MLP, and the rms of the MLP's kernel in one of them. */
export function blockLayers(
  count: number,
  changed: { block: number; rms: number } = { block: -1, rms: 1 },
): LayerMeasurements[] {
  return Array.from({ length: count }, (_, block) =>
    ["attn.q", "mlp.up"].map((kind) => {
      const name = `model.layers.${block}.${kind}`;
      const rms = kind === "mlp.up" && block === changed.block ? changed.rms : 0.5;
      return makeLayer({
        name,
        className: "Linear",
        weights: [
          makeWeight({ name: `${name}/weight`, shape: [64, 64], values: flat(rms, 4096) }),
          makeWeight({ name: `${name}/bias`, shape: [64], values: flat(0.1, 64) }),
        ],
      });
    })).flat();
}

/** A file of weights alone with these layers. */
export function fileOf(layers: readonly LayerMeasurements[]): Measurements {
  const bare = layers.map((layer) => ({
    ...layer,
    calls: 0,
    activations: null,
    preActivations: null,
    preActivationGradients: null,
    activation: null,
    saturatedFraction: null,
    deadFraction: null,
    weights: layer.weights.map((weight) => ({ ...weight, gradients: null })),
  }));
  return makeMeasurements([], {
    layers: bare,
    weightsOnly: { format: "safetensors", notes: [] },
  });
}
