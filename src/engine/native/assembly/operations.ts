import { axisSumUnits, axisSums } from "./axis_sums";
import { columnSquares, columns } from "./columns";
import { convolution } from "./convolution";
import { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from "./depthwise";
import { filterGradient } from "./filter_gradient";
import { gemm, packFlag } from "./gemm";
import { inputGradient } from "./input_gradient";
import { STRIP, turnPlanes } from "./planes";
import { averagePool, averagePoolGradient, maxPool, maxPoolGradient } from "./pooling";
import {
  AxisSums,
  Columns,
  Convolution,
  Gather,
  Grouped,
  MatMul,
  Operation,
  Pieces,
  Planes,
  Recurrent,
  RecurrentGradient,
  RecurrentPanels,
  Rows,
  Run,
  Segments,
  Windows,
} from "./records";
import { packKernel, recurrent, recurrentGradient } from "./recurrent";
import { copyRows, gatherRows, share } from "./runs";
import { segmentSum } from "./segments";
import { exponents, flat, sumPieces } from "./statistics";
import { runSweep } from "./sweeps";
import { HIGH_ROWS, LOW_ROWS, TILE_COLUMNS } from "./tile";
import { runTiled } from "./winograd_convolution";

function matMul(r: MatMul, part: i32, parts: i32, scratch: usize): void {
  const cRow = <usize> r.n << 2;
  const cBatch = <usize> r.m * cRow;
  // A single product is split along the longer side of C, several are distributed. Cuts fall
  // between tiles.
  const together = r.batch == 1;
  const byColumns = together && r.n >= r.m;
  const byRows = together && !byColumns;
  const firstBatch = together ? 0 : share(r.batch, 1, part, parts);
  const endBatch = together ? 1 : share(r.batch, 1, part + 1, parts);
  const firstRow = byRows ? share(r.m, HIGH_ROWS, part, parts) : 0;
  const endRow = byRows ? share(r.m, HIGH_ROWS, part + 1, parts) : r.m;
  const firstColumn = byColumns ? share(r.n, TILE_COLUMNS, part, parts) : 0;
  const endColumn = byColumns ? share(r.n, TILE_COLUMNS, part + 1, parts) : r.n;
  if (firstRow == endRow || firstColumn == endColumn) return;
  const flags = r.flags | packFlag(r.m, r.n, r.k);
  for (let i = firstBatch; i < endBatch; i++) {
    gemm(
      r.a + <usize> i * r.aBatch + <usize> firstRow * r.aRow, r.aRow, r.aColumn,
      r.b + <usize> i * r.bBatch + <usize> firstColumn * r.bColumn, r.bRow, r.bColumn,
      r.c + <usize> i * cBatch + <usize> firstRow * cRow + (<usize> firstColumn << 2), cRow,
      endRow - firstRow, endColumn - firstColumn, r.k,
      r.bias ? r.bias + (<usize> firstColumn << 2) : 0, flags, scratch,
    );
  }
}

/** Computes one part of a convolution or of one of its gradients. */
function convolve(
  operation: i32,
  c: Convolution,
  w: Windows,
  part: i32,
  parts: i32,
  scratch: usize,
): void {
  const next = part + 1;
  if (operation == Operation.convolution) {
    const positions = w.batch * w.outDepth * w.outHeight * w.outWidth;
    convolution(
      w, c.x, c.y, c.result, c.bias, c.flags,
      share(positions, HIGH_ROWS, part, parts), share(positions, HIGH_ROWS, next, parts), scratch,
    );
  } else if (operation == Operation.convolutionFilterGradient) {
    const taps = w.windowDepth * w.windowHeight * w.windowWidth * w.channels;
    filterGradient(
      w, c.x, c.y, c.result,
      share(taps, LOW_ROWS, part, parts), share(taps, LOW_ROWS, next, parts), scratch,
    );
  } else {
    const rows = w.batch * w.depth * w.height;
    inputGradient(
      w, c.x, c.y, c.result, share(rows, 1, part, parts), share(rows, 1, next, parts), scratch,
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
    case Operation.convolution:
    case Operation.convolutionFilterGradient:
    case Operation.convolutionInputGradient: {
      if (!runTiled(operation, c, w, part, parts, scratch)) {
        convolve(operation, c, w, part, parts, scratch);
      }
      break;
    }
    case Operation.matMul: {
      matMul(changetype<MatMul>(record), part, parts, scratch);
      break;
    }
    case Operation.depthwise: {
      const rows = w.batch * w.outHeight;
      depthwise(
        w, c.x, c.y, c.result, share(rows, 1, part, parts), share(rows, 1, next, parts),
      );
      break;
    }
    case Operation.depthwiseFilterGradient: {
      depthwiseFilterGradient(
        w, c.x, c.y, c.result,
        share(w.outChannels, 4, part, parts), share(w.outChannels, 4, next, parts), scratch,
      );
      break;
    }
    case Operation.depthwiseInputGradient: {
      const rows = w.batch * w.height;
      depthwiseInputGradient(
        w, c.x, c.y, c.result, share(rows, 1, part, parts), share(rows, 1, next, parts),
      );
      break;
    }
    case Operation.segmentSum: {
      const r = changetype<Segments>(record);
      segmentSum(
        r.x, r.segments, r.rows, r.width, r.count, r.result,
        share(r.width, 4, part, parts), share(r.width, 4, next, parts), scratch,
      );
      break;
    }
    case Operation.sums: {
      const r = changetype<Pieces>(record);
      const pieces = max(1, (r.count + r.piece - 1) / r.piece);
      sumPieces(r, share(pieces, 1, part, parts), share(pieces, 1, next, parts));
      break;
    }
    case Operation.flat: {
      const r = changetype<Grouped>(record);
      if (part == 0) flat(r.from, r.groups, r.units, r.inner, r.low, r.high, scratch, r.result);
      break;
    }
    case Operation.axisSums: {
      const r = changetype<AxisSums>(record);
      const units = axisSumUnits(r.blocks, r.width);
      axisSums(
        r.x, r.rows, r.width, r.result, <f64> r.divisor, r.isWide != 0,
        share(units, 1, part, parts), share(units, 1, next, parts),
      );
      break;
    }
    case Operation.copyRows: {
      const r = changetype<Rows>(record);
      if (part == 0) copyRows(r.from, r.stride, r.rows, r.run, r.to);
      break;
    }
    case Operation.turnPlanes: {
      const r = changetype<Planes>(record);
      const strips = r.planes * ((r.rows + STRIP - 1) / STRIP);
      turnPlanes(r, share(strips, 1, part, parts), share(strips, 1, next, parts));
      break;
    }
    case Operation.gatherRows: {
      const r = changetype<Gather>(record);
      if (part == 0) gatherRows(r.x, r.indices, r.batch, r.outer, r.size, r.count, r.run, r.to);
      break;
    }
    case Operation.averagePool: {
      const rows = w.batch * w.outHeight;
      averagePool(w, c.x, c.result, share(rows, 1, part, parts), share(rows, 1, next, parts));
      break;
    }
    case Operation.averagePoolGradient: {
      const alone = w.batch == 1;
      averagePoolGradient(
        w, c.x, c.result,
        alone ? 0 : share(w.batch, 1, part, parts), alone ? 1 : share(w.batch, 1, next, parts),
        alone ? share(w.channels, 4, part, parts) : 0,
        alone ? share(w.channels, 4, next, parts) : w.channels,
      );
      break;
    }
    case Operation.maxPoolGradient: {
      // A single image is split by its channels, several are distributed.
      const alone = w.batch == 1;
      maxPoolGradient(
        w, c.x, c.y, c.result,
        alone ? 0 : share(w.batch, 1, part, parts), alone ? 1 : share(w.batch, 1, next, parts),
        alone ? share(w.channels, 4, part, parts) : 0,
        alone ? share(w.channels, 4, next, parts) : w.channels,
      );
      break;
    }
    case Operation.columnSquares: {
      const r = changetype<Columns>(record);
      if (part == 0) columnSquares(r.x, r.row, r.rows, r.width, r.result);
      break;
    }
    case Operation.columns: {
      const r = changetype<Columns>(record);
      if (part == 0) columns(r.x, r.row, r.rows, r.width, scratch);
      break;
    }
    case Operation.maxPool: {
      const rows = w.batch * w.outHeight;
      maxPool(w, c.x, c.result, share(rows, 1, part, parts), share(rows, 1, next, parts));
      break;
    }
    case Operation.packKernel: {
      if (part == 0) packKernel(changetype<RecurrentPanels>(record));
      break;
    }
    case Operation.recurrent: {
      const r = changetype<Recurrent>(record);
      recurrent(
        r, share(r.batch, LOW_ROWS, part, parts), share(r.batch, LOW_ROWS, next, parts), scratch,
      );
      break;
    }
    case Operation.recurrentGradient: {
      const r = changetype<RecurrentGradient>(record);
      recurrentGradient(
        r, share(r.batch, LOW_ROWS, part, parts), share(r.batch, LOW_ROWS, next, parts), scratch,
      );
      break;
    }
    case Operation.exponents: {
      const r = changetype<Run>(record);
      if (part == 0) exponents(r.from, r.count, scratch);
      break;
    }
    default: {
      runSweep(operation, record, part, parts, scratch);
    }
  }
}
