import { COLUMNS_AT } from "./convolution";
import { ADD, DIRECT, FLAWED, PACK } from "./flags";
import { GAP, depthOfBlock, gemm, packedBytes, packedGemm, panelBytes, panelsOf } from "./gemm";
import { turnedWindows } from "./input_gradient";
import { transposeRows } from "./pack";
import { Convolution, Operation, Windows } from "./records";
import { isFiniteRun, share } from "./runs";
import { TILE_COLUMNS } from "./tile";
import { imageBytes } from "./windows";
import {
  ADDRESSES,
  PLACES,
  transformFilter,
  transformInput,
  transformOutput,
  transformPair,
  transformTaps,
} from "./winograd";

/**
 * Channels and filters from which on the transforms cost clearly less than the products they save. Sums
 * in tiles round more, which moves a gradient where a unit is near a kink: with 32, a program of
 * bench/torch (densenet121) no longer agreed.
 */
const LEAST_CHANNELS: i32 = 64;
/** Number of tiles from which on it pays to transform the filters, and rows and columns of outputs. */
const LEAST_TILES: i32 = 64, LEAST_SIZE: i32 = 4;
/** Largest filter of one tap, in entries: its transform takes 16 MiB. */
const LARGEST: i64 = 1 << 18;
/** Bytes of transformed tiles at a time, in and out, and bounds of their number. */
const BLOCK: i32 = 1 << 21, LEAST_BLOCK: i32 = 60, LARGEST_BLOCK: i32 = 240;
/** Tiles of a filter gradient that are added up before they are added to it: float32 can. */
const TILES_TOGETHER: i32 = 8192;
/** Channels of a filter gradient in a share. */
const SHARE: i32 = 16;
/** Bytes of the vector of flaws, and of four transformed filters that are turned. */
const FLAWS: i32 = 16, TURNED: i32 = PLACES * 64;

/** Returns true if a filter's transform can be packed four entries at a time. */
function fitsFilter(channels: i32, filters: i32): bool {
  return min(channels, filters) >= LEAST_CHANNELS && ((channels | filters) & 7) == 0 &&
    <i64> channels * filters <= LARGEST &&
    ((depthOfBlock(channels) | depthOfBlock(filters)) & 3) == 0;
}

/** Returns true if a convolution to this size pays in tiles of 4 x 4. */
function isTiled(w: Windows, height: i32, width: i32): bool {
  return w.depth == 1 && w.outDepth == 1 && w.windowDepth == 1 && w.front == 0 &&
    w.windowHeight == 3 && w.windowWidth == 3 && w.strideHeight == 1 && w.strideWidth == 1 &&
    w.dilationHeight == 1 && w.dilationWidth == 1 && min(height, width) >= LEAST_SIZE &&
    w.batch * half(height) * half(width) >= LEAST_TILES && fitsFilter(w.channels, w.outChannels);
}

/** Returns the number of tiles along an axis of outputs. */
// @ts-ignore: decorator
@inline
function half(size: i32): i32 {
  return (size + 1) >> 1;
}

/** Returns the number of tiles that are transformed at a time. */
function blockOf(channels: i32, filters: i32): i32 {
  const tiles = BLOCK / (PLACES * 4 * (channels + filters));
  return max(LEAST_BLOCK, min(LARGEST_BLOCK, tiles - tiles % LEAST_BLOCK));
}

/** Returns the bytes from one place of a transform of `rows` x `columns` to the next. */
// @ts-ignore: decorator
@inline
function stepOf(rows: i32, columns: i32): usize {
  return (<usize> (rows * columns) << 2) + GAP;
}

/** Returns the bytes for the filters, or their gradients, of all places. */
function filterBytes(channels: i32, filters: i32): usize {
  const packed = max(packedBytes(filters, channels), packedBytes(channels, filters));
  return <usize> PLACES * max(packed, stepOf(channels, filters));
}

/** Returns the scratch of a convolution of 3 x 3 taps, beyond `COLUMNS_AT`; 0 if it takes none. */
export function tiledScratch(channels: i32, filters: i32): i32 {
  if (!fitsFilter(channels, filters)) return 0;
  const block = blockOf(channels, filters);
  return FLAWS + ADDRESSES + TURNED + (max(channels, filters) << 2) +
    <i32> (filterBytes(channels, filters) +
      <usize> PLACES * (stepOf(block, channels) + stepOf(block, filters)));
}

/** Scratch of a convolution in tiles, from `COLUMNS_AT` on. */
// @ts-ignore: decorator
@inline
function addressesIn(scratch: usize): usize {
  return scratch + COLUMNS_AT + FLAWS;
}
// @ts-ignore: decorator
@inline
function zerosIn(scratch: usize): usize {
  return addressesIn(scratch) + ADDRESSES + TURNED;
}
// @ts-ignore: decorator
@inline
function filtersIn(w: Windows, scratch: usize): usize {
  return zerosIn(scratch) + (<usize> max(w.channels, w.outChannels) << 2);
}
// @ts-ignore: decorator
@inline
function tilesIn(w: Windows, scratch: usize): usize {
  return filtersIn(w, scratch) + filterBytes(w.channels, w.outChannels);
}

/**
 * Writes the addresses of `side` x `side` entries from (`top`, `left`) of an image on; `outside` for
 * those that it does not have.
 */
function placeTile(
  image: usize,
  height: i32,
  width: i32,
  bytes: usize,
  top: i32,
  left: i32,
  side: i32,
  outside: usize,
  to: usize,
): void {
  for (let i = 0; i < side; i++) {
    const y = top + i;
    const isLine = y >= 0 && y < height;
    const line = image + <usize> (y * width + left) * bytes;
    for (let j = 0; j < side; j++, to += 4) {
      const x = left + j;
      store<usize>(to, isLine && x >= 0 && x < width ? line + <usize> j * bytes : outside);
    }
  }
}

/** Places a tile of inputs. */
// @ts-ignore: decorator
@inline
function placeInput(w: Windows, x: usize, tile: i32, scratch: usize): void {
  const columns = half(w.outWidth), rows = half(w.outHeight), row = tile / columns;
  placeTile(
    x + <usize> (row / rows) * imageBytes(w), w.height, w.width, <usize> w.channels << 2,
    2 * (row % rows) - w.top, 2 * (tile - row * columns) - w.left, 4, zerosIn(scratch),
    addressesIn(scratch),
  );
}

/** Places a tile of outputs. */
// @ts-ignore: decorator
@inline
function placeOutput(w: Windows, y: usize, tile: i32, outside: usize, scratch: usize): void {
  const columns = half(w.outWidth), rows = half(w.outHeight), row = tile / columns;
  const bytes = <usize> w.outChannels << 2;
  placeTile(
    y + <usize> (row / rows * w.outHeight * w.outWidth) * bytes, w.outHeight, w.outWidth, bytes,
    2 * (row % rows), 2 * (tile - row * columns), 2, outside, addressesIn(scratch),
  );
}

/**
 * Transforms and packs the filters of all places, as `packedGemm` takes them.
 *
 * @param turned True if channels and filters are swapped and the taps reversed, as for dx.
 */
function packFilters(w: Windows, filter: usize, turned: bool, scratch: usize): void {
  const channels = w.channels, filters = w.outChannels;
  const to = filtersIn(w, scratch), place = packedBytes(filters, channels);
  const tap = channels * filters << 2, depth = depthOfBlock(channels);
  const four = addressesIn(scratch) + ADDRESSES;
  for (let c = 0; c < channels; c += 4) {
    const from = c - c % depth, bytes = panelBytes(min(depth, channels - from));
    const block = to + <usize> (from / depth) * panelsOf(filters) * panelBytes(depth);
    for (let k = 0; k < filters; k += 4) {
      const at = block + <usize> (k / TILE_COLUMNS) * bytes + (<usize> (c - from) << 5) +
        (<usize> (k % TILE_COLUMNS) << 2);
      if (turned) {
        for (let i = 0; i < 4; i++) {
          const source = filter + (<usize> ((k + i) * channels + c) << 2) + <usize> (8 * tap);
          transformFilter(source, -tap, four + (<usize> i << 4), 64);
        }
        for (let p: usize = 0; p < <usize> PLACES; p++) {
          const vectors = four + (p << 6);
          transposeRows(vectors, vectors + 16, vectors + 32, vectors + 48, at + p * place, 32);
        }
      } else {
        for (let i = 0; i < 4; i++) {
          const source = filter + (<usize> ((c + i) * filters + k) << 2);
          transformFilter(source, tap, at + (<usize> i << 5), place);
        }
      }
    }
  }
}

/** Computes the outputs of rows `start` .. `stop` of tiles; returns true if all are finite. */
function convolveTiles(
  w: Windows,
  x: usize,
  filter: usize,
  y: usize,
  bias: usize,
  flags: i32,
  turned: bool,
  start: i32,
  stop: i32,
  scratch: usize,
): bool {
  if (start == stop) return true;
  const channels = w.channels, filters = w.outChannels, columns = half(w.outWidth);
  const flaws = scratch + COLUMNS_AT, addresses = addressesIn(scratch);
  const row = <usize> channels << 2, yRow = <usize> filters << 2;
  const block = blockOf(channels, filters);
  const step = stepOf(block, channels), yStep = stepOf(block, filters);
  const panels = filtersIn(w, scratch), place = packedBytes(filters, channels);
  const tiles = tilesIn(w, scratch), products = tiles + <usize> PLACES * step;
  packFilters(w, filter, turned, scratch);
  memory.fill(zerosIn(scratch), 0, row);
  v128.store(flaws, f32x4.splat(0));
  for (let first = start * columns; first < stop * columns; first += block) {
    const count = min(block, stop * columns - first);
    for (let i = 0; i < count; i++) {
      placeInput(w, x, first + i, scratch);
      transformInput(addresses, 0, row, tiles + <usize> i * row, step);
    }
    for (let p: usize = 0; p < <usize> PLACES; p++) {
      packedGemm(
        tiles + p * step, row, panels + p * place, products + p * yStep, yRow,
        count, filters, channels, 0, 0, scratch,
      );
    }
    for (let i = 0; i < count; i++) {
      placeOutput(w, y, first + i, 0, scratch);
      transformOutput(
        products + <usize> i * yRow, yStep, yRow, addresses, bias, flags, flaws,
      );
    }
  }
  return isFiniteRun(flaws, 4);
}

/** Computes the channels `start` .. `stop` of dW; returns true if all are finite. */
function addTiles(
  w: Windows,
  x: usize,
  dy: usize,
  dw: usize,
  start: i32,
  stop: i32,
  scratch: usize,
): bool {
  const width = stop - start, filters = w.outChannels;
  if (width <= 0) return true;
  const addresses = addressesIn(scratch);
  const row = <usize> width << 2, dyRow = <usize> filters << 2;
  const tap = <usize> w.channels * dyRow, channel = <usize> start << 2;
  const block = blockOf(w.channels, filters);
  const step = stepOf(block, width), dyStep = stepOf(block, filters), place = stepOf(width, filters);
  const sums = filtersIn(w, scratch);
  const tiles = tilesIn(w, scratch), gradients = tiles + <usize> PLACES * step;
  const all = w.batch * half(w.outHeight) * half(w.outWidth);
  memory.fill(zerosIn(scratch), 0, max(<usize> w.channels << 2, dyRow));
  let added = 0;
  for (let first = 0; first < all; first += block) {
    const count = min(block, all - first), isLast = first + count == all;
    for (let i = 0; i < count; i++) {
      placeInput(w, x, first + i, scratch);
      transformInput(addresses, channel, channel + row, tiles + <usize> i * row, step);
      placeOutput(w, dy, first + i, zerosIn(scratch), scratch);
      transformPair(addresses, dyRow, gradients + <usize> i * dyRow, dyStep);
    }
    for (let p: usize = 0; p < <usize> PLACES; p++) {
      gemm(
        tiles + p * step, 4, row, gradients + p * dyStep, dyRow, 4, sums + p * place, dyRow,
        width, filters, count, 0, (added ? ADD : 0) | PACK, scratch,
      );
    }
    added += count;
    if (!isLast && added < TILES_TOGETHER) continue;
    for (let i = 0; i < width * filters; i += 4) {
      const at = <usize> i << 2;
      transformTaps(sums + at, place, dw + channel * filters + at, tap, first + count > added);
    }
    added = isLast ? added : 0;
  }
  for (let i: usize = 0; i < 9; i++) {
    if (!isFiniteRun(dw + i * tap + channel * filters, width * filters)) return false;
  }
  return true;
}

/**
 * Computes one part of a convolution or of its gradients in tiles, if it pays.
 *
 * Tiles of inputs are multiplied together, so that an infinite one makes more outputs NaN than it
 * should: then the flag `FLAWED` is set, and the operation has to be computed directly.
 *
 * @returns False if it does not pay, or is to be computed directly.
 */
export function runTiled(
  operation: i32,
  c: Convolution,
  w: Windows,
  part: i32,
  parts: i32,
  scratch: usize,
): bool {
  if (c.flags & DIRECT) return false;
  const turned = operation == Operation.convolutionInputGradient;
  if (!isTiled(w, turned ? w.height : w.outHeight, turned ? w.width : w.outWidth)) return false;
  let isFinite: bool;
  if (operation == Operation.convolutionFilterGradient) {
    const start = share(w.channels, SHARE, part, parts);
    isFinite = addTiles(
      w, c.x, c.y, c.result, start, share(w.channels, SHARE, part + 1, parts), scratch,
    );
  } else {
    const own = turned ? turnedWindows(w, scratch) : w;
    const rows = w.batch * half(own.outHeight);
    isFinite = convolveTiles(
      own, c.x, c.y, c.result, c.bias, c.flags, turned,
      share(rows, 1, part, parts), share(rows, 1, part + 1, parts), scratch,
    );
  }
  // All parts that set it write the same.
  if (!isFinite) c.flags |= FLAWED;
  return true;
}
