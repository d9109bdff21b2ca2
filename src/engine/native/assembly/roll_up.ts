import { Windows } from "./records";
import { addRun } from "./runs";

/** Adds unrolled windows to the rows `firstRow` .. `endRow` of an image's planes. */
export function rollUp(
  w: Windows,
  columns: usize,
  position: i32,
  count: i32,
  image: usize,
  firstRow: i32,
  endRow: i32,
): void {
  const channels = w.channels;
  const across = w.windowWidth * channels;
  let outX = position % w.outWidth;
  let outY = position / w.outWidth % w.outHeight;
  let outZ = position / w.outWidth / w.outHeight;
  for (let n = 0; n < count; n++) {
    const z0 = outZ * w.strideDepth - w.front;
    const y0 = outY * w.strideHeight - w.top;
    const x0 = outX * w.strideWidth - w.left;
    if (++outX == w.outWidth) {
      outX = 0;
      if (++outY == w.outHeight) {
        outY = 0;
        outZ++;
      }
    }
    const inside = w.dilationWidth == 1 && x0 >= 0 && x0 + w.windowWidth <= w.width;
    for (let tapZ = 0; tapZ < w.windowDepth; tapZ++) {
      const z = z0 + tapZ * w.dilationDepth;
      for (let i = 0; i < w.windowHeight; i++, columns += <usize> across << 2) {
        const y = y0 + i * w.dilationHeight;
        if (z < 0 || z >= w.depth || y < 0 || y >= w.height) continue;
        const row = z * w.height + y;
        if (row < firstRow || row >= endRow) continue;
        if (inside) {
          addRun(columns, image + (<usize> ((row * w.width + x0) * channels) << 2), across);
          continue;
        }
        for (let j = 0; j < w.windowWidth; j++) {
          const x = x0 + j * w.dilationWidth;
          if (x < 0 || x >= w.width) continue;
          const entry = (row * w.width + x) * channels;
          addRun(columns + (<usize> (j * channels) << 2), image + (<usize> entry << 2), channels);
        }
      }
    }
  }
}
