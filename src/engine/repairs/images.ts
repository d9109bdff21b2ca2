import { InputError } from "../../ground/words/input_error.ts";
import type { Tensor } from "../tensorflow.ts";
import { type LayerRepair, oneTensor, storeSettings } from "./layer_repair.ts";

/**
 * Repairs CenterCrop. TensorFlow.js crops by resampling with `cropAndResize`, which has no
 * gradient. Here the same pixels are sliced out, including its shift to the right of a crop that is
 * one column narrower. Images smaller than the crop are resized, as by TensorFlow.js outside a
 * model; inside one it throws.
 */
export const repairCenterCrop: LayerRepair = ({ tf, patch }) => {
  patch(
    "CenterCrop",
    "call",
    (original) =>
      function (
        this: { height: number; width: number },
        inputs: Tensor | Tensor[],
        kwargs: unknown,
      ) {
        const x = oneTensor(inputs);
        const [rows, columns] = x.shape.slice(-3);
        const { height, width } = this;
        if (rows < height || columns < width) return original.call(this, x, kwargs);
        const top = Math.floor((rows - height) / 2);
        const left = columns - width === 1 ? 1 : Math.floor((columns - width) / 2);
        const outer = x.shape.slice(0, -3);
        return tf.slice(
          x,
          [...outer.map(() => 0), top, left, 0],
          [...outer, height, width, x.shape[x.rank - 1]],
        );
      },
  );
};

/**
 * Repairs Resizing and RandomWidth. A model passes every layer a list of inputs; these two pass the
 * list on to the resizing operation, which throws, so they only work outside a model. Here they get
 * the single image.
 */
export const repairResizing: LayerRepair = ({ patch }) => {
  for (const className of ["Resizing", "RandomWidth"]) {
    patch(
      className,
      "call",
      (original) =>
        function (this: unknown, inputs: Tensor | Tensor[], kwargs: unknown) {
          return original.call(this, oneTensor(inputs), kwargs);
        },
    );
  }
};

type Shape = (number | null)[];

/** Returns the shape, unwrapped if it was given in a list of one. */
const oneShape = (shape: Shape | Shape[]): Shape =>
  (Array.isArray(shape[0]) ? shape[0] : shape) as Shape;

/**
 * Repairs the output shapes that some layers announce while a model is built. TensorFlow.js's
 * Resizing and RandomWidth omit the batch axis, so the next layer is built for the wrong size;
 * CenterCrop and CategoryEncoding overwrite the shape that they were given, which belongs to the
 * layer before.
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
  // The width is drawn in each call.
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
    const top = Math.floor((rows - height) / 2);
    const left = Math.floor((columns - width) / 2);
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

interface Pooling {
  keepdims?: boolean;
  dataFormat?: "channelsFirst" | "channelsLast";
}

type RepairGlobalPoolingShape = (number | null)[];

/**
 * Repairs global pooling with `keepdims`, used by MobileNetV3 and many gates. TensorFlow.js drops
 * the pooled axes. Here a configuration with `keepdims` makes a layer that restores them, with one
 * entry each.
 */
export const repairGlobalPooling: LayerRepair = ({ tf, patch }) => {
  const names = [1, 2].flatMap((rank) => [
    `GlobalAveragePooling${rank}D`,
    `GlobalMaxPooling${rank}D`,
  ]);
  storeSettings({ tf, patch }, names, { keepdims: false });
  for (const name of names) {
    const kept = (
      { dataFormat }: Pooling,
      shape: RepairGlobalPoolingShape,
    ): RepairGlobalPoolingShape => {
      const channels = dataFormat === "channelsFirst" ? 1 : shape.length - 1;
      return shape.map((size, axis) => axis === 0 || axis === channels ? size : 1);
    };
    patch(
      name,
      "call",
      (original) =>
        function (this: Pooling, inputs: Tensor | Tensor[], kwargs: unknown) {
          const y = original.call(this, inputs, kwargs) as Tensor;
          return this.keepdims ? tf.reshape(y, kept(this, oneTensor(inputs).shape) as number[]) : y;
        },
    );
    patch(
      name,
      "computeOutputShape",
      (original) =>
        function (this: Pooling, shape: RepairGlobalPoolingShape | RepairGlobalPoolingShape[]) {
          if (!this.keepdims) return original.call(this, shape);
          return kept(
            this,
            (Array.isArray(shape[0]) ? shape[0] : shape) as RepairGlobalPoolingShape,
          );
        },
    );
  }
};

/**
 * Repairs CategoryEncoding layers that return a vector for each of several tokens. TensorFlow.js
 * rejects outputs with more than two axes; Keras allows any number. Other cases keep
 * TensorFlow.js's code.
 */
export const repairCategoryEncoding: LayerRepair = ({ tf, patch }) => {
  patch(
    "CategoryEncoding",
    "call",
    (original) =>
      function (
        this: { numTokens: number; outputMode: string },
        inputs: Tensor | Tensor[],
        kwargs: unknown,
      ) {
        const x = oneTensor(inputs);
        const isOne = x.rank > 1 && x.shape[x.rank - 1] === 1;
        const tokens = isOne ? x.shape.slice(0, -1) : x.shape;
        if (this.outputMode !== "oneHot" || tokens.length < 2) {
          return original.call(this, inputs, kwargs);
        }
        return tf.tidy(() => {
          const places = tf.cast(tf.reshape(x, tokens), "int32");
          const [least, most] = [tf.min(places), tf.max(places)].map((one) => one.dataSync()[0]);
          if (least < 0 || most >= this.numTokens) {
            throw new InputError({
              place: "The tokens",
              verb: "go",
              found: `from ${least} to ${most}`,
              expected: `whole numbers from 0 to ${this.numTokens - 1}`,
            });
          }
          return tf.cast(tf.oneHot(places, this.numTokens), "float32");
        });
      },
  );
};
