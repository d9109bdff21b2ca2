import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";

/** Attributes of `MirrorPad`. */
export interface MirrorPadAttributes {
  paddings: [before: number, after: number][];
  mode: "reflect" | "symmetric";
}

/**
 * The gradient of `MirrorPad`. That of TensorFlow.js drops what flows back from the mirrored borders.
 * Here, axis by axis: the middle of `dy`, plus each border turned round and laid on the entries that it
 * mirrors.
 */
export const mirrorPadGradient: GradientFactory = ({ tf }) => ({
  kernelName: "MirrorPad",
  inputsToSave: ["x"],
  gradFunc(dy, saved, attrs) {
    const [x] = saved as Tensor[];
    const { paddings, mode } = attrs as unknown as MirrorPadAttributes;
    const edge = mode === "reflect" ? 1 : 0;
    const fold = (gradient: Tensor, axis: number): Tensor => {
      const [before, after] = paddings[axis], n = x.shape[axis];
      const part = (start: number, size: number) =>
        tf.slice(
          gradient,
          gradient.shape.map((_, k) => k === axis ? start : 0),
          gradient.shape.map((all, k) => k === axis ? size : all),
        );
      const laid = (border: Tensor, start: number) =>
        tf.pad(
          tf.reverse(border, axis),
          border.shape.map((size, k) => k === axis ? [start, n - start - size] : [0, 0]) as [
            number,
            number,
          ][],
        );
      let sum = part(before, n);
      if (before > 0) sum = tf.add(sum, laid(part(0, before), edge));
      if (after > 0) sum = tf.add(sum, laid(part(before + n, after), n - edge - after));
      return sum;
    };
    return { x: () => paddings.reduce((gradient, _, axis) => fold(gradient, axis), dy as Tensor) };
  },
});
