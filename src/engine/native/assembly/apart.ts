import { Windows } from "./records";
import { clearRun } from "./runs";

/** Returns true if no entry is in two windows. */
export function areApart(w: Windows): bool {
  return w.strideHeight > (w.windowHeight - 1) * w.dilationHeight &&
    w.strideWidth > (w.windowWidth - 1) * w.dilationWidth;
}

/** Returns true if windows that do not overlap leave no entry out. */
function coverAll(w: Windows): bool {
  return w.strideHeight == w.windowHeight && w.strideWidth == w.windowWidth &&
    w.top >= 0 && w.left >= 0 &&
    w.outHeight * w.strideHeight - w.top >= w.height &&
    w.outWidth * w.strideWidth - w.left >= w.width;
}

/**
 * Clears the channels `start` .. `stop` of the images `image` .. `end` for the gradient of a
 * pooling, unless it writes each entry exactly once, as it does for windows that do not overlap.
 */
export function clearEntries(
  w: Windows,
  dx: usize,
  image: i32,
  end: i32,
  start: i32,
  stop: i32,
): void {
  if (areApart(w) && coverAll(w)) return;
  const bytes = <usize> w.channels << 2;
  for (let i = image * w.height * w.width; i < end * w.height * w.width; i++) {
    clearRun(dx + <usize> i * bytes + (<usize> start << 2), stop - start);
  }
}
