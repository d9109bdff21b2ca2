import { axisSums, axisSumUnits } from "./axis_sums";
import {
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
} from "./convolution";
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from "./depthwise";
import { clipGradient, tanh, tanhGradient } from "./elementwise";
import { gemm } from "./gemm";
import { maxPoolGradient } from "./pooling";
import { copyRows, gatherRows } from "./rows";
import { segmentSum } from "./segments";
import { flat, sums } from "./statistics";
import { Windows } from "./windows";

// Numbers and records as ../native_module.ts writes them.

@unmanaged
class MatMul {
  a: usize;
  aRow: usize;
  aColumn: usize;
  aBatch: usize;
  b: usize;
  bRow: usize;
  bColumn: usize;
  bBatch: usize;
  c: usize;
  batch: i32;
  m: i32;
  n: i32;
  k: i32;
  bias: usize;
  flags: i32;
}

@unmanaged
class Convolution {
  x: usize;
  y: usize;
  result: usize;
  bias: usize;
  flags: i32;
}

@unmanaged
class Segments {
  x: usize;
  segments: usize;
  rows: i32;
  width: i32;
  count: i32;
  result: usize;
}

@unmanaged
class Unary {
  from: usize;
  to: usize;
  count: i32;
}

@unmanaged
class Binary {
  first: usize;
  second: usize;
  to: usize;
  count: i32;
  low: f32;
  high: f32;
}

@unmanaged
class Rows {
  from: usize;
  stride: usize;
  rows: i32;
  run: usize;
  to: usize;
}

@unmanaged
class Gather {
  x: usize;
  indices: usize;
  batch: i32;
  outer: i32;
  size: i32;
  count: i32;
  run: usize;
  to: usize;
}

@unmanaged
class AxisSums {
  x: usize;
  blocks: i32;
  rows: i32;
  width: i32;
  result: usize;
  divisor: i32;
  isWide: i32;
}

@unmanaged
class Run {
  from: usize;
  count: i32;
  result: usize;
}

@unmanaged
class Grouped {
  from: usize;
  groups: i32;
  units: i32;
  inner: i32;
  result: usize;
  low: f32;
  high: f32;
}

/** Where part `part` of `total` things begins, cut at multiples of `unit`. */
// @ts-ignore: decorator
@inline
function share(total: i32, unit: i32, part: i32, parts: i32): i32 {
  const units = (total + unit - 1) / unit;
  return min(total, <i32> (<i64> units * part / parts) * unit);
}

function matMul(r: MatMul, part: i32, parts: i32, scratch: usize): void {
  const cRow = <usize> r.n << 2;
  const cBatch = <usize> r.m * cRow;
  // One product is shared by the longer side of C, several are dealt out. Cuts fall between tiles
  // of 6 rows and 8 columns.
  const together = r.batch == 1;
  const byColumns = together && r.n >= r.m;
  const byRows = together && !byColumns;
  const firstBatch = together ? 0 : share(r.batch, 1, part, parts);
  const endBatch = together ? 1 : share(r.batch, 1, part + 1, parts);
  const firstRow = byRows ? share(r.m, 6, part, parts) : 0;
  const endRow = byRows ? share(r.m, 6, part + 1, parts) : r.m;
  const firstColumn = byColumns ? share(r.n, 8, part, parts) : 0;
  const endColumn = byColumns ? share(r.n, 8, part + 1, parts) : r.n;
  if (firstRow == endRow || firstColumn == endColumn) return;
  for (let i = firstBatch; i < endBatch; i++) {
    gemm(
      r.a + <usize> i * r.aBatch + <usize> firstRow * r.aRow, r.aRow, r.aColumn,
      r.b + <usize> i * r.bBatch + <usize> firstColumn * r.bColumn, r.bRow, r.bColumn,
      r.c + <usize> i * cBatch + <usize> firstRow * cRow + (<usize> firstColumn << 2), cRow,
      endRow - firstRow, endColumn - firstColumn, r.k,
      r.bias ? r.bias + (<usize> firstColumn << 2) : 0, r.flags, scratch,
    );
  }
}

/**
 * Computes one part of an operation, and only that: parts may run at the same time.
 *
 * @param operation Its number.
 * @param record Address of its arguments.
 * @param scratch Address of scratch that no other part uses.
 */
export function run(operation: i32, record: usize, part: i32, parts: i32, scratch: usize): void {
  const c = changetype<Convolution>(record);
  const w = changetype<Windows>(record + offsetof<Convolution>());
  const next = part + 1;
  switch (operation) {
    case 0: {
      matMul(changetype<MatMul>(record), part, parts, scratch);
      break;
    }
    case 1: {
      const positions = w.batch * w.outDepth * w.outHeight * w.outWidth;
      convolution(
        w, c.x, c.y, c.result, c.bias, c.flags,
        share(positions, 6, part, parts), share(positions, 6, next, parts), scratch,
      );
      break;
    }
    case 2: {
      const taps = w.windowDepth * w.windowHeight * w.windowWidth * w.channels;
      convolutionFilterGradient(
        w, c.x, c.y, c.result,
        share(taps, 6, part, parts), share(taps, 6, next, parts), scratch,
      );
      break;
    }
    case 3: {
      const rows = w.batch * w.depth * w.height;
      convolutionInputGradient(
        w, c.x, c.y, c.result,
        share(rows, 1, part, parts), share(rows, 1, next, parts), scratch,
      );
      break;
    }
    case 4: {
      const rows = w.batch * w.outHeight;
      depthwise(
        w, c.x, c.y, c.result, share(rows, 1, part, parts), share(rows, 1, next, parts),
      );
      break;
    }
    case 5: {
      depthwiseFilterGradient(
        w, c.x, c.y, c.result,
        share(w.outChannels, 4, part, parts), share(w.outChannels, 4, next, parts), scratch,
      );
      break;
    }
    case 6: {
      const rows = w.batch * w.height;
      depthwiseInputGradient(
        w, c.x, c.y, c.result, share(rows, 1, part, parts), share(rows, 1, next, parts),
      );
      break;
    }
    case 7: {
      const r = changetype<Segments>(record);
      segmentSum(
        r.x, r.segments, r.rows, r.width, r.count, r.result,
        share(r.width, 4, part, parts), share(r.width, 4, next, parts), scratch,
      );
      break;
    }
    case 8: {
      const r = changetype<Unary>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      tanh(r.from + offset, r.to + offset, share(r.count, 4, next, parts) - start, scratch);
      break;
    }
    case 9: {
      const r = changetype<Run>(record);
      if (part == 0) sums(r.from, r.count, r.result);
      break;
    }
    case 10: {
      const r = changetype<Grouped>(record);
      if (part == 0) flat(r.from, r.groups, r.units, r.inner, r.low, r.high, scratch, r.result);
      break;
    }
    case 11: {
      const r = changetype<Binary>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      tanhGradient(
        r.first + offset, r.second + offset, r.to + offset,
        share(r.count, 4, next, parts) - start,
      );
      break;
    }
    case 12: {
      const r = changetype<AxisSums>(record);
      const units = axisSumUnits(r.blocks, r.width);
      axisSums(
        r.x, r.rows, r.width, r.result, <f64> r.divisor, r.isWide != 0,
        share(units, 1, part, parts), share(units, 1, next, parts),
      );
      break;
    }
    case 13: {
      const r = changetype<Binary>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      clipGradient(
        r.first + offset, r.second + offset, r.to + offset,
        share(r.count, 4, next, parts) - start, r.low, r.high,
      );
      break;
    }
    case 14: {
      const r = changetype<Rows>(record);
      if (part == 0) copyRows(r.from, r.stride, r.rows, r.run, r.to);
      break;
    }
    case 15: {
      const r = changetype<Gather>(record);
      if (part == 0) gatherRows(r.x, r.indices, r.batch, r.outer, r.size, r.count, r.run, r.to);
      break;
    }
    case 16: {
      maxPoolGradient(
        w, c.x, c.y, c.result,
        share(w.channels, 4, part, parts), share(w.channels, 4, next, parts),
      );
      break;
    }
  }
}
