import { flagsOfBlock } from "./flags";
import { depthOfBlock, GAP, PACKED_ROWS, panelBytes } from "./gemm";
import { packRows, packVectors } from "./pack";
import { multiplyRows, rowsOfHighTiles } from "./row_tiles";
import { TILE_COLUMNS } from "./tile";

/** Returns the number of panels for n columns of B. */
// @ts-ignore: decorator
@inline
export function panelsOf(n: i32): usize {
  return <usize> ((n + TILE_COLUMNS - 1) / TILE_COLUMNS);
}

/** Returns the bytes of a packed B of k x n. */
export function packedBytes(n: i32, k: i32): usize {
  const depth = depthOfBlock(k);
  return panelsOf(n) * ((<usize> k << 5) + <usize> ((k + depth - 1) / depth) * GAP);
}

/** Packs a whole B for many products. Strides are as for `gemm`. */
export function packWhole(b: usize, bRow: usize, bColumn: usize, n: i32, k: i32, to: usize): void {
  const depth = depthOfBlock(k);
  for (let from = 0; from < k; from += depth) {
    const bytes = panelBytes(min(depth, k - from));
    packVectors(b + <usize> from * bRow, bColumn, bRow, n, min(depth, k - from), to, bytes);
    to += panelsOf(n) * bytes;
  }
}

/**
 * Computes C = A B (+ bias, relu) with a B packed by `packWhole`: to the bits of `gemm`, for a
 * shared dimension that float32 can sum, and up to `ROWS` rows. Arguments are those of `gemm`.
 */
export function packedGemm(
  a: usize,
  aRow: usize,
  panels: usize,
  c: usize,
  cRow: usize,
  m: i32,
  n: i32,
  k: i32,
  bias: usize,
  flags: i32,
  scratch: usize,
): void {
  const blockDepth = depthOfBlock(k);
  for (let from = 0; from < k; from += blockDepth) {
    const depth = min(blockDepth, k - from), isLast = from + depth == k;
    packRows(a + (<usize> from << 2), aRow, 4, m, depth, scratch);
    multiplyRows(
      scratch, panels, panelBytes(depth), 32, c, cRow, m, rowsOfHighTiles(m), n, depth,
      isLast ? bias : 0, flagsOfBlock(flags, from == 0, isLast), scratch + <usize> PACKED_ROWS,
    );
    panels += panelsOf(n) * panelBytes(depth);
  }
}
