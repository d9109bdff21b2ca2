import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor } from "./layer_repair.ts";
import { storeSettings } from "./stored_settings.ts";

interface ImageLayer {
  asKeras?: boolean;
  interpolation?: "nearest" | "bilinear";
  dataFormat?: "channelsFirst" | "channelsLast";
  size?: [number, number];
  height: number;
  width: number;
}

const LAYERS = ["CenterCrop", "Resizing", "UpSampling2D"];

/**
 * Resizes and crops images as Keras does. TensorFlow.js's Resizing aligns the corners, its
 * UpSampling2D samples the corner of a pixel, and its CenterCrop moves a crop that is one column
 * narrower to the right. Keras uses the centre of a pixel, and rounds a crop to the left.
 * TensorFlow.js's own layers are unchanged; a configuration with `asKeras`, which is set when files
 * of Keras are read, makes a layer that computes what Keras does.
 */
export const repairKerasImages: LayerRepair = ({ tf, patch }) => {
  storeSettings({ tf, patch }, LAYERS, { asKeras: false });
  const resize = (x: Tensor, size: [number, number], { interpolation }: ImageLayer): Tensor =>
    interpolation === "nearest"
      ? tf.image.resizeNearestNeighbor(x as never, size, false, true)
      : tf.image.resizeBilinear(x as never, size, false, true);
  /** Crops the centre of an image, rounded to the left and top. */
  const crop = (x: Tensor, height: number, width: number): Tensor => {
    const [rows, columns] = x.shape.slice(-3);
    const outer = x.shape.slice(0, -3);
    const [top, left] = [Math.floor((rows - height) / 2), Math.floor((columns - width) / 2)];
    return tf.slice(
      x,
      [...outer.map(() => 0), top, left, 0],
      [...outer, height, width, x.shape[x.rank - 1]],
    );
  };
  const patchCall = (name: string, call: (layer: ImageLayer, x: Tensor) => Tensor) =>
    patch(
      name,
      "call",
      (original) =>
        function (this: ImageLayer, inputs: Tensor | Tensor[], kwargs: unknown) {
          if (!this.asKeras) return original.call(this, inputs, kwargs);
          return tf.tidy(() => call(this, oneTensor(inputs)));
        },
    );
  patchCall("Resizing", (layer, x) => resize(x, [layer.height, layer.width], layer));
  patchCall("UpSampling2D", (layer, x) => {
    const isFirst = layer.dataFormat === "channelsFirst";
    const image = isFirst ? tf.transpose(x, [0, 2, 3, 1]) : x;
    const [rows, columns] = layer.size!;
    const larger = resize(image, [image.shape[1]! * rows, image.shape[2]! * columns], layer);
    return isFirst ? tf.transpose(larger, [0, 3, 1, 2]) : larger;
  });
  patchCall("CenterCrop", ({ height, width }, x) => {
    const [rows, columns] = x.shape.slice(-3);
    if (rows >= height && columns >= width) return crop(x, height, width);
    // A smaller image is cropped to the aspect ratio of the result, then stretched.
    const within = (size: number, most: number) => Math.max(1, Math.min(most, Math.trunc(size)));
    const high = within(columns * height / width, rows);
    const wide = within(rows * width / height, columns);
    return tf.image.resizeBilinear(crop(x, high, wide) as never, [height, width], false, true);
  });
};
