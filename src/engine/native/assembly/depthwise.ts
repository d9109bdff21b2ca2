import { addToSums, writeSums } from "./long_sums";
import { madd } from "./lanes";
import { clearRun } from "./runs";
import { Windows } from "./records";
import { endTap, firstTap } from "./windows";

/**
 * Convolves each channel separately: for each output position the sum over taps of the input entry
 * times the tap. Computes the rows `start` .. `stop` of all images' output rows, numbered
 * consecutively.
 */
export function depthwise(
  w: Windows,
  x: usize,
  filter: usize,
  y: usize,
  start: i32,
  stop: i32,
): void {
  const channels = w.channels;
  const multiplier = w.outChannels / channels;
  const xTap = <usize> (w.dilationWidth * channels) << 2;
  const weightTap = <usize> w.outChannels << 2;
  for (let row = start; row < stop; row++) {
    const image = row / w.outHeight;
    const y0 = row % w.outHeight * w.strideHeight - w.top;
    const firstRow = firstTap(y0, w.dilationHeight);
    const endRow = endTap(w.height - y0, w.dilationHeight, w.windowHeight);
    for (let outX = 0; outX < w.outWidth; outX++) {
      const x0 = outX * w.strideWidth - w.left;
      const first = firstTap(x0, w.dilationWidth);
      const end = endTap(w.width - x0, w.dilationWidth, w.windowWidth);
      const to = y + (<usize> ((row * w.outWidth + outX) * w.outChannels) << 2);
      let channel = 0;
      if (multiplier == 1) {
        for (; channel + 4 <= channels; channel += 4) {
          let sum = f32x4.splat(0);
          for (let i = firstRow; i < endRow; i++) {
            const line = (image * w.height + y0 + i * w.dilationHeight) * w.width;
            const entry = (line + x0 + first * w.dilationWidth) * channels + channel;
            let from = x + (<usize> entry << 2);
            let by = filter + (<usize> ((i * w.windowWidth + first) * channels + channel) << 2);
            for (let j = first; j < end; j++) {
              sum = madd(v128.load(from), v128.load(by), sum);
              from += xTap;
              by += weightTap;
            }
          }
          v128.store(to + (<usize> channel << 2), sum);
        }
      }
      for (let out = channel * multiplier; out < w.outChannels; out++) {
        let sum: f32 = 0;
        for (let i = firstRow; i < endRow; i++) {
          const line = (image * w.height + y0 + i * w.dilationHeight) * w.width;
          const entry = (line + x0 + first * w.dilationWidth) * channels + out / multiplier;
          let from = x + (<usize> entry << 2);
          let by = filter + (<usize> ((i * w.windowWidth + first) * w.outChannels + out) << 2);
          for (let j = first; j < end; j++) {
            sum += load<f32>(from) * load<f32>(by);
            from += xTap;
            by += weightTap;
          }
        }
        store<f32>(to + (<usize> out << 2), sum);
      }
    }
  }
}

/** Maximum number of positions of a row that are summed at a time. */
const RUN: i32 = 256;
/** Number of such sums that are added up in float32, if there are more. */
const LONG: i32 = 32;

/**
 * Computes dW of a depthwise convolution: for each tap and output channel, the sum over positions
 * of dy times the input entry under the tap. A run of positions along a row is summed before it is
 * added to dW; if there are many runs, dW is regularly added to float64 sums. Computes the output
 * channels `start` .. `stop`; `outChannels` is a multiple of `channels`.
 *
 * @param scratch Address of a float64 for each entry of dW.
 */
export function depthwiseFilterGradient(
  w: Windows,
  x: usize,
  dy: usize,
  dw: usize,
  start: i32,
  stop: i32,
  scratch: usize,
): void {
  const width = stop - start;
  if (width <= 0) return;
  const multiplier = w.outChannels / w.channels;
  const taps = w.windowHeight * w.windowWidth;
  const xStep = <usize> (w.strideWidth * w.channels) << 2;
  const dyStep = <usize> w.outChannels << 2;
  const rows = w.batch * w.outHeight;
  const isLong = rows * ((w.outWidth + RUN - 1) / RUN) > LONG;
  if (isLong) memory.fill(scratch, 0, <usize> (taps * width) << 3);
  clearColumns(dw, taps, dyStep, start, width);
  let added = 0;
  for (let row = 0; row < rows; row++) {
    const image = row / w.outHeight;
    const y0 = row % w.outHeight * w.strideHeight - w.top;
    for (let from = 0; from < w.outWidth; from += RUN) {
      if (isLong && added++ == LONG) {
        addToSums(dw + (<usize> start << 2), dyStep, taps, width, scratch);
        clearColumns(dw, taps, dyStep, start, width);
        added = 1;
      }
      for (let tap = 0; tap < taps; tap++) {
        const y = y0 + tap / w.windowWidth * w.dilationHeight;
        if (y < 0 || y >= w.height) continue;
        // Output columns whose tap is inside the image.
        const shift = tap % w.windowWidth * w.dilationWidth - w.left;
        const lowest = shift >= 0 ? 0 : (w.strideWidth - 1 - shift) / w.strideWidth;
        const first = max(from, lowest);
        const most = w.width - 1 - shift;
        const end = most < 0 ? 0 : min(min(w.outWidth, from + RUN), most / w.strideWidth + 1);
        if (first >= end) continue;
        const entry = ((image * w.height + y) * w.width + first * w.strideWidth + shift) * w.channels;
        const xs = x + (<usize> entry << 2);
        const dys = dy + <usize> (row * w.outWidth + first) * dyStep;
        const target = dw + (<usize> (tap * w.outChannels) << 2);
        let channel = start;
        if (multiplier == 1) {
          for (; channel + 4 <= stop; channel += 4) {
            const offset = <usize> channel << 2;
            let at = xs + offset, by = dys + offset;
            let sum = f32x4.splat(0);
            for (let i = first; i < end; i++) {
              sum = madd(v128.load(at), v128.load(by), sum);
              at += xStep;
              by += dyStep;
            }
            v128.store(target + offset, f32x4.add(v128.load(target + offset), sum));
          }
        }
        for (; channel < stop; channel++) {
          let at = xs + (<usize> (channel / multiplier) << 2);
          let by = dys + (<usize> channel << 2);
          let sum: f32 = 0;
          for (let i = first; i < end; i++) {
            sum += load<f32>(at) * load<f32>(by);
            at += xStep;
            by += dyStep;
          }
          const to = target + (<usize> channel << 2);
          store<f32>(to, load<f32>(to) + sum);
        }
      }
    }
  }
  if (!isLong) return;
  addToSums(dw + (<usize> start << 2), dyStep, taps, width, scratch);
  writeSums(scratch, dw + (<usize> start << 2), dyStep, taps, width, 0, false);
}

/** Clears `width` columns from `start` on. */
function clearColumns(to: usize, rows: i32, row: usize, start: i32, width: i32): void {
  for (let i = 0; i < rows; i++) clearRun(to + <usize> i * row + (<usize> start << 2), width);
}

/**
 * Computes dx of a depthwise convolution: dy times the tap, added to the input entry under the tap.
 * Computes the rows `start` .. `stop` of all images' rows, numbered consecutively.
 */
export function depthwiseInputGradient(
  w: Windows,
  dy: usize,
  filter: usize,
  dx: usize,
  start: i32,
  stop: i32,
): void {
  const channels = w.channels;
  const multiplier = w.outChannels / channels;
  clearRun(dx + (<usize> (start * w.width * channels) << 2), (stop - start) * w.width * channels);
  for (let row = start; row < stop; row++) {
    const image = row / w.height;
    const y = row - image * w.height;
    for (let i = 0; i < w.windowHeight; i++) {
      const above = y + w.top - i * w.dilationHeight;
      if (above < 0 || above % w.strideHeight != 0) continue;
      const outY = above / w.strideHeight;
      if (outY >= w.outHeight) continue;
      for (let outX = 0; outX < w.outWidth; outX++) {
        const dys = dy +
          (<usize> (((image * w.outHeight + outY) * w.outWidth + outX) * w.outChannels) << 2);
        for (let j = 0; j < w.windowWidth; j++) {
          const at = outX * w.strideWidth - w.left + j * w.dilationWidth;
          if (at < 0 || at >= w.width) continue;
          const to = dx + (<usize> ((row * w.width + at) * channels) << 2);
          const weights = filter + (<usize> ((i * w.windowWidth + j) * w.outChannels) << 2);
          let channel = 0;
          if (multiplier == 1) {
            for (; channel + 4 <= channels; channel += 4) {
              const offset = <usize> channel << 2;
              v128.store(
                to + offset,
                madd(v128.load(dys + offset), v128.load(weights + offset), v128.load(to + offset)),
              );
            }
          }
          for (; channel < channels; channel++) {
            let sum: f32 = load<f32>(to + (<usize> channel << 2));
            for (let m = 0; m < multiplier; m++) {
              const offset = <usize> (channel * multiplier + m) << 2;
              sum += load<f32>(dys + offset) * load<f32>(weights + offset);
            }
            store<f32>(to + (<usize> channel << 2), sum);
          }
        }
      }
    }
  }
}
