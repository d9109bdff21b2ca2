import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";

/** The single head of a model: its last kernel, and the activation of its output. */
export interface Head {
  /** The row that holds the head's kernel. */
  layer: LayerMeasurements;
  /** Name of the activation of the output; `linear` where there is none. */
  activation: string;
  /** How many output units it has, or `null` where the shape varies. */
  units: number | null;
}

/** The head of a model with one, in the layer with the kernel or in an activation after it. */
export function headLayer({ layers }: Measurements): Head | null {
  const outputs = layers.filter(({ role }) => role === "output");
  const kernels = outputs.filter(({ weights }) => weights.some(({ shape }) => shape.length >= 2));
  if (kernels.length !== 1) return null;
  const active = outputs.findLast(({ activation }) =>
    activation !== null && activation !== "linear"
  );
  const shape = (active ?? kernels[0]).shape;
  return {
    layer: kernels[0],
    activation: active?.activation ?? "linear",
    units: shape?.at(-1) ?? null,
  };
}
