import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { at, eachTap, ndArray, offsetOf, windowGeometry } from "../reference/mod.ts";
import type { Row } from "../row.ts";
import { operation } from "./operation.ts";
import type { Extent } from "./pooling.ts";

/** Window of a {@linkcode dilationRow}. */
export interface DilationOptions {
  window: [number, number];
  strides: [number, number];
  dilations: [number, number];
  pad: "valid" | "same";
}

/** Morphological dilation: the largest of x + filter in a window. */
export function dilationRow(options: DilationOptions, { batch, space, channels }: Extent): Row {
  const { window, strides, dilations, pad } = options;
  const shape = [batch, ...space, channels];
  return operation(
    "dilation2d",
    `${JSON.stringify(options)} on [${shape}]`,
    [{ shape, draw: "negative" }, { shape: [...window, channels] }],
    (tf, [x, filter]) =>
      tf.dilation2d(x as never, filter as never, strides, pad, dilations) as Tensor,
    ([x, filter]) => {
      const output = space.map((length, axis) =>
        windowGeometry(length, window[axis], strides[axis], dilations[axis], pad).output
      );
      const y = ndArray([batch, ...output, channels]);
      y.data.fill(-Infinity);
      for (let b = 0; b < batch; b++) {
        eachTap(space, window, { strides, dilations, padding: pad }, (position, tap, source) => {
          for (let c = 0; c < channels; c++) {
            const to = offsetOf(y.shape, [b, ...position, c]);
            const sum = at(x, b, ...source, c) + at(filter, ...tap, c);
            y.data[to] = Math.max(y.data[to], sum);
          }
        });
      }
      return y;
    },
  );
}

/** Padding with the mirrored entries of the border. */
export function mirrorPadRow(
  shape: number[],
  paddings: [number, number][],
  mode: "reflect" | "symmetric",
): Row {
  const edge = mode === "reflect" ? 1 : 0;
  const mirror = (i: number, n: number) =>
    i < 0 ? -i - 1 + edge : i >= n ? 2 * n - 1 - edge - i : i;
  return operation(
    "mirrorPad",
    `${mode} ${JSON.stringify(paddings)} on [${shape}]`,
    [{ shape }],
    (tf, [x]) => tf.mirrorPad(x, paddings, mode),
    ([x]) =>
      ndArray(
        shape.map((n, axis) => paddings[axis][0] + n + paddings[axis][1]),
        (index) => at(x, ...index.map((i, axis) => mirror(i - paddings[axis][0], shape[axis]))),
      ),
  );
}
