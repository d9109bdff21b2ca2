import type { Chance } from "../chance.ts";
import { flat, indices } from "./case.ts";

/** Movement of a window, an entry per axis. */
export interface Windows {
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
export function drawWindows(chance: Chance, axes: number, dilated: boolean): Windows {
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
export function eachMeeting(
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

export const count = (sizes: number[]) => sizes.reduce((a, b) => a * b, 1);

/** For each entry of the output of a pooling, the entries of the input that its window meets. */
export function meetings(w: Windows, batch: number, channels: number): number[][] {
  const outs = count(w.output);
  const ins = count(w.input);
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
