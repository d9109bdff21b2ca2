import { at, type NdArray, ndArray } from "./nd_array.ts";

/** TensorFlow.js's mapping of output pixels to input pixels. */
export interface Resize {
  size: readonly [number, number];
  method: "nearest" | "bilinear";
  alignCorners?: boolean;
}

/** Resizes [batch, height, width, channels] with TensorFlow.js's (TF 1) pixel grid. */
export function resize(x: NdArray, { size, method, alignCorners = false }: Resize): NdArray {
  const scale = [0, 1].map((axis) =>
    alignCorners && size[axis] > 1
      ? (x.shape[axis + 1] - 1) / (size[axis] - 1)
      : x.shape[axis + 1] / size[axis]
  );
  const nearest = (i: number, axis: number) => {
    const place = i * scale[axis];
    return Math.min(x.shape[axis + 1] - 1, alignCorners ? Math.round(place) : Math.floor(place));
  };
  const around = (i: number, axis: number) => {
    const place = i * scale[axis];
    const low = Math.floor(place);
    return { low, high: Math.min(x.shape[axis + 1] - 1, low + 1), part: place - low };
  };
  return ndArray([x.shape[0], ...size, x.shape[3]], ([b, i, j, c]) => {
    if (method === "nearest") return at(x, b, nearest(i, 0), nearest(j, 1), c);
    const row = around(i, 0), column = around(j, 1);
    const top = at(x, b, row.low, column.low, c) * (1 - column.part) +
      at(x, b, row.low, column.high, c) * column.part;
    const bottom = at(x, b, row.high, column.low, c) * (1 - column.part) +
      at(x, b, row.high, column.high, c) * column.part;
    return top * (1 - row.part) + bottom * row.part;
  });
}
