import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Chance } from "../chance.ts";
import { addTo, draw, flat, indices, isFinite, type KernelCase, linear, zeros } from "./case.ts";

/** The gradient of resizing an image, by where its entries come from. */
export function resizing(chance: Chance): KernelCase {
  const [height, width, newHeight, newWidth] = chance.list(4, 4, () => chance.integer(1, 7));
  const corners = chance.happens(0.5);
  const channels = chance.integer(1, 3);
  const x = draw(chance, [1, height, width, channels], false);
  const shape = [1, newHeight, newWidth, channels];
  const scale = (from: number, to: number) =>
    Math.fround(corners && to > 1 ? (from - 1) / (to - 1) : from / to);
  const down = scale(height, newHeight);
  const across = scale(width, newWidth);
  return linear(
    `resizeBilinear ${height} x ${width} to ${newHeight} x ${newWidth}, corners ${corners}`,
    x,
    shape,
    (visit) => {
      for (const [, i, j, c] of indices(shape)) {
        const parts = (index: number, step: number, size: number): [number, number][] => {
          const at = Math.fround(index * step), low = Math.min(Math.floor(at), size - 1);
          return [[low, 1 - (at - low)], [Math.min(Math.ceil(at), size - 1), at - low]];
        };
        for (const [row, vertical] of parts(i, down, height)) {
          for (const [column, horizontal] of parts(j, across, width)) {
            visit(
              flat(shape, [0, i, j, c]),
              (row * width + column) * channels + c,
              vertical * horizontal,
            );
          }
        }
      }
    },
    (tf: TensorFlow, [x]) => tf.image.resizeBilinear(x as never, [newHeight, newWidth], corners),
  );
}

/** Batch normalisation in inference. */
export function batchNorm(chance: Chance): KernelCase {
  const channels = chance.integer(1, 9);
  const x = draw(chance, [...chance.list(1, 3, () => chance.integer(1, 4)), channels]);
  const [mean, offset, scale] = chance.list(3, 3, () => draw(chance, [channels], false));
  const variance = draw(chance, [channels], false);
  variance.data.forEach((value, i) => variance.data[i] = Math.fround(Math.abs(value)));
  const spread = Array.from(variance.data, (value) => 1 / Math.sqrt(value + 1e-3));
  const output = zeros(x.shape);
  x.data.forEach((value, i) => {
    const c = i % channels;
    addTo(output, i, (value - mean.data[c]) * spread[c] * scale.data[c]);
    addTo(output, i, offset.data[c]);
    output.terms[i] += Math.abs(mean.data[c] * spread[c] * scale.data[c]);
  });
  return {
    what: `batchNorm [${x.shape}]`,
    inputs: [x, mean, variance, offset, scale],
    run: (tf, [x, mean, variance, offset, scale]) =>
      tf.batchNorm(x, mean as never, variance as never, offset as never, scale as never, 1e-3),
    output,
    gradients(dy) {
      const gradients = [x, mean, variance, offset, scale].map(({ shape }) => zeros(shape));
      if (!isFinite(x)) return gradients.map(() => null);
      dy.forEach((g, i) => {
        const c = i % channels, away = x.data[i] - mean.data[c];
        const slope = spread[c] * scale.data[c];
        addTo(gradients[0], i, g * slope);
        addTo(gradients[1], c, -g * slope);
        addTo(gradients[2], c, -0.5 * g * away * scale.data[c] * spread[c] ** 3);
        addTo(gradients[3], c, g);
        addTo(gradients[4], c, g * away * spread[c]);
      });
      return gradients;
    },
  };
}
