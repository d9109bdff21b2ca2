import { heapView } from "../../engine/heap/heap.ts";
import type { Sums } from "../../engine/native/sums.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { LayerRecord } from "./layer_record.ts";

/** Columns of the entries of one call of a layer, one for each place in an example. */
interface Columns {
  seen: number;
  means: Float64Array;
  /** Squared deviations from the means, summed over all columns. */
  deviations: number;
}

/** Figures of a record that do not simply add up over the parts of a batch. */
interface Gathered {
  /** Columns of each call, in the order of the calls. */
  calls: Columns[];
  /** Number of calls seen in the current part. */
  shown: number;
  /** True if a call had no axis of examples, or an entry that is not finite. */
  unknown: boolean;
  /** Shape of z (or a) over all parts so far. */
  shape: number[] | null;
  /** First entries of the outputs. */
  first: Float32Array;
}

/**
 * Merges the figures of a batch that is run in parts. Sums and counts add up in the records;
 * deviations between examples, numbers of calls and shapes are kept here.
 */
export class AcrossParts {
  readonly #tf: TensorFlow;
  readonly #examples: number;
  readonly #gathered = new Map<LayerRecord, Gathered>();
  #part = 0;
  #from = 0;

  /** @param examples Number of examples in the whole batch. */
  constructor(tf: TensorFlow, examples: number) {
    this.#tf = tf;
    this.#examples = examples;
  }

  /** Begins a part. */
  begin(records: readonly LayerRecord[], examples: number): void {
    this.#from += this.#part;
    this.#part = examples;
    for (const record of records) {
      record.calls = 0;
      record.shape = null;
      this.#of(record).shown = 0;
    }
  }

  /** Number of examples in the parts before this one. */
  get from(): number {
    return this.#from;
  }

  /** Returns the position of the part's rows among those of the whole batch. */
  placeOf(rows: number): { first: number; total: number } {
    const each = rows / this.#part;
    return { first: each * this.#from, total: each * this.#examples };
  }

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

  /** Adds the output of a call on the part, with its sums. */
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

  /** Collects up to `most` first entries of a layer's outputs over all parts so far. */
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

  /** Joins two shapes along the first axis if that is the axis of examples. */
  #joined(before: number[] | null, shape: number[] | null): number[] | null {
    if (shape === null) return before;
    const [first, ...rest] = shape;
    const each = first / this.#part;
    return Number.isInteger(each) ? [each * this.#examples, ...rest] : shape;
  }
}

/**
 * Adds examples to columns, one after the other (Welford 1962): the figures do not depend on how
 * the batch was cut, and a mean that is much larger than the deviation costs no digits.
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

export interface Part {
  /** Index of its first example. */
  from: number;
  /**
   * Cuts its inputs off the batch; the caller disposes of them. Slicing all parts at once would
   * copy the batch.
   */
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
