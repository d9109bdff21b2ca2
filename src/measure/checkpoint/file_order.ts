import type { NonFinite } from "../../engine/native/checkpoint_sweep.ts";
import { countOf } from "../../model/files/file_types.ts";
import type { FileTensor } from "../../model/weights/weights_manifest.ts";
import { matrixOf } from "./plan_sweep.ts";
import type { SweepTensor } from "./sample_tensors.ts";
import type { TensorFigures, UnitAxis } from "./tensor_sweep.ts";

/** Tensor in the order of the file, and a function that restores the order of its figures. */
export interface OrderedSweep extends SweepTensor {
  restore(figures: TensorFigures): TensorFigures;
}

type Permuted = NonNullable<FileTensor["permuted"]>;

/**
 * Returns a tensor whose file has it in another order as it is there, if its figures follow: sums do
 * not depend on the order, and its rows may be columns there. So it is read once, from its first
 * byte to its last. Others are returned as they are.
 */
export function inFileOrder(one: SweepTensor): OrderedSweep {
  const { tensor, units } = one;
  const { permuted, shape } = tensor;
  const side = permuted === undefined ? null : sideOfRows(one, permuted);
  const isOne = units === null || units.axis === "rows" || units.window === 1;
  if (permuted === undefined || side === null || !isOne) {
    return { ...one, restore: (figures) => figures };
  }
  const { file, offset } = permuted;
  const stored = { ...tensor, stored: { file, offset } };
  const restored = (figures: TensorFigures): TensorFigures => ({
    ...figures,
    nonFinite: placeBack(figures.nonFinite, shape, permuted),
  });
  const [rows, width] = matrixIn(one);
  if (side === "outside") {
    return { tensor: stored, units, matrix: [rows, width], restore: restored };
  }
  return {
    tensor: stored,
    units: units === null ? null : otherAxis(units),
    matrix: [width, rows],
    restore: (figures) => ({ ...restored(figures), rows: figures.columns, columns: figures.rows }),
  };
}

const otherAxis = ({ axis }: UnitAxis): UnitAxis =>
  axis === "rows" ? { axis: "columns", window: 1 } : { axis: "rows" };

function matrixIn({ tensor: { shape }, matrix }: SweepTensor): readonly [number, number] {
  return matrix ?? [shape[0], countOf(shape.slice(1))!];
}

/**
 * Returns the side of the file's order on which the axes of a matrix's rows are; `null` if they are
 * on neither, or if lines would not be compared there that are compared row-major.
 */
function sideOfRows(one: SweepTensor, { axes }: Permuted): "outside" | "inside" | null {
  const { shape } = one.tensor;
  const [rows, width] = matrixIn(one);
  const isRow = (axis: number) => countOf(shape.slice(0, axis + 1))! <= rows;
  const long = axes.filter((axis) => shape[axis] > 1);
  const count = long.filter(isRow).length;
  if (long.slice(0, count).every(isRow)) return "outside";
  if (!long.slice(long.length - count).every(isRow)) return null;
  const { compares } = matrixOf([rows, width]);
  const there = matrixOf([width, rows]).compares;
  const isCompared = there.columns >= compares.rows && there.rows >= compares.columns;
  return isCompared ? "inside" : null;
}

/** Returns entries that are not finite with the indices that they have row-major. */
function placeBack(
  found: NonFinite | null,
  shape: readonly number[],
  { axes }: Permuted,
): NonFinite | null {
  if (found === null) return null;
  const rowMajor = (index: number) => {
    if (index < 0) return index;
    const place = shape.map(() => 0);
    let rest = index;
    for (const axis of axes.toReversed()) {
      place[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return place.reduce((at, i, axis) => at * shape[axis] + i, 0);
  };
  return {
    ...found,
    firstNaN: rowMajor(found.firstNaN),
    firstInfinite: rowMajor(found.firstInfinite),
  };
}
