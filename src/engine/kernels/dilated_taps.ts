import type { Tensor, TensorFlow } from "../tensorflow.ts";

/** Where each tap of a dilated window of stride 1 meets the padded input. */
export interface DilatedWindow {
  /** Taps of the window on each spatial axis. */
  taps: number[];
  dilations: number[];
  /** Zeros put before the input on each spatial axis. */
  before: number[];
}

/**
 * Visits the taps of a dilated window in row-major order, for gradients that add up over taps.
 *
 * `tapped()` is the part of the padded input that a tap meets, one entry for each output position;
 * `laid(part)` is the other way round: a part with the shape of the output, where it came from, zeros
 * around it, with the shape of the input.
 */
export function dilatedTaps(
  tf: TensorFlow,
  x: Tensor,
  output: readonly number[],
  { taps, dilations, before }: DilatedWindow,
): { tapped(): Tensor; laid(part: Tensor): Tensor }[] {
  const space = taps.map((_, axis) => axis + 1);
  const reach = taps.map((n, axis) => (n - 1) * dilations[axis]);
  // The padded input is as long as the output and the window's reach together.
  const after = space.map((axis, i) =>
    Math.max(output[axis] + reach[i] - x.shape[axis] - before[i], 0)
  );
  const around = (start: number[], end: number[]) =>
    [[0, 0], ...start.map((n, i) => [n, end[i]]), [0, 0]] as [number, number][];
  const padded = tf.pad(x, around(before, after));
  const count = taps.reduce((a, b) => a * b, 1);
  return Array.from({ length: count }, (_, flat) => {
    const start: number[] = [];
    let rest = flat;
    for (let axis = taps.length - 1; axis >= 0; axis--) {
      start.unshift(rest % taps[axis] * dilations[axis]);
      rest = Math.floor(rest / taps[axis]);
    }
    return {
      tapped: () =>
        tf.slice(padded, [0, ...start, 0], [...output.slice(0, -1), x.shape[x.rank - 1]]),
      laid(part) {
        const end = start.map((n, i) => padded.shape[i + 1] - n - output[i + 1]);
        return tf.slice(tf.pad(part, around(start, end)), [0, ...before, 0], x.shape);
      },
    };
  });
}
