import { NativeSequences } from "./native_sequences.ts";
import { type Arguments, GATES, type SelfGate } from "./operations.ts";

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
