import { fillTable, selfGate, selfGateGradient, tanhRun } from "./activations";
import { adam } from "./adam";
import { blocksOf, columnSums } from "./columns";
import { addRow, clipGradient, relu, reluGradient, tanhGradient } from "./elementwise";
import {
  normalizeColumns,
  normalizeColumnsGradient,
  normalizeFewRows,
  normalizeFewRowsGradient,
} from "./normalize_columns";
import { normalizeRows, normalizeRowsGradient, sumRowBlocks } from "./normalize_rows";
import { Adam, Binary, Normalize, Operation, SelfGate, Softmax, Sum, Unary } from "./records";
import { share } from "./runs";
import { softmax, softmaxGradient } from "./softmax";

/** Entries per run of `tanhRun`: its powers and results both stay in the L1 cache. */
const RUN: i32 = 1024;

/** Runs the operations that sweep over entries, or over rows of them. */
export function runSweep(
  operation: i32,
  record: usize,
  part: i32,
  parts: i32,
  scratch: usize,
): void {
  const next = part + 1;
  switch (operation) {
    case Operation.tanh: {
      const r = changetype<Unary>(record);
      const end = share(r.count, 4, next, parts);
      fillTable(scratch);
      for (let at = share(r.count, 4, part, parts); at < end; at += RUN) {
        const offset = <usize> at << 2;
        tanhRun(r.from + offset, r.to + offset, min(RUN, end - at), scratch);
      }
      break;
    }
    case Operation.tanhGradient: {
      const r = changetype<Binary>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      tanhGradient(
        r.first + offset, r.second + offset, r.to + offset,
        share(r.count, 4, next, parts) - start,
      );
      break;
    }
    case Operation.selfGate: {
      const r = changetype<SelfGate>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      const count = share(r.count, 4, next, parts) - start;
      selfGate(r.gate, r.x + offset, r.to + offset, count, scratch);
      break;
    }
    case Operation.selfGateGradient: {
      const r = changetype<SelfGate>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      const count = share(r.count, 4, next, parts) - start;
      selfGateGradient(r.gate, r.x + offset, r.dy + offset, r.to + offset, count, scratch);
      break;
    }
    case Operation.clipGradient: {
      const r = changetype<Binary>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      clipGradient(
        r.first + offset, r.second + offset, r.to + offset,
        share(r.count, 4, next, parts) - start, r.low, r.high,
      );
      break;
    }
    case Operation.softmax: {
      const r = changetype<Softmax>(record);
      const start = share(r.rows, 1, part, parts);
      const offset = <usize> (start * r.width) << 2;
      softmax(r.x + offset, r.to + offset, share(r.rows, 1, next, parts) - start, r.width, scratch);
      break;
    }
    case Operation.softmaxGradient: {
      const r = changetype<Softmax>(record);
      const start = share(r.rows, 1, part, parts);
      const offset = <usize> (start * r.width) << 2;
      softmaxGradient(
        r.x + offset, r.dy + offset, r.to + offset, share(r.rows, 1, next, parts) - start, r.width,
      );
      break;
    }
    case Operation.relu: {
      const r = changetype<Unary>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      relu(r.from + offset, r.to + offset, share(r.count, 4, next, parts) - start);
      break;
    }
    case Operation.reluGradient: {
      const r = changetype<Binary>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      reluGradient(
        r.first + offset, r.second + offset, r.to + offset,
        share(r.count, 4, next, parts) - start,
      );
      break;
    }
    case Operation.add: {
      const r = changetype<Binary>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      const count = share(r.count, 4, next, parts) - start;
      addRow(r.first + offset, r.second + offset, r.to + offset, 1, count);
      break;
    }
    case Operation.addRow: {
      const r = changetype<Sum>(record);
      const start = share(r.rows, 1, part, parts);
      const offset = <usize> (start * r.width) << 2;
      addRow(r.x + offset, r.row, r.to + offset, share(r.rows, 1, next, parts) - start, r.width);
      break;
    }
    case Operation.adam: {
      const r = changetype<Adam>(record);
      const start = share(r.count, 4, part, parts);
      const offset = <usize> start << 2;
      adam(
        r.weights + offset, r.slopes + offset, r.first + offset, r.second + offset, r.to + offset,
        share(r.count, 4, next, parts) - start, r.rates,
      );
      break;
    }
    case Operation.columnSums: {
      const n = changetype<Normalize>(record);
      const blocks = blocksOf(n.rows, n.width);
      columnSums(n, share(blocks, 1, part, parts), share(blocks, 1, next, parts));
      break;
    }
    case Operation.normalizeFewRows: {
      const n = changetype<Normalize>(record);
      normalizeFewRows(n, share(n.width, 4, part, parts), share(n.width, 4, next, parts));
      break;
    }
    case Operation.normalizeFewRowsGradient: {
      const n = changetype<Normalize>(record);
      normalizeFewRowsGradient(n, share(n.width, 4, part, parts), share(n.width, 4, next, parts));
      break;
    }
    case Operation.normalizeColumns: {
      const n = changetype<Normalize>(record);
      normalizeColumns(
        n, share(n.rows, 1, part, parts), share(n.rows, 1, next, parts), part == 0, scratch,
      );
      break;
    }
    case Operation.normalizeColumnsGradient: {
      const n = changetype<Normalize>(record);
      normalizeColumnsGradient(
        n, share(n.rows, 1, part, parts), share(n.rows, 1, next, parts), part == 0, scratch,
      );
      break;
    }
    case Operation.normalizeRows: {
      const n = changetype<Normalize>(record);
      normalizeRows(n, share(n.rows, 1, part, parts), share(n.rows, 1, next, parts));
      break;
    }
    case Operation.normalizeRowsGradient: {
      const n = changetype<Normalize>(record);
      const blocks = blocksOf(n.rows, n.width);
      normalizeRowsGradient(
        n, share(blocks, 1, part, parts), share(blocks, 1, next, parts), scratch,
      );
      break;
    }
    case Operation.sumRowBlocks: {
      const n = changetype<Normalize>(record);
      sumRowBlocks(n, share(n.width, 4, part, parts), share(n.width, 4, next, parts));
      break;
    }
  }
}
