import { NativeNormalizations } from "./native_normalizations.ts";
import { type Arguments, cellNumbers, gatesOf, type RecurrentCell } from "./operations.ts";

interface SequenceSize {
  batch: number;
  steps: number;
  units: number;
}

/** Fields of a record that describe a cell. */
type CellField = keyof ReturnType<typeof cellNumbers>;

/** Operations over the steps of a sequence. */
export class NativeSequences extends NativeNormalizations {
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
