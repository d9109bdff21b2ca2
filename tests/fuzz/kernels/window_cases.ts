import type { Tensor } from "../../../src/engine/tensorflow.ts";
import type { Chance } from "../chance.ts";
import { addTo, bilinear, draw, type KernelCase, linear, selection, zeros } from "./case.ts";
import { count, drawWindows, eachMeeting, meetings, type Windows } from "./draw_windows.ts";
import { batchNorm, resizing } from "./image_cases.ts";

// deno-lint-ignore no-explicit-any -- operations for any number of axes, which the types tell apart
type Operations = any;

function convolution(chance: Chance): KernelCase {
  const axes = chance.one([2, 2, 3]);
  const w = drawWindows(chance, axes, true);
  const batch = chance.integer(1, 3);
  const inward = chance.one([1, 2, 3, 5, 8]);
  const outward = chance.one([1, 2, 3, 7, 9]);
  const outs = count(w.output);
  const ins = count(w.input);
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
  const outs = count(w.output);
  const ins = count(w.input);
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
      const value = x.data[source];
      const most = x.data[best];
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
  const outs = count(w.output);
  const ins = count(w.input);
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
      const dx = zeros(x.shape);
      const dw = zeros(filter.shape);
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
        x,
        filter,
        strides,
        pad,
        dilations: rates,
        bias,
        activation: relu ? "relu" : "linear",
      }),
    output,
    // Those of the plain kernels are looked at elsewhere; stock refuses gaps here.
    gradients: () => [null, null, null],
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
