import { heapView } from "../engine/heap_view.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { LayerRecord } from "./layer_record.ts";

/** The entries of one call of a layer, by where they stand in an example. */
interface Columns {
  seen: number;
  means: Float64Array;
  /** Squared deviations from the means, over all columns. */
  deviations: number;
}

/** What of a record does not simply add up over the parts of a batch. */
interface Gathered {
  /** In the order of the calls of a part. */
  calls: Columns[];
  /** How many calls the part that is run has shown so far. */
  shown: number;
  /** Whether a call had no axis of examples, or an entry that is not finite. */
  unknown: boolean;
  /** The shape of z (or a) over all parts so far. */
  shape: number[] | null;
  /** The first entries of the outputs. */
  first: Float32Array;
}

/**
 * Puts together what a pass sees of a batch that it takes in parts. Sums and counts add up in the records; deviations
 * between examples, numbers of calls and shapes are kept here.
 */
export class AcrossParts {
  readonly #tf: TensorFlow;
  readonly #examples: number;
  readonly #gathered = new Map<LayerRecord, Gathered>();
  #part = 0;
  #from = 0;

  /**
   * @param tf The engine's TensorFlow.js.
   * @param examples How many examples the whole batch has.
   */
  constructor(tf: TensorFlow, examples: number) {
    this.#tf = tf;
    this.#examples = examples;
  }

  /** A part begins. */
  begin(records: readonly LayerRecord[], examples: number): void {
    this.#from += this.#part;
    this.#part = examples;
    for (const record of records) {
      record.calls = 0;
      record.shape = null;
      this.#of(record).shown = 0;
    }
  }

  /** How many examples the parts before had. */
  get from(): number {
    return this.#from;
  }

  /** Where so many rows of the part lie among those of the whole batch. */
  placeOf(rows: number): { first: number; total: number } {
    const each = rows / this.#part;
    return { first: each * this.#from, total: each * this.#examples };
  }

  /** A part has ended. */
  end(records: readonly LayerRecord[]): void {
    for (const record of records) {
      const gathered = this.#of(record);
      gathered.shape = this.#joined(gathered.shape, record.shape);
      record.shape = gathered.shape;
      record.deviations = gathered.unknown
        ? NaN
        : gathered.calls.reduce((sum, { deviations }) => sum + deviations, 0);
    }
  }

  /** Takes what a call puts out of the part, with the sums over it. */
  see(record: LayerRecord, tensor: Tensor, sums: Sums): void {
    const gathered = this.#of(record);
    if (tensor.shape[0] !== this.#part || sums.finite < sums.count) {
      gathered.unknown = true;
      return;
    }
    const width = tensor.size / this.#part;
    const columns = gathered.calls[gathered.shown++] ??= {
      seen: 0,
      means: new Float64Array(width),
      deviations: 0,
    };
    if (columns.means.length !== width) gathered.unknown = true;
    else addExamples(columns, heapView(this.#tf, tensor));
  }

  /** The first entries of what a layer puts out over all parts so far: at most so many. */
  firstEntries(record: LayerRecord, values: ArrayLike<number>, most: number): Float32Array {
    const gathered = this.#of(record);
    const { first } = gathered;
    const more = Math.min(most - first.length, values.length);
    if (more <= 0) return first;
    const all = new Float32Array(first.length + more);
    all.set(first);
    for (let i = 0; i < more; i++) all[first.length + i] = values[i];
    return gathered.first = all;
  }

  #of(record: LayerRecord): Gathered {
    let gathered = this.#gathered.get(record);
    if (gathered === undefined) {
      gathered = { calls: [], shown: 0, unknown: false, shape: null, first: new Float32Array() };
      this.#gathered.set(record, gathered);
    }
    return gathered;
  }

  /** A shape with the first axis of the whole batch, where that is one of examples. */
  #joined(before: number[] | null, shape: number[] | null): number[] | null {
    if (shape === null) return before;
    const [first, ...rest] = shape;
    const each = first / this.#part;
    return Number.isInteger(each) ? [each * this.#examples, ...rest] : shape;
  }
}

/**
 * Adds examples to columns, one after the other (Welford 1962): the figures do not depend on how the batch was cut,
 * and a mean that is large beside the deviation costs no digits.
 */
function addExamples(columns: Columns, values: ArrayLike<number>): void {
  const { means } = columns;
  const width = means.length;
  for (let start = 0; start < values.length; start += width) {
    const share = 1 / ++columns.seen;
    let sum = 0;
    for (let column = 0; column < width; column++) {
      const step = values[start + column] - means[column];
      const mean = means[column] + step * share;
      means[column] = mean;
      sum += step * (values[start + column] - mean);
    }
    columns.deviations += sum;
  }
}

/** A part of a batch. */
export interface Part {
  /** Its first example. */
  from: number;
  /** Cuts its inputs off the batch; the caller disposes of them. All parts together would be the batch once more. */
  slice(): Tensor[];
}

/** Divides a batch into parts of `size` examples; the last one may have fewer. */
export function partsOf(tf: TensorFlow, inputs: readonly Tensor[], size: number): Part[] {
  const [examples] = inputs[0].shape;
  return Array.from({ length: Math.ceil(examples / size) }, (_, part) => {
    const from = part * size, count = Math.min(size, examples - from);
    return {
      from,
      slice: () => tf.tidy(() => inputs.map((input) => tf.slice(input, from, count))),
    };
  });
}
