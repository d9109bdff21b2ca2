import {
  type AxisGrowth,
  type GrowthSummary,
  type LayerGrowth,
  levelOf,
  worstOf,
} from "../../src/study/growth/growth_types.ts";

/** Makes the growth of a layer of these slopes. */
export function layerGrowth(
  name: string,
  { size = 0, change = 0, ...more }:
    & { size?: number; change?: number }
    & Omit<
      Partial<LayerGrowth>,
      "size" | "change"
    > = {},
): LayerGrowth {
  const steps = (value: number, count: number) =>
    Array.from({ length: count }, () => ({ value, half: 0.05 }));
  return {
    name,
    role: "hidden",
    repeats: false,
    hasKernel: true,
    isBranch: false,
    slopes: {
      activations: steps(size, 6),
      changes: steps(change, 5),
      gradients: steps(-0.5, 5),
      updates: steps(0, 5),
    },
    fanIn: 1,
    input: 0,
    multiplier: 0,
    std: -0.5,
    baseStd: 0.125,
    size: { value: size, half: 0.05 },
    change: { value: change, half: 0.1 },
    level: worstOf([levelOf(size), levelOf(change)]),
    curves: [64, 128, 256].map((width) => Array.from({ length: 6 }, () => (width / 64) ** size)),
    ...more,
  };
}

/** Makes a summary of siblings of the widths 64, 128 and 256. */
export function growthSummary(
  layers: LayerGrowth[] = [layerGrowth("in"), layerGrowth("hidden", { change: 0.8 })],
): GrowthSummary {
  const level = worstOf(layers.map((layer) => layer.level));
  const growth: AxisGrowth = {
    axis: "width",
    sizes: [64, 128, 256],
    at: null,
    layers,
    level,
    withAdam: null,
  };
  return {
    model: "model",
    source: "model.ts",
    training: {
      steps: 5,
      keeps: "layers",
      scalings: [],
      optimizer: "Adam",
      rate: 0.01,
      raised: 1,
      base: { width: 64, depth: null },
    },
    seeds: [0, 1, 2],
    largest: { width: 256, depth: null },
    growth: [growth],
    level,
    fixes: null,
    transfer: [],
  };
}
