import { NativeNormalizations } from "./native_normalizations.ts";
import type { Arguments } from "./operations.ts";
import { cellNumbers, gatesOf, type RecurrentCell } from "./recurrent_cell.ts";

/** Sizes of a sequence. */
interface SequenceSize {
  batch: number;
  steps: number;
  units: number;
}

/** The fields of a record that say what a cell is. */
type CellField = keyof ReturnType<typeof cellNumbers>;

/** The operations over the steps of a sequence. */
export class NativeSequences extends NativeNormalizations {
  /**
   * A recurrent layer over a sequence, from x W + b on; see `assembly/recurrent.ts`.
   *
   * @param cell What it computes in a step.
   * @param size Examples, steps, and units of the state.
   * @param addresses Where its arrays are.
   */
  recurrent(
    cell: RecurrentCell,
    size: SequenceSize,
    addresses: Omit<Arguments<"recurrent">, keyof SequenceSize | CellField>,
  ): void {
    this.run("recurrent", { ...cellNumbers(cell), ...size, ...addresses }, this.#needs(cell, size));
  }

  /** The way back through it, from dJ/dh on to dJ/dz. */
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

  /** Floats that {@linkcode packKernel} writes. */
  panelsOf(cell: RecurrentCell, units: number, isBack: boolean): number {
    return this.recurrentPanelBytesOf(cellNumbers(cell).cell, units, isBack) / 4;
  }

  /** Packs the recurrent kernel once for all steps of a sequence, or for all of its way back. */
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
