import type { TrainingPass } from "./training_pass.ts";
import type { LayerSignals, TrainingStep } from "./training_step.ts";

/** Facts about a training that hold for all of its steps. */
export interface TrainingSetup {
  /** Class name of the optimizer, as TensorFlow.js or Keras writes it. */
  optimizer?: string;
  /** Learning rate, if the rows do not have it. */
  learningRate?: number | null;
  /** Loss of the best constant answer, which uses no input. */
  constantLoss?: number | null;
}

/** Signals that are one number a step. */
type SignalName = {
  [Key in keyof TrainingStep]-?: TrainingStep[Key] extends number | null | undefined ? Key : never;
}[keyof TrainingStep];

/** Value of a signal at a step. */
export interface Point {
  step: number;
  value: number;
}

/** Number of a signal's first and latest values that rules read: a log may have a million rows. */
const FIRST_KEPT = 256, LATEST_KEPT = 1024;

/** Number of first rows that show whether a log has one for each epoch. */
const EPOCHS_LOOKED_AT = 8;

/** Returns true if each row is an epoch. */
export function areEpochs(rows: readonly TrainingStep[]): boolean {
  const epochs = rows.slice(0, EPOCHS_LOOKED_AT).map(({ epoch }) => epoch ?? NaN);
  return epochs.length > 1 && epochs.every((epoch, i) => i === 0 || epoch === epochs[i - 1] + 1);
}

/** Rows of a training so far, and the columns that rules read. Rules keep no state of their own. */
export class TrainingLog {
  /** Rows, oldest first. */
  readonly rows: TrainingStep[] = [];
  readonly setup: TrainingSetup;
  /** Full pass after the latest step; `null` if there was none. */
  pass: TrainingPass | null = null;
  readonly #columns = new Map<SignalName, Point[]>();
  /** Values of the first steps, once later ones are known. */
  readonly #first = new Map<string, Point[]>();
  readonly #least = new Map<SignalName, Point>();
  readonly #layers = new Map<string, (LayerSignals & { step: number })[]>();

  /** Begins before the first step. */
  constructor(setup: TrainingSetup = {}) {
    this.setup = setup;
  }

  /** Adds the row of a step. */
  add(row: TrainingStep): void {
    this.rows.push(row);
    this.pass = null;
    for (const [name, value] of Object.entries(row)) {
      if (typeof value === "number") this.#note(name as SignalName, { step: row.step, value });
    }
    for (const layer of row.layers ?? []) {
      const point = { ...layer, step: row.step };
      const known = this.#layers.get(layer.layer);
      if (known === undefined) this.#layers.set(layer.layer, [point]);
      else known.push(point);
    }
  }

  /** Latest row. */
  get row(): TrainingStep {
    return this.rows[this.rows.length - 1];
  }

  /** Latest step. */
  get step(): number {
    return this.row.step;
  }

  /** Number of steps since the log began: a training may be continued from another one. */
  get age(): number {
    return this.step - this.#origin;
  }

  /** True if each row so far is an epoch, and so a mean over many steps. */
  get isByEpoch(): boolean {
    return areEpochs(this.rows);
  }

  get #origin(): number {
    const first = this.rows[0].step;
    return first === 0 ? 0 : first - 1;
  }

  /**
   * Returns the measured values of a signal, oldest first, including those that are not finite. Of a
   * long log, those between the first 256 and the latest 1,024 are missing.
   */
  column(name: SignalName): readonly Point[] {
    return this.#columns.get(name) ?? [];
  }

  /** Returns the value of the latest row; `null` if it was not measured. */
  now(name: SignalName): number | null {
    return this.row[name] ?? null;
  }

  /** Returns the latest values, oldest first: at most `count`. */
  last(name: SignalName, count: number): Point[] {
    return this.column(name).slice(-count);
  }

  /** Returns the values of the first steps of the log. */
  until(name: SignalName, count: number): readonly Point[] {
    const key = `${name} ${count}`;
    const known = this.#first.get(key);
    if (known !== undefined) return known;
    const points = this.column(name);
    const end = points.findIndex((point) => point.step > this.#origin + count);
    if (end === -1) return points.slice();
    const first = points.slice(0, end);
    this.#first.set(key, first);
    return first;
  }

  /** Loss of the best constant answer; NaN if it is unknown or not positive, so that no ratio to it means much. */
  get constantLoss(): number {
    const { constantLoss } = this.setup;
    return typeof constantLoss === "number" && constantLoss > 0 ? constantLoss : NaN;
  }

  /**
   * Loss of a network that has learned nothing: that before training, or that of the best constant
   * answer if it is known and smaller. NaN if there is no loss before training.
   */
  get unlearned(): number {
    const held = this.column("validationLoss")[0];
    const first = Math.max(this.column("loss")[0]?.value ?? NaN, held?.step === 0 ? held.value : 0);
    return this.constantLoss < first ? this.constantLoss : first;
  }

  /** Returns the latest values up to a step, oldest first: at most `count`. */
  before(name: SignalName, step: number, count: number): Point[] {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.rows[middle].step <= step) low = middle + 1;
      else high = middle;
    }
    const points: Point[] = [];
    for (let place = low - 1; place >= 0 && points.length < count; place--) {
      const value = this.rows[place][name];
      if (typeof value === "number") points.push({ step: this.rows[place].step, value });
    }
    return points.reverse();
  }

  /** Returns the smallest finite value so far. */
  least(name: SignalName): Point | null {
    return this.#least.get(name) ?? null;
  }

  /** Signals of each layer by name, oldest first. */
  get layers(): ReadonlyMap<string, readonly (LayerSignals & { step: number })[]> {
    return this.#layers;
  }

  /** Learning rate of the latest step that has one; `null` if it is unknown. */
  get learningRate(): number | null {
    return this.column("learningRate").at(-1)?.value ?? this.setup.learningRate ?? null;
  }

  #note(name: SignalName, point: Point): void {
    const column = this.#columns.get(name);
    if (column === undefined) this.#columns.set(name, [point]);
    else if (column.push(point) > 2 * (FIRST_KEPT + LATEST_KEPT)) {
      column.splice(FIRST_KEPT, column.length - FIRST_KEPT - LATEST_KEPT);
    }
    const least = this.#least.get(name);
    if (!Number.isFinite(point.value)) return;
    if (least === undefined || point.value < least.value) this.#least.set(name, point);
  }
}

/** Returns the mean of values; NaN without any. */
export function meanOf(points: readonly Point[]): number {
  return points.reduce((sum, { value }) => sum + value, 0) / points.length;
}

/** Returns the mean and the standard deviation of values. */
export function spreadOf(points: readonly Point[]): { mean: number; sigma: number } {
  const mean = meanOf(points);
  const squares = points.reduce((sum, { value }) => sum + (value - mean) ** 2, 0);
  return { mean, sigma: Math.sqrt(squares / points.length) };
}
