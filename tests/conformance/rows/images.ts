import { type NdArray, ndArray, resize, slice, transpose } from "../reference/mod.ts";
import { at } from "../reference/mod.ts";
import type { Row, RowInput } from "../row.ts";
import { describe, make, type Options } from "./make.ts";

const row = (
  subject: string,
  options: Options,
  input: RowInput,
  reference: (x: NdArray, observed: NdArray) => NdArray,
  more: Partial<Row> = {},
): Row => ({
  subject,
  options: `${describe(options) || "default"} on [${input.shape}]`,
  inputs: [input],
  create: make(subject, options),
  reference: ([x], _weights, [observed]) => reference(x, observed),
  ...more,
});

/** A row of an up-sampling. */
export function upSamplingRow(options: Options, shape: number[]): Row {
  const [rows, columns] = (options.size ?? [2, 2]) as number[];
  const first = options.dataFormat === "channelsFirst";
  return row("upSampling2d", options, { shape }, (x) => {
    const image = first ? transpose(x, [0, 2, 3, 1]) : x;
    const y = resize(image, {
      size: [image.shape[1] * rows, image.shape[2] * columns],
      method: (options.interpolation ?? "nearest") as "nearest" | "bilinear",
    });
    return first ? transpose(y, [0, 3, 1, 2]) : y;
  });
}

/** Adds `[before, after]` zeros to height and width; negative ones crop. */
function border(x: NdArray, [rows, columns]: number[][], first: boolean): NdArray {
  const pads = first ? [[0, 0], [0, 0], rows, columns] : [[0, 0], rows, columns, [0, 0]];
  return ndArray(x.shape.map((n, axis) => n + pads[axis][0] + pads[axis][1]), (index) => {
    const from = index.map((i, axis) => i - pads[axis][0]);
    return from.every((i, axis) => i >= 0 && i < x.shape[axis]) ? at(x, ...from) : 0;
  });
}

const padding = (options: Options, pads: number[][]) =>
  row(
    "zeroPadding2d",
    options,
    { shape: [2, 2, 3, 2] },
    (x) => border(x, pads, options.dataFormat === "channelsFirst"),
  );

const cropping = (options: Options, crops: number[][], shape: number[]) =>
  row(
    "cropping2D",
    options,
    { shape },
    (x) =>
      border(x, crops.map((pair) => pair.map((n) => -n)), options.dataFormat === "channelsFirst"),
  );

/** A row of a resizing layer. */
export const resizingRow = (options: Options, shape: number[]): Row =>
  row("resizing", options, { shape }, (x) =>
    resize(x, {
      size: [options.height as number, options.width as number],
      method: (options.interpolation ?? "bilinear") as "nearest" | "bilinear",
      alignCorners: !options.cropToAspectRatio,
    }));

/** A crop from the middle; TensorFlow.js moves a crop that is one column narrower to the right. */
function centerCrop(height: number, width: number, [, rows, columns]: number[]): Row {
  const top = Math.floor((rows - height) / 2);
  const left = columns - width === 1 ? 1 : Math.floor((columns - width) / 2);
  return row(
    "centerCrop",
    { height, width },
    { shape: [2, rows, columns, 2] },
    (x) =>
      top < 0 || left < 0
        ? resize(x, { size: [height, width], method: "bilinear" })
        : slice(x, [0, top, left, 0], [2, height, width, 2]),
  );
}

const category = (
  options: Options,
  input: RowInput,
  count: (counts: number, of: NdArray) => number,
) =>
  row(
    "categoryEncoding",
    { numTokens: 4, ...options },
    input,
    (x) => {
      const [examples, tokens] = x.shape.length === 1 ? [1, x.shape[0]] : x.shape;
      const y = ndArray([examples, 4], ([i, token]) =>
        count(
          x.data.subarray(i * tokens, (i + 1) * tokens).filter((t) => t === token).length,
          x,
        ));
      return x.shape.length === 1 ? ndArray([4], y.data) : y;
    },
    { discrete: true },
  );

/** The layers of images (and of categories), most of them preprocessing. */
export const IMAGES: Row[] = [
  upSamplingRow({}, [2, 2, 3, 2]),
  upSamplingRow({}, [3, 1, 2, 1]),
  upSamplingRow({ size: [3, 1] }, [2, 2, 3, 2]),
  upSamplingRow({ size: [2, 3], dataFormat: "channelsFirst" }, [2, 2, 2, 3]),
  upSamplingRow({ interpolation: "bilinear" }, [2, 2, 3, 2]),
  upSamplingRow({ interpolation: "bilinear", size: [3, 2] }, [2, 3, 2, 1]),
  upSamplingRow({ interpolation: "bilinear", dataFormat: "channelsFirst" }, [2, 2, 2, 3]),

  padding({}, [[1, 1], [1, 1]]),
  padding({ padding: 2 }, [[2, 2], [2, 2]]),
  padding({ padding: [1, 2] }, [[1, 1], [2, 2]]),
  padding({ padding: [[0, 1], [2, 0]] }, [[0, 1], [2, 0]]),
  padding({ padding: [[0, 1], [2, 0]], dataFormat: "channelsFirst" }, [[0, 1], [2, 0]]),

  cropping({ cropping: 1 }, [[1, 1], [1, 1]], [2, 4, 5, 2]),
  cropping({ cropping: [1, 2] }, [[1, 1], [2, 2]], [2, 4, 5, 2]),
  cropping({ cropping: [[0, 1], [2, 0]] }, [[0, 1], [2, 0]], [2, 4, 5, 2]),
  cropping(
    { cropping: [[0, 1], [2, 0]], dataFormat: "channelsFirst" },
    [[0, 1], [2, 0]],
    [2, 2, 4, 5],
  ),

  resizingRow({ height: 5, width: 4 }, [2, 3, 2, 2]),
  resizingRow({ height: 2, width: 3 }, [2, 5, 4, 1]),
  resizingRow({ height: 5, width: 4, interpolation: "nearest" }, [2, 3, 2, 2]),
  resizingRow({ height: 2, width: 3, interpolation: "nearest" }, [2, 5, 4, 1]),
  resizingRow({ height: 5, width: 4, cropToAspectRatio: true }, [2, 3, 2, 2]),
  resizingRow(
    { height: 2, width: 3, interpolation: "nearest", cropToAspectRatio: true },
    [2, 5, 4, 1],
  ),
  resizingRow({ height: 1, width: 1 }, [2, 3, 2, 2]),

  centerCrop(2, 2, [2, 4, 6, 2]),
  centerCrop(3, 2, [2, 5, 5, 2]),
  centerCrop(2, 3, [2, 3, 4, 2]),
  centerCrop(4, 4, [2, 4, 4, 2]),
  centerCrop(6, 5, [2, 3, 4, 2]),

  category({}, { shape: [2, 3], draw: "integer", below: 4 }, (n) => Math.min(n, 1)),
  category(
    { outputMode: "multiHot" },
    { shape: [2, 3], draw: "integer", below: 4 },
    (n) => Math.min(n, 1),
  ),
  category({ outputMode: "count" }, { shape: [2, 5], draw: "integer", below: 4 }, (n) => n),
  category(
    { outputMode: "oneHot" },
    { shape: [3, 1], draw: "integer", below: 4 },
    (n) => Math.min(n, 1),
  ),

  ...(["bilinear", "nearest"] as const).map((interpolation) =>
    row(
      "randomWidth",
      { factor: 0.5, interpolation, seed: 42 },
      { shape: [2, 3, 6, 2] },
      (x, observed) => resize(x, { size: [3, observed.shape[2]], method: interpolation }),
      {
        // Every call draws another width from the seed: begin at the same one.
        call(_tf, layer, [x]) {
          Object.assign((layer as unknown as { randomGenerator: object }).randomGenerator, {
            seed: 42,
          });
          return layer.apply([x]);
        },
      },
    )
  ),
];
