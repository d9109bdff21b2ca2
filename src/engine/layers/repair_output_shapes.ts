import type { LayerRepair } from "./layer_repair.ts";

type Shape = (number | null)[];

/** Where the layer was given one shape in a list, that shape. */
const oneShape = (shape: Shape | Shape[]): Shape =>
  (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;

/**
 * The output shapes that some layers promise while a model is built. TensorFlow.js's Resizing and
 * RandomWidth forget the batch axis, so a layer after them is built for the wrong size; CenterCrop and
 * CategoryEncoding write theirs into the shape they were given, which belongs to the layer before.
 */
export const repairOutputShapes: LayerRepair = ({ patch }) => {
  patch(
    "Resizing",
    "computeOutputShape",
    () =>
      function (this: { height: number; width: number }, inputShape: Shape | Shape[]) {
        const shape = oneShape(inputShape);
        return [...shape.slice(0, -3), this.height, this.width, shape.at(-1)];
      },
  );
  // The width is drawn at each call.
  patch("RandomWidth", "computeOutputShape", () =>
    function (inputShape: Shape | Shape[]) {
      const shape = oneShape(inputShape);
      return [...shape.slice(0, -2), null, shape.at(-1)];
    });
  for (const className of ["CenterCrop", "CategoryEncoding"]) {
    patch(
      className,
      "computeOutputShape",
      (original) =>
        function (this: unknown, inputShape: Shape | Shape[]) {
          return original.call(this, [...oneShape(inputShape)]);
        },
    );
  }
};
