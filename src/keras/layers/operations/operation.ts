import { InputError, refusal } from "../../../ground/words/input_error.ts";
import type { Tensor, TensorFlow } from "../../../engine/tensorflow.ts";
import { axesOf, type OpenShape } from "../../../engine/keras_layer.ts";

/** Settings of an operation besides its operands. */
export type OperationSettings = Readonly<Record<string, unknown>>;

/** An operation of Keras, such as `keras.ops.mean`. */
export interface Operation {
  /**
   * Returns the shape of the result, or the shapes of the results.
   *
   * @param shapes The shapes of the operands, including constants.
   * @throws {InputError} If the operation cannot be applied to them.
   */
  shape(shapes: OpenShape[], settings: OperationSettings): OpenShape | OpenShape[];
  /** Computes the result, or the results, from operands of type float32. */
  run(tf: TensorFlow, operands: Tensor[], settings: OperationSettings): Tensor | Tensor[];
}

/** Reason why an operation cannot split or join a batch. */
export const WITHIN_EXAMPLES = "each example of a batch is measured by itself";

/** Formats a shape for a message. */
export const showOpen = (shape: OpenShape): string =>
  `[${shape.map((size) => size ?? "null").join(", ")}]`;

/**
 * Returns axes of a shape, counted from the first. Without axes, all are meant; the first is the
 * axis of the batch.
 *
 * @throws {InputError} If one is the batch's.
 */
export function innerAxes(axis: unknown, shape: OpenShape): number[] {
  const given = (axis ?? shape.map((_, i) => i)) as number | number[];
  const axes = axesOf(given, shape, "the operation");
  if (axes.includes(0)) {
    throw new InputError(
      refusal`The operation works along the batch, expected other axes: ${WITHIN_EXAMPLES}`,
    );
  }
  return axes;
}

/** Returns an axis of a shape, counted from the first. */
export function innerAxis(axis: unknown, shape: OpenShape): number {
  if (Number.isInteger(axis)) return innerAxes(axis, shape)[0];
  throw new InputError(
    refusal`The operation has the axis ${JSON.stringify(axis)}, expected one whole number`,
  );
}

/**
 * Returns the shape that operands broadcast to, as in NumPy.
 *
 * @throws {InputError} If they do not fit.
 */
export function broadcastShape(shapes: OpenShape[]): OpenShape {
  const rank = Math.max(...shapes.map(({ length }) => length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => axis + shape.length - rank)
      .map((own, i) => own < 0 ? 1 : shapes[i][own]);
    const others = [...new Set(sizes.filter((size) => size !== 1))];
    const known = others.filter((size) => size !== null);
    if (known.length > 1) {
      const found = shapes.map(showOpen).join(" and ");
      throw new InputError(
        refusal`The operands have the shapes ${found}, expected shapes that broadcast`,
      );
    }
    return others.length === 0 ? 1 : known[0] ?? null;
  });
}

/** Wraps an operation without a gradient, such as a comparison: the gradient is 0, as in Keras. */
export function withoutGradient(
  tf: TensorFlow,
  operands: Tensor[],
  run: (...operands: Tensor[]) => Tensor,
): Tensor {
  const shapes = operands.map(({ shape }) => shape);
  const operation = tf.customGrad((...given) => {
    const own = given.slice(0, operands.length) as Tensor[];
    return {
      value: tf.tidy(() => tf.cast(run(...own), "float32")),
      gradFunc: () => shapes.map((shape) => tf.zeros(shape)),
    };
  });
  return operation(...operands);
}
