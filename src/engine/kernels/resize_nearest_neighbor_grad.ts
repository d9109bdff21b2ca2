import { defineKernel } from "./define_kernel.ts";
import type { ResizeAttributes } from "./resize_attributes.ts";

/**
 * For each row (or column) of the resized image, the one that it was copied from: the forward kernel's
 * own reckoning, in float32 as there.
 */
function sources(
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: ResizeAttributes,
): Int32Array {
  const corners = alignCorners && to > 1 ? 1 : 0;
  const ratio = Math.fround((from - corners) / (to - corners));
  return Int32Array.from({ length: to }, (_, i) => {
    const place = Math.fround(ratio * (halfPixelCenters ? i + 0.5 : i));
    return Math.min(from - 1, alignCorners ? Math.round(place) : Math.floor(place));
  });
}

/**
 * `ResizeNearestNeighborGrad`. The stock kernel looks for the pixels that were copies of a pixel in a
 * window around its place, which is too small for some sizes with aligned corners, and that of `cpu`
 * mixes up the examples of a batch. Here every `dy` goes to the pixel that it is a copy of.
 */
export const resizeNearestNeighborGradKernel = defineKernel<ResizeAttributes>(
  "ResizeNearestNeighborGrad",
  (context, { images, dy }, attributes) => {
    const [batch, height, width, channels] = images.shape;
    const [, outHeight, outWidth] = dy.shape;
    const dx = context.backend.makeOutput(images.shape, "float32");
    const gradient = context.backend.typedArrayFromHeap(dy);
    // A pixel may have many copies.
    const sums = new Float64Array(images.shape.reduce((a, b) => a * b, 1));
    const rows = sources(height, outHeight, attributes);
    const columns = sources(width, outWidth, attributes);
    let i = 0;
    for (let b = 0; b < batch; b++) {
      for (let r = 0; r < outHeight; r++) {
        const row = (b * height + rows[r]) * width;
        for (let c = 0; c < outWidth; c++) {
          const target = (row + columns[c]) * channels;
          for (let k = 0; k < channels; k++) sums[target + k] += gradient[i++];
        }
      }
    }
    context.backend.typedArrayFromHeap(dx).set(sums);
    return dx;
  },
);
