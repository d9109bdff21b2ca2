import type { Chance } from "../chance.ts";
import { ACTIVATIONS } from "./activate_scalars.ts";
import type { LayerPlan, Sizes } from "./layer_plan.ts";
import { activated, note, weight } from "./plain_layers.ts";
import { pick, type Scalar, scalars } from "./scalar_tape.ts";

interface Window {
  size: number;
  stride: number;
  padding: "same" | "valid";
}

function drawWindow(chance: Chance, sizes: Sizes): Window {
  return {
    size: chance.integer(1, Math.min(3, sizes[0], sizes[1])),
    stride: chance.integer(1, 2),
    padding: chance.one(["same", "valid"]),
  };
}

/** Returns the starts of the windows along an axis, and their number. */
function along(
  length: number,
  { size, stride, padding }: Window,
): { count: number; first: number } {
  if (padding === "valid") return { count: Math.floor((length - size) / stride) + 1, first: 0 };
  const count = Math.ceil(length / stride);
  const missing = Math.max(0, (count - 1) * stride + size - length);
  return { count, first: -Math.floor(missing / 2) };
}

/** The places of an image that a window covers, with where in the window they lie. */
function* covered([height, width]: Sizes, window: Window, row: number, column: number) {
  const [top, left] = [height, width].map((length) => along(length, window).first);
  for (let i = 0; i < window.size; i++) {
    for (let j = 0; j < window.size; j++) {
      const y = top + row * window.stride + i, x = left + column * window.stride + j;
      if (y >= 0 && y < height && x >= 0 && x < width) yield { i, j, y, x };
    }
  }
}

export function conv2d(chance: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const filters = chance.integer(1, 3), window = drawWindow(chance, sizes), channels = sizes[2];
  const activation = chance.one(ACTIVATIONS);
  const image = [along(sizes[0], window).count, along(sizes[1], window).count];
  const shape = [window.size, window.size, channels, filters];
  return {
    name,
    inputs: [sizes],
    outputs: [[...image, filters]],
    trainable: chance.happens(0.85),
    weights: [
      weight(chance, "kernel", shape, { spread: 0.4 }),
      weight(chance, "bias", [filters], { spread: 0.3 }),
    ],
    make: (tf) =>
      tf.layers.conv2d({
        name,
        filters,
        kernelSize: window.size,
        strides: window.stride,
        padding: window.padding,
        activation: activation as "tanh",
      }),
    evaluate(evaluation, [x]) {
      const { tape, weights: [kernel, bias] } = evaluation;
      const z = scalars([x.shape[0], ...image, filters], ([example, row, column, filter]) => {
        const entries: Scalar[] = [], factors: Scalar[] = [];
        for (const { i, j, ...at } of covered(sizes, window, row, column)) {
          for (let channel = 0; channel < channels; channel++) {
            entries.push(pick(x, example, at.y, at.x, channel));
            factors.push(pick(kernel, i, j, channel, filter));
          }
        }
        return tape.dot(entries, factors, [bias.at[filter]]);
      });
      return [activated(evaluation, z, activation)];
    },
  };
}

export function pool2d(chance: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const kind = chance.one(["maxPooling2d", "averagePooling2d"] as const);
  const window = drawWindow(chance, sizes);
  const image = [along(sizes[0], window).count, along(sizes[1], window).count];
  const { size: poolSize, stride: strides, padding } = window;
  return {
    name,
    inputs: [sizes],
    outputs: [[...image, sizes[2]]],
    weights: [],
    trainable: true,
    make: (tf) => tf.layers[kind]({ name, poolSize, strides, padding }),
    evaluate(evaluation, [x]) {
      const { tape } = evaluation;
      const y = scalars([x.shape[0], ...image, sizes[2]], ([example, row, column, channel]) => {
        const all = [...covered(sizes, window, row, column)]
          .map((at) => pick(x, example, at.y, at.x, channel));
        return kind === "maxPooling2d"
          ? tape.max(all)
          : tape.scale(tape.add(...all), 1 / all.length);
      });
      note(evaluation, null, y.at);
      return [y];
    },
  };
}

export function globalAveragePooling2d(_: Chance, name: string, [sizes]: Sizes[]): LayerPlan {
  const [height, width, channels] = sizes;
  return {
    name,
    inputs: [sizes],
    outputs: [[channels]],
    weights: [],
    trainable: true,
    make: (tf) => tf.layers.globalAveragePooling2d({ name }),
    evaluate(evaluation, [x]) {
      const { tape } = evaluation;
      const y = scalars([x.shape[0], channels], ([example, channel]) => {
        const all = Array.from(
          { length: height * width },
          (_, i) => pick(x, example, Math.floor(i / width), i % width, channel),
        );
        return tape.scale(tape.add(...all), 1 / all.length);
      });
      note(evaluation, null, y.at);
      return [y];
    },
  };
}
