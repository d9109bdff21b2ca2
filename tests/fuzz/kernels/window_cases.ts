import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Chance } from "../chance.ts";
import {
  addTo,
  bilinear,
  draw,
  flat,
  indices,
  isFinite,
  type KernelCase,
  linear,
  selection,
  zeros,
} from "./case.ts";

// deno-lint-ignore no-explicit-any -- operations for any number of axes, which the types tell apart
type Operations = any;

/** How a window moves, an entry for each axis. */
interface Windows {
  input: number[];
  window: number[];
  strides: number[];
  rates: number[];
  pad: "same" | "valid";
  output: number[];
  before: number[];
  text: string;
}

/** Windows as TensorFlow defines them; TensorFlow.js takes no strides and gaps together. */
function drawWindows(chance: Chance, axes: number, dilated: boolean): Windows {
  const list = (low: number, high: number) =>
    chance.list(axes, axes, () => chance.integer(low, high));
  const pad = chance.one(["same", "valid"] as const);
  const window = list(1, axes === 3 ? 3 : 4);
  const gaps = dilated && chance.happens(0.3);
  const rates = gaps ? list(1, 4) : Array(axes).fill(1);
  if (chance.happens(0.05) && gaps) rates[0] = 1_000_000;
  const reach = window.map((size, axis) => (size - 1) * rates[axis] + 1);
  const input = list(1, axes === 3 ? 5 : 8).map((size, axis) =>
    pad === "valid" ? Math.max(size, Math.min(reach[axis], 16)) : size
  );
  for (let axis = 0; axis < axes; axis++) {
    if (pad === "valid" && reach[axis] > input[axis]) rates[axis] = 1;
    reach[axis] = (window[axis] - 1) * rates[axis] + 1;
  }
  const strides = gaps ? Array(axes).fill(1) : list(1, chance.one([1, 2, 9]));
  const output = input.map((size, axis) =>
    pad === "same"
      ? Math.ceil(size / strides[axis])
      : Math.ceil((size - reach[axis] + 1) / strides[axis])
  );
  const before = input.map((size, axis) =>
    pad === "valid"
      ? 0
      : Math.floor(Math.max(0, (output[axis] - 1) * strides[axis] + reach[axis] - size) / 2)
  );
  const text = JSON.stringify({ input, window, strides, rates, pad });
  return { input, window, strides, rates, pad, output, before, text };
}

/** Calls back with output position, tap and input position, where the input has it. */
function eachMeeting(
  w: Windows,
  visit: (position: number, tap: number, source: number) => void,
): void {
  for (const at of indices(w.output)) {
    for (const tap of indices(w.window)) {
      const source = at.map((i, axis) =>
        i * w.strides[axis] + tap[axis] * w.rates[axis] - w.before[axis]
      );
      if (source.some((i, axis) => i < 0 || i >= w.input[axis])) continue;
      visit(flat(w.output, at), flat(w.window, tap), flat(w.input, source));
    }
  }
}

const count = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);

function convolution(chance: Chance): KernelCase {
  const axes = chance.one([2, 2, 3]);
  const w = drawWindows(chance, axes, true);
  const batch = chance.integer(1, 3);
  const [inward, outward] = [chance.one([1, 2, 3, 5, 8]), chance.one([1, 2, 3, 7, 9])];
  const [outs, ins] = [count(w.output), count(w.input)];
  return bilinear(
    `conv${axes}d ${w.text}, channels ${inward} to ${outward}, batch ${batch}`,
    [draw(chance, [batch, ...w.input, inward]), draw(chance, [...w.window, inward, outward])],
    [batch, ...w.output, outward],
    (visit) => {
      for (let b = 0; b < batch; b++) {
        eachMeeting(w, (position, tap, source) => {
          for (let i = 0; i < inward; i++) {
            for (let o = 0; o < outward; o++) {
              visit(
                (b * outs + position) * outward + o,
                (b * ins + source) * inward + i,
                (tap * inward + i) * outward + o,
              );
            }
          }
        });
      }
    },
    (tf: Operations, [x, filter]) =>
      axes === 2
        ? tf.conv2d(x, filter, w.strides, w.pad, "NHWC", w.rates)
        : tf.conv3d(x, filter, w.strides, w.pad, "NDHWC", w.rates),
  );
}

function depthwise(chance: Chance): KernelCase {
  const w = drawWindows(chance, 2, true);
  // TensorFlow.js takes no other strides than equal ones.
  const batch = chance.integer(1, 2), channels = chance.integer(1, 9);
  const multiplier = chance.one([1, 1, 2, 3]);
  const [outs, ins] = [count(w.output), count(w.input)];
  return bilinear(
    `depthwiseConv2d ${w.text}, channels ${channels} x ${multiplier}, batch ${batch}`,
    [
      draw(chance, [batch, ...w.input, channels]),
      draw(chance, [...w.window, channels, multiplier]),
    ],
    [batch, ...w.output, channels * multiplier],
    (visit) => {
      for (let b = 0; b < batch; b++) {
        eachMeeting(w, (position, tap, source) => {
          for (let c = 0; c < channels; c++) {
            for (let m = 0; m < multiplier; m++) {
              visit(
                ((b * outs + position) * channels + c) * multiplier + m,
                (b * ins + source) * channels + c,
                (tap * channels + c) * multiplier + m,
              );
            }
          }
        });
      }
    },
    (tf: Operations, [x, filter]) =>
      tf.depthwiseConv2d(x, filter, w.strides, w.pad, "NHWC", w.rates),
  );
}

/** For each entry of the output of a pooling, the entries of the input that its window meets. */
function meetings(w: Windows, batch: number, channels: number): number[][] {
  const [outs, ins] = [count(w.output), count(w.input)];
  const met = Array.from({ length: batch * outs * channels }, (): number[] => []);
  for (let b = 0; b < batch; b++) {
    eachMeeting(w, (position, _tap, source) => {
      for (let c = 0; c < channels; c++) {
        met[(b * outs + position) * channels + c].push((b * ins + source) * channels + c);
      }
    });
  }
  return met;
}

function pooling(chance: Chance): KernelCase {
  const axes = chance.one([2, 2, 3]);
  const w = drawWindows(chance, axes, false);
  const huge = w.pad === "same" && chance.happens(0.1);
  // Where the input is one entry long, windows of any size meet that entry and nothing else.
  const sizes = w.window.map((size, axis) => huge && w.input[axis] === 1 ? 1e9 : size);
  const batch = chance.integer(1, 2), channels = chance.integer(1, 9);
  const x = draw(chance, [batch, ...w.input, channels]);
  const shape = [batch, ...w.output, channels];
  const met = meetings(w, batch, channels);
  const kind = chance.one(["max", "avg"]);
  const what = `${kind}Pool${axes}d ${w.text}, windows ${sizes}, channels ${channels}`;
  const run = (tf: Operations, [x]: Tensor[]) =>
    tf[`${kind}Pool${axes === 3 ? "3d" : ""}`](x, sizes, w.strides, w.pad);
  if (kind === "avg") {
    return linear(what, x, shape, (visit) => {
      met.forEach((sources, y) =>
        sources.forEach((source) => visit(y, source, 1 / sources.length))
      );
    }, run);
  }
  // The first of equals; NaN is larger than any number, and the first of these wins.
  const largest = (sources: number[]) =>
    sources.reduce((best, source) => {
      const [value, most] = [x.data[source], x.data[best]];
      return value > most || (Number.isNaN(value) && !Number.isNaN(most)) ? source : best;
    });
  return selection(what, x, shape, (y) => largest(met[y]), run);
}

function dilation(chance: Chance): KernelCase {
  const w = drawWindows(chance, 2, false);
  const batch = chance.integer(1, 2), channels = chance.integer(1, 5);
  const x = draw(chance, [batch, ...w.input, channels], false);
  const filter = draw(chance, [...w.window, channels], false);
  const output = zeros([batch, ...w.output, channels]);
  output.data.fill(-Infinity);
  const winners = new Map<number, [number, number]>();
  const [outs, ins] = [count(w.output), count(w.input)];
  for (let b = 0; b < batch; b++) {
    eachMeeting(w, (position, tap, source) => {
      for (let c = 0; c < channels; c++) {
        const y = (b * outs + position) * channels + c;
        const i = (b * ins + source) * channels + c, k = tap * channels + c;
        const sum = Math.fround(x.data[i] + filter.data[k]);
        if (!(sum > output.data[y])) continue;
        output.data[y] = sum;
        output.terms[y] = Math.abs(sum);
        winners.set(y, [i, k]);
      }
    });
  }
  return {
    what: `dilation2d ${w.text}, channels ${channels}`,
    inputs: [x, filter],
    run: (tf, [x, filter]) =>
      tf.dilation2d(
        x as never,
        filter as never,
        w.strides as [number, number],
        w.pad,
        [1, 1],
      ),
    output,
    gradients(dy) {
      const [dx, dw] = [zeros(x.shape), zeros(filter.shape)];
      winners.forEach(([i, k], y) => {
        addTo(dx, i, dy[y]);
        addTo(dw, k, dy[y]);
      });
      return [dx, dw];
    },
  };
}

/** A convolution with a bias and an activation, in one kernel. */
function fused(chance: Chance): KernelCase {
  const plain = chance.happens(0.5) ? convolution : depthwise;
  let inner = plain(chance);
  while (!inner.what.startsWith("conv2d") && !inner.what.startsWith("depthwise")) {
    inner = plain(chance);
  }
  const outward = inner.output.shape[3];
  const bias = draw(chance, [outward], false);
  const relu = chance.happens(0.5);
  const output = zeros(inner.output.shape);
  inner.output.data.forEach((value, i) => {
    const sum = value + bias.data[i % outward];
    output.data[i] = relu && sum < 0 ? 0 : sum;
    output.terms[i] = inner.output.terms[i] + Math.abs(bias.data[i % outward]);
  });
  const { rates, strides, pad } = JSON.parse(inner.what.slice(
    inner.what.indexOf("{"),
    inner.what.indexOf("}") + 1,
  )) as Windows;
  const name = inner.what.startsWith("conv2d") ? "conv2d" : "depthwiseConv2d";
  return {
    what: `fused.${inner.what}, relu ${relu}`,
    inputs: [...inner.inputs, bias],
    run: (tf, [x, filter, bias]) =>
      (tf.fused as Operations)[name]({
        ...{ x, filter, strides, pad, dilations: rates, bias },
        activation: relu ? "relu" : "linear",
      }),
    output,
    // Those of the plain kernels are looked at elsewhere; stock refuses gaps here.
    gradients: () => [null, null, null],
  };
}

/** The gradient of resizing an image, by where its entries come from. */
function resizing(chance: Chance): KernelCase {
  const [height, width, newHeight, newWidth] = chance.list(4, 4, () => chance.integer(1, 7));
  const corners = chance.happens(0.5);
  const channels = chance.integer(1, 3);
  const x = draw(chance, [1, height, width, channels], false);
  const shape = [1, newHeight, newWidth, channels];
  const scale = (from: number, to: number) =>
    Math.fround(corners && to > 1 ? (from - 1) / (to - 1) : from / to);
  const [down, across] = [scale(height, newHeight), scale(width, newWidth)];
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
function batchNorm(chance: Chance): KernelCase {
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

/** Cases of kernels that move windows over images, and of what goes with them. */
export const WINDOW_CASES: ((chance: Chance) => KernelCase)[] = [
  convolution,
  depthwise,
  pooling,
  dilation,
  fused,
  resizing,
  batchNorm,
];
