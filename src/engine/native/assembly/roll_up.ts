import { Windows } from "./records";
import { addRun } from "./runs";
import { isAcross, lineAt, PLACE, Place } from "./windows";

/**
 * Adds unrolled windows to the rows `firstRow` .. `endRow` of an image's planes, at their places.
 */
export function rollUp(
  w: Windows,
  columns: usize,
  places: usize,
  count: i32,
  firstRow: i32,
  endRow: i32,
): void {
  const channels = w.channels, across = w.windowWidth * channels;
  for (let n = 0; n < count; n++, places += PLACE) {
    const p = changetype<Place>(places);
    const isWhole = isAcross(w, places);
    for (let tapZ = 0; tapZ < w.windowDepth; tapZ++) {
      for (let tapY = 0; tapY < w.windowHeight; tapY++, columns += <usize> across << 2) {
        const line = lineAt(w, places, tapZ, tapY);
        const row = (p.z + tapZ * w.dilationDepth) * w.height + p.y + tapY * w.dilationHeight;
        if (line == 0 || row < firstRow || row >= endRow) continue;
        if (isWhole) {
          addRun(columns, line, across);
          continue;
        }
        for (let tap = 0; tap < w.windowWidth; tap++) {
          const x = tap * w.dilationWidth;
          if (p.x + x < 0 || p.x + x >= w.width) continue;
          const entry = <usize> (x * channels) << 2;
          addRun(columns + (<usize> (tap * channels) << 2), line + entry, channels);
        }
      }
    }
  }
}
