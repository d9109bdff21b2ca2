import { alongAxes, moments, normalize } from "../reference/mod.ts";
import type { Row } from "../row.ts";
import { describe, make, type Options } from "./make.ts";

/** A row of a batch normalisation. */
export function batchNormalizationRow(
  shape: number[],
  options: Options,
  training = false,
): Row {
  const rank = shape.length;
  const axis = ((options.axis ?? -1) as number) < 0 ? rank - 1 : options.axis as number;
  const others = shape.map((_, i) => i).filter((i) => i !== axis);
  const { scale = true, center = true, epsilon = 1e-3 } = options;
  return {
    subject: "batchNormalization",
    options: `${describe({ ...options, rank })}, ${training ? "training" : "inference"}`,
    inputs: [{ shape }],
    create: make("batchNormalization", options),
    call: (_tf, layer, [x]) => layer.apply(x, { training }),
    reference([x], weights) {
      const [...rest] = weights.map((weight) => alongAxes(weight, [axis], shape));
      const gamma = scale ? rest.shift() : undefined;
      const beta = center ? rest.shift() : undefined;
      const [mean, variance] = rest;
      const used = training ? moments(x, others) : { mean, variance };
      return normalize(x, used.mean, used.variance, epsilon as number, gamma, beta);
    },
  };
}

/** A row of a layer normalisation. */
export function layerNormalizationRow(shape: number[], options: Options): Row {
  const given = options.axis ?? -1;
  const axes = (Array.isArray(given) ? given : [given] as number[])
    .map((axis) => axis < 0 ? axis + shape.length : axis);
  const { scale = true, center = true, epsilon = 1e-3 } = options;
  return {
    subject: "layerNormalization",
    options: describe({ ...options, rank: shape.length }),
    inputs: [{ shape }],
    create: make("layerNormalization", options),
    reference([x], weights) {
      const [...rest] = weights.map((weight) => alongAxes(weight, axes, shape));
      const gamma = scale ? rest.shift() : undefined;
      const beta = center ? rest.shift() : undefined;
      const { mean, variance } = moments(x, axes);
      return normalize(x, mean, variance, epsilon as number, gamma, beta);
    },
  };
}

const SHAPES = [[4, 3], [3, 4, 2], [2, 3, 4, 2], [2, 2, 3, 2, 2]];

/** The normalising layers. */
export const NORMALIZATION: Row[] = [
  ...SHAPES.flatMap((shape) => [
    batchNormalizationRow(shape, {}),
    batchNormalizationRow(shape, {}, true),
    ...(shape.length > 2
      ? [batchNormalizationRow(shape, { axis: 1 }), batchNormalizationRow(shape, { axis: 1 }, true)]
      : []),
  ]),
  batchNormalizationRow([2, 3, 4, 2], { axis: 2 }),
  batchNormalizationRow([2, 3, 4, 2], { axis: 2 }, true),
  ...[false, true].flatMap((training) => [
    batchNormalizationRow([4, 3], { scale: false }, training),
    batchNormalizationRow([4, 3], { center: false }, training),
    batchNormalizationRow([4, 3], { scale: false, center: false }, training),
    batchNormalizationRow([4, 3], { epsilon: 0.1 }, training),
    batchNormalizationRow([2, 3, 4], { axis: 1, scale: false }, training),
  ]),
  layerNormalizationRow([3, 4], {}),
  layerNormalizationRow([2, 3, 4], {}),
  layerNormalizationRow([2, 3, 4], { axis: 1 }),
  layerNormalizationRow([2, 3, 4], { axis: [1, 2] }),
  layerNormalizationRow([2, 3, 4, 2], { axis: [1, 3] }),
  layerNormalizationRow([2, 3, 4, 2], {}),
  layerNormalizationRow([3, 4], { scale: false }),
  layerNormalizationRow([3, 4], { center: false }),
  layerNormalizationRow([3, 4], { scale: false, center: false, epsilon: 0.1 }),
  layerNormalizationRow([2, 2, 3, 2, 2], {}),
];
