import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { Chance } from "../chance.ts";

/** Entries in float64, and how large the terms were that they are sums of: what rounding is relative to. */
export interface Values {
  shape: readonly number[];
  data: Float64Array;
  terms: Float64Array;
}

/** Operation with its inputs, and the same by naive loops. */
export interface KernelCase {
  /** Description of the case, for the message. */
  what: string;
  inputs: Values[];
  /** Runs the operation. */
  run(tf: TensorFlow, inputs: Tensor[]): Tensor;
  /** The output, by its definition. */
  output: Values;
  /** The gradients of the inputs; `null` for one whose gradient is not looked at. */
  gradients(dy: Float64Array): (Values | null)[];
}

export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Entries that are all 0 yet. */
export function zeros(shape: readonly number[]): Values {
  const size = sizeOf(shape);
  return { shape, data: new Float64Array(size), terms: new Float64Array(size) };
}

/** Adds to an entry. */
export function addTo(values: Values, at: number, term: number): void {
  values.data[at] += term;
  values.terms[at] += Math.abs(term);
}

/** Normal numbers as float32 has them; in one draw of eight, some are NaN or infinite. */
export function draw(chance: Chance, shape: readonly number[], special = true): Values {
  const values = zeros(shape);
  const odd = special && chance.happens(1 / 8) ? chance.one([NaN, Infinity, -Infinity]) : null;
  for (let i = 0; i < values.data.length; i++) {
    values.data[i] = Math.fround(odd !== null && chance.happens(0.05) ? odd : chance.normal());
  }
  return values;
}

export const isFinite = ({ data }: Values): boolean => data.every(Number.isFinite);

/** The place of an entry, given its indices. */
export const flat = (shape: readonly number[], at: readonly number[]): number =>
  at.reduce((place, index, axis) => place * shape[axis] + index, 0);

/** The indices of every entry, in their order. */
export function* indices(shape: readonly number[]): Generator<number[]> {
  const size = sizeOf(shape);
  for (let i = 0; i < size; i++) {
    const at: number[] = [];
    for (let axis = shape.length - 1, rest = i; axis >= 0; axis--) {
      at[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    yield at;
  }
}

/** Calls back with the places of one product `y += a b`. */
export type Products = (visit: (y: number, a: number, b: number) => void) => void;

/** An operation that is a sum of products of two inputs. */
export function bilinear(
  what: string,
  [a, b]: [Values, Values],
  shape: readonly number[],
  products: Products,
  run: KernelCase["run"],
): KernelCase {
  const output = zeros(shape);
  products((y, i, j) => addTo(output, y, a.data[i] * b.data[j]));
  return {
    what,
    inputs: [a, b],
    run,
    output,
    gradients(dy) {
      const da = zeros(a.shape);
      const db = zeros(b.shape);
      products((y, i, j) => {
        addTo(da, i, dy[y] * b.data[j]);
        addTo(db, j, dy[y] * a.data[i]);
      });
      return [da, db];
    },
  };
}

/** An operation that is a sum of entries of its one input, each times a factor. */
export function linear(
  what: string,
  x: Values,
  shape: readonly number[],
  terms: (visit: (y: number, x: number, factor: number) => void) => void,
  run: KernelCase["run"],
): KernelCase {
  const output = zeros(shape);
  terms((y, i, factor) => addTo(output, y, x.data[i] * factor));
  return {
    what,
    inputs: [x],
    run,
    output,
    gradients(dy) {
      const dx = zeros(x.shape);
      terms((y, i, factor) => addTo(dx, i, dy[y] * factor));
      return [dx];
    },
  };
}

/** An operation that takes each entry of its output from one of its input, or from none (0 then). */
export function selection(
  what: string,
  x: Values,
  shape: readonly number[],
  sourceOf: (y: number) => number,
  run: KernelCase["run"],
  differentiable = true,
): KernelCase {
  const sources = Array.from({ length: sizeOf(shape) }, (_, y) => sourceOf(y));
  const output = zeros(shape);
  sources.forEach((source, y) => source >= 0 && addTo(output, y, x.data[source]));
  return {
    what,
    inputs: [x],
    run,
    output,
    gradients(dy) {
      const dx = zeros(x.shape);
      sources.forEach((source, y) => source >= 0 && addTo(dx, source, dy[y]));
      return [differentiable ? dx : null];
    },
  };
}

/** An operation on one entry at a time, with its derivative. */
export function elementwise(
  what: string,
  x: Values,
  f: (x: number) => number,
  slope: ((x: number) => number) | null,
  run: KernelCase["run"],
): KernelCase {
  const output = zeros(x.shape);
  x.data.forEach((value, i) => addTo(output, i, f(value)));
  return {
    what,
    inputs: [x],
    run,
    output,
    gradients(dy) {
      const dx = zeros(x.shape);
      if (slope !== null) {
        x.data.forEach((value, i) => {
          addTo(dx, i, dy[i] * slope(value));
          // A slope may be a difference, of numbers of about 1.
          if (slope(value) !== 0) dx.terms[i] = Math.max(dx.terms[i], Math.abs(dy[i]));
        });
      }
      return [slope === null ? null : dx];
    },
  };
}
