/** Shape during the construction of a model: `null` for an axis of open length. */
export type OpenShape = (number | null)[];

/** Returns the one shape that a layer is built for, which TensorFlow.js may pass in a list. */
export function oneShape(shape: OpenShape | OpenShape[]): OpenShape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as OpenShape;
}

/**
 * Returns axes of a shape, counted from the first and in order.
 *
 * @param name Name of the layer, for messages.
 * @throws {RangeError} If there is no such axis, or one is named twice.
 */
export function axesOf(axis: number | readonly number[], shape: OpenShape, name: string): number[] {
  const axes = [axis].flat().map((one) => one < 0 ? one + shape.length : one);
  const isSound = axes.every((one) => Number.isInteger(one) && one >= 0 && one < shape.length);
  if (!isSound || new Set(axes).size < axes.length) {
    throw new RangeError(
      `axis of ${name} is ${JSON.stringify(axis)}, expected different axes from ${-shape
        .length} to ` +
        `${shape.length - 1}: its input has the shape [${
          shape.map((size) => size ?? "null").join(", ")
        }]`,
    );
  }
  return axes.sort((a, b) => a - b);
}

/**
 * Returns the lengths of axes of a shape.
 *
 * @throws {RangeError} If one is open.
 */
export function sizesOf(axes: readonly number[], shape: OpenShape, name: string): number[] {
  return axes.map((axis) => {
    const size = shape[axis];
    if (size !== null) return size;
    throw new RangeError(
      `Axis ${axis} of the input of ${name} has no fixed length, expected one: its weights have as many entries`,
    );
  });
}
