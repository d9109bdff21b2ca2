import { CheckpointSweep } from "../../engine/native/checkpoint_sweep.ts";
import { readInto } from "../../model/files/byte_source.ts";
import type { FileTensor } from "../../model/weights/weights_manifest.ts";
import { CODE_FORMATS, divideParts, dividePieces, type Pieces } from "./plan_sweep.ts";
import { type ReadBytes, sweepPart } from "./sweep_part.ts";
import { type TensorFigures, TensorSweep, type UnitAxis } from "./tensor_sweep.ts";

/** Tensor to sweep, with the position of its units. */
export interface SweepTensor {
  tensor: Pick<FileTensor, "shape" | "type" | "read" | "stored">;
  units: UnitAxis | null;
  /** Number of rows and columns in which it is swept. Default: the first axis, and all others. */
  matrix?: readonly [rows: number, width: number];
}

/** Returns true if the entries are read from the file in pieces, as they are stored. */
export const isStored = ({ stored, type }: SweepTensor["tensor"]): boolean =>
  stored !== undefined && CODE_FORMATS[type] !== undefined;

/** Returns the division of a tensor, which is read as float32 unless it is stored as it is. */
export function piecesOf({ tensor, matrix }: SweepTensor): Pieces {
  return dividePieces(matrix ?? tensor.shape, isStored(tensor) ? tensor.type : "float32");
}

/**
 * Sweeps tensors in this thread. Of a tensor that is stored in a file as it is, only a piece is in
 * memory at a time.
 */
export function sweepTensors(tensors: readonly SweepTensor[]): TensorFigures[] {
  const sweep = new CheckpointSweep();
  return tensors.map((one) => {
    const pieces = piecesOf(one);
    const read = readerOf(one.tensor);
    const figures = (pieces: Pieces) => {
      const sum = new TensorSweep(pieces);
      for (const part of divideParts([pieces])) sum.add(sweepPart(sweep, part, { pieces, read }));
      return sum.finish(sweep, one.units);
    };
    return figures(pieces) ?? figures({ ...pieces, isWhole: true })!;
  });
}

/** Returns a reader of a tensor: of the file's bytes, or of the entries that `read()` returns. */
export function readerOf(tensor: SweepTensor["tensor"]): ReadBytes {
  if (isStored(tensor)) {
    const { file, offset } = tensor.stored!;
    return (from, to) => readInto(file, offset + from, to);
  }
  const entries = tensor.read();
  const bytes = new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength);
  return (from, to) => to.set(bytes.subarray(from, from + to.length));
}
