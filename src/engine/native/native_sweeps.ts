import { NativeStatistics } from "./native_statistics.ts";
import {
  type Arguments,
  cellNumbers,
  GATES,
  gatesOf,
  type RecurrentCell,
  type SelfGate,
} from "./operations.ts";

/** Addresses of the tensors of a normalisation, and its sizes. */
interface Normalization {
  x: number;
  /** Address of the result. */
  to: number;
  /** Floats for each normalised column or row. */
  mean: number;
  variance: number;
  /** Amount by which each mean was rounded up; 0 if means are given. */
  lack: number;
  /** Floats for each column. */
  scale: number;
  rows: number;
  width: number;
  epsilon: number;
}

/** Further arguments of the gradient. */
interface NormalizationGradient extends Normalization {
  dy: number;
  /** Output addresses of the gradients of scale and offset. */
  dScale: number;
  dOffset: number;
  /** Memory for `partialsOf` float64. */
  partials: number;
}

/** Arguments that are unused by the forward or the backward pass. */
const NONE = { dy: 0, dScale: 0, dOffset: 0, offset: 0, partials: 0, isBatch: 0 };

/** Largest number of rows normalised in float64, as in `assembly/few_entries.ts`. */
const FEW = 16;

/** Normalisation of [rows, width] floats; mean and variance are float64 before they are rounded. */
class NativeNormalizations extends NativeStatistics {
  /**
   * Computes (x - mean) / sqrt(variance + epsilon) * scale + offset by columns. With `partials`,
   * memory for `partialsOf` float64, it computes and writes the columns' mean and variance, and
   * `lack`; otherwise they are given.
   */
  normalizeColumns(n: Normalization & { offset: number; partials?: number }): void {
    const given = { ...NONE, ...n };
    const work = 4 * n.rows * n.width;
    if (given.partials && n.rows <= FEW) return this.run("normalizeFewRows", given, { work });
    if (given.partials) this.run("columnSums", given, { work });
    this.run("normalizeColumns", given, { work, scratch: 12 * n.width });
  }

  /**
   * Computes the gradient of `normalizeColumns`. `isBatch`: true if mean and variance are those of
   * the columns.
   */
  normalizeColumnsGradient(n: NormalizationGradient & { isBatch: boolean }): void {
    const given = { ...NONE, ...n, isBatch: n.isBatch ? 1 : 0 };
    const work = 4 * n.rows * n.width;
    if (n.isBatch && n.rows <= FEW) {
      return this.run("normalizeFewRowsGradient", given, { work });
    }
    this.run("columnSums", given, { work });
    this.run("normalizeColumnsGradient", given, { work, scratch: 12 * n.width });
  }

  /**
   * Normalises by rows. Each row has its own mean and variance, which are written; scale and offset
   * are as above.
   */
  normalizeRows(n: Normalization & { offset: number }): void {
    this.run("normalizeRows", { ...NONE, ...n }, { work: 8 * n.rows * n.width });
  }

  /** Computes the gradient of `normalizeRows`. */
  normalizeRowsGradient(n: NormalizationGradient): void {
    const given = { ...NONE, ...n };
    const scratch = 12 * this.rowsOfBlock(n.width);
    this.run("normalizeRowsGradient", given, { work: 8 * n.rows * n.width, scratch });
    this.run("sumRowBlocks", given);
  }
}

interface SequenceSize {
  batch: number;
  steps: number;
  units: number;
}

/** Fields of a record that describe a cell. */
type CellField = keyof ReturnType<typeof cellNumbers>;

/** Operations over the steps of a sequence. */
class NativeSequences extends NativeNormalizations {
  /**
   * Computes a recurrent layer over a sequence, starting from x W + b; see `assembly/recurrent.ts`.
   *
   * @param size Number of examples, steps, and units of the state.
   */
  recurrent(
    cell: RecurrentCell,
    size: SequenceSize,
    addresses: Omit<Arguments<"recurrent">, keyof SequenceSize | CellField>,
  ): void {
    this.run("recurrent", { ...cellNumbers(cell), ...size, ...addresses }, this.#needs(cell, size));
  }

  /** Computes its backward pass, from dJ/dh to dJ/dz. */
  recurrentGradient(
    cell: RecurrentCell,
    size: SequenceSize,
    addresses: Omit<Arguments<"recurrentGradient">, keyof SequenceSize | CellField>,
  ): void {
    this.run(
      "recurrentGradient",
      { ...cellNumbers(cell), ...size, ...addresses },
      this.#needs(cell, size),
    );
  }

  /** Returns the number of floats that {@linkcode packKernel} writes. */
  panelsOf(cell: RecurrentCell, given: { units: number; isBack: boolean }): number {
    return this.recurrentPanelBytesOf({ ...given, cell: cellNumbers(cell).cell }) / 4;
  }

  /** Packs the recurrent kernel once for all steps of a sequence, or of its backward pass. */
  packKernel(
    cell: RecurrentCell,
    given: { units: number; isBack: boolean; kernel: number; panels: number },
  ): void {
    const { cell: kind } = cellNumbers(cell);
    this.run("packKernel", { ...given, cell: kind, isBack: given.isBack ? 1 : 0 });
  }

  #needs(cell: RecurrentCell, { batch, steps, units }: SequenceSize) {
    return {
      work: batch * steps * units * units * gatesOf(cell),
      scratch: this.recurrentScratchOf(),
    };
  }
}

/** Parameters of a step of Adam. */
export interface AdamRates {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Learning rate, corrected for the bias of the first moment. */
  rate: number;
  /** Factor of the root of the second moment that corrects its bias. */
  scale: number;
}

/** Operations that sweep over entries, or over rows of them. */
export class NativeSweeps extends NativeSequences {
  /** Computes tanh of `count` floats. */
  tanh(x: number, result: number, count: number): void {
    this.run("tanh", { from: x, to: result, count }, { work: count * 8, scratch: 64 });
  }

  /** Computes dy (1 - y^2) of `count` floats. */
  tanhGradient(y: number, dy: number, result: number, count: number): void {
    this.#binary("tanhGradient", { first: y, second: dy, to: result, count });
  }

  /** Computes x times a gate of itself, of `count` floats. */
  selfGate(gate: SelfGate, x: number, result: number, count: number): void {
    this.#selfGate("selfGate", gate, { x, dy: 0, to: result, count });
  }

  /** Computes dy times the derivative of that. */
  selfGateGradient(gate: SelfGate, given: Omit<Arguments<"selfGate">, "gate">): void {
    this.#selfGate("selfGateGradient", gate, given);
  }

  #selfGate(
    name: "selfGate" | "selfGateGradient",
    gate: SelfGate,
    given: Omit<Arguments<"selfGate">, "gate">,
  ): void {
    this.run(name, { gate: GATES.indexOf(gate), ...given }, {
      work: given.count * 16,
      scratch: 128,
    });
  }

  /** Computes x, or 0 if x is below; of `count` floats. */
  relu(x: number, result: number, count: number): void {
    this.run("relu", { from: x, to: result, count }, { work: count });
  }

  /** Computes dy where x > 0, dy times 0 elsewhere, NaN where x is NaN; of `count` floats. */
  reluGradient(x: number, dy: number, result: number, count: number): void {
    this.#binary("reluGradient", { first: x, second: dy, to: result, count });
  }

  /** Adds `count` floats to others. */
  add(a: number, b: number, result: number, count: number): void {
    this.#binary("add", { first: a, second: b, to: result, count });
  }

  /** Adds a row of `width` floats to each of `rows` at x. */
  addRow(x: number, row: number, result: number, { rows, width }: RowsSize): void {
    this.run("addRow", { x, row, to: result, rows, width }, { work: rows * width * 2 });
  }

  /** Computes the softmax of each of `rows` rows of `width` floats. */
  softmax(x: number, result: number, { rows, width }: RowsSize): void {
    this.run(
      "softmax",
      { x, dy: 0, to: result, rows, width },
      { work: rows * width * 8, scratch: 80 },
    );
  }

  softmaxGradient(y: number, dy: number, result: number, { rows, width }: RowsSize): void {
    this.run("softmaxGradient", { x: y, dy, to: result, rows, width }, { work: rows * width * 4 });
  }

  /** Computes dy where `low` <= x <= `high`, NaN where x is NaN, otherwise 0; of `count` floats. */
  clipGradient(
    x: number,
    dy: number,
    result: number,
    { count, low, high }: { count: number; low: number; high: number },
  ): void {
    this.#binary("clipGradient", { first: x, second: dy, to: result, count, low, high });
  }

  /**
   * Runs a step of Adam on `count` weights, computed in float64. Both moments are updated in place:
   * nothing else may read them.
   *
   * @param addresses Addresses of the weights, their gradient, the moments, and the new weights.
   * @param rates Rates; `rate` and `scale` include the bias corrections of the moments.
   */
  adam(
    addresses: Omit<Arguments<"adam">, "count" | "rates">,
    count: number,
    { beta1, beta2, epsilon, rate, scale }: AdamRates,
  ): void {
    const rates = this.resultAddress;
    new Float64Array(this.memory.buffer, rates, 5).set([beta1, beta2, epsilon, rate, scale]);
    this.run("adam", { ...addresses, count, rates }, { work: 16 * count });
  }

  /** Runs an operation on pairs of entries. */
  #binary(
    name: "add" | "clipGradient" | "reluGradient" | "tanhGradient",
    { first, second, to, count, low = 0, high = 0 }: BinaryArguments,
  ): void {
    this.run(name, { first, second, to, count, low, high }, { work: count * 2 });
  }
}

/** Number of rows, and of floats in each. */
interface RowsSize {
  rows: number;
  width: number;
}

/** Arguments of an operation on pairs; `low` and `high` only of `clipGradient`. */
type BinaryArguments =
  & Omit<Arguments<"clipGradient">, "low" | "high">
  & Partial<Pick<Arguments<"clipGradient">, "low" | "high">>;
