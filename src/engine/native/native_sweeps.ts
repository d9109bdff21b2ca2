import { NativeSequences } from "./native_sequences.ts";
import type { Arguments } from "./operations.ts";
import { GATES, type SelfGate } from "./self_gate.ts";

/** What a step of Adam is told. */
export interface AdamRates {
  beta1: number;
  beta2: number;
  epsilon: number;
  /** The learning rate, corrected for the bias of the first moment. */
  rate: number;
  /** What the root of the second moment is multiplied by to correct its bias. */
  scale: number;
}

/** The operations that sweep over entries, or over rows of them. */
export class NativeSweeps extends NativeSequences {
  /** tanh of `count` floats. */
  tanh(x: number, result: number, count: number): void {
    this.run("tanh", { from: x, to: result, count }, { work: count * 8, scratch: 64 });
  }

  /** dy (1 - y^2) of `count` floats. */
  tanhGradient(y: number, dy: number, result: number, count: number): void {
    this.#binary("tanhGradient", y, dy, result, count);
  }

  /** x times a gate of itself, of `count` floats. */
  selfGate(gate: SelfGate, x: number, result: number, count: number): void {
    this.#selfGate("selfGate", gate, { x, dy: 0, to: result, count });
  }

  /** dy times the derivative of that. */
  selfGateGradient(gate: SelfGate, x: number, dy: number, result: number, count: number): void {
    this.#selfGate("selfGateGradient", gate, { x, dy, to: result, count });
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

  /** x, and 0 where it is below; of `count` floats. */
  relu(x: number, result: number, count: number): void {
    this.run("relu", { from: x, to: result, count }, { work: count });
  }

  /** dy where x > 0, dy times 0 elsewhere, NaN where x is NaN; of `count` floats. */
  reluGradient(x: number, dy: number, result: number, count: number): void {
    this.#binary("reluGradient", x, dy, result, count);
  }

  /** The sums of `count` floats and others. */
  add(a: number, b: number, result: number, count: number): void {
    this.#binary("add", a, b, result, count);
  }

  /** Adds a row of `width` floats to each of `rows` at x. */
  addRow(x: number, row: number, result: number, rows: number, width: number): void {
    this.run("addRow", { x, row, to: result, rows, width }, { work: rows * width * 2 });
  }

  /** Softmax of each of `rows` rows of `width` floats. */
  softmax(x: number, result: number, rows: number, width: number): void {
    this.run(
      "softmax",
      { x, dy: 0, to: result, rows, width },
      { work: rows * width * 8, scratch: 80 },
    );
  }

  /** The gradient of softmax, by its result y. */
  softmaxGradient(y: number, dy: number, result: number, rows: number, width: number): void {
    this.run(
      "softmaxGradient",
      { x: y, dy, to: result, rows, width },
      { work: rows * width * 4 },
    );
  }

  /** dy where `low` <= x <= `high`, NaN where x is NaN, else 0; of `count` floats. */
  clipGradient(
    x: number,
    dy: number,
    result: number,
    count: number,
    bounds: { low: number; high: number },
  ): void {
    this.#binary("clipGradient", x, dy, result, count, bounds);
  }

  /**
   * A step of Adam on `count` weights, computed in float64. Both moments are moved in place: nothing else may read
   * them.
   *
   * @param addresses Where the weights are, their gradient, the moments, and what becomes of the weights.
   * @param rates `rate` and `scale` with the corrections for the bias of the moments in them.
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

  /** An operation of two entries each. */
  #binary(
    name: "add" | "clipGradient" | "reluGradient" | "tanhGradient",
    first: number,
    second: number,
    to: number,
    count: number,
    { low, high } = { low: 0, high: 0 },
  ): void {
    this.run(name, { first, second, to, count, low, high }, { work: count * 2 });
  }
}
