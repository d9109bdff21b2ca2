/** Closer than this to a kink, float32 may take the other side, and the figures are not compared. */
const NEAR_KINK = 1e-4;

/** A scalar of a {@linkcode ScalarTape}, by its place on it. */
export type Scalar = number;

/**
 * Derivatives the slow and plain way, in float64: every scalar of a forward pass is written down with what
 * it was made of, and the chain rule is applied to one after the other.
 */
export class ScalarTape {
  readonly values: number[] = [];
  readonly #from: (readonly Scalar[])[] = [];
  readonly #slopes: (readonly number[])[] = [];
  /** True if a value came so near to a kink that float32 need not agree. */
  nearKink = false;

  /** @param round Applied to every number: `Math.fround` computes as float32 does. Default: none. */
  constructor(readonly round: (x: number) => number = (x) => x) {}

  /** A scalar that was made of others, with its derivatives with respect to them. */
  make(value: number, from: readonly Scalar[] = [], slopes: readonly number[] = []): Scalar {
    this.values.push(this.round(value));
    this.#from.push(from);
    this.#slopes.push(slopes);
    return this.values.length - 1;
  }

  /** The same value, as a scalar of its own: its readers are not those of the first. */
  copy(x: Scalar): Scalar {
    return this.make(this.values[x], [x], [1]);
  }

  add(...terms: Scalar[]): Scalar {
    return this.make(terms.reduce((sum, x) => sum + this.values[x], 0), terms, terms.map(() => 1));
  }

  mul(x: Scalar, y: Scalar): Scalar {
    const a = this.values[x];
    const b = this.values[y];
    return this.make(a * b, [x, y], [b, a]);
  }

  scale(x: Scalar, factor: number): Scalar {
    return this.make(factor * this.values[x], [x], [factor]);
  }

  /** Sum of the products of pairs, plus one more where it is given. */
  dot(xs: readonly Scalar[], ys: readonly Scalar[], more: readonly Scalar[] = []): Scalar {
    const [a, b] = [xs, ys].map((list) => list.map((x) => this.values[x]));
    const products = a.reduce((sum, x, i) => sum + x * b[i], 0);
    return this.make(
      more.reduce((sum, x) => sum + this.values[x], products),
      [...xs, ...ys, ...more],
      [...b, ...a, ...more.map(() => 1)],
    );
  }

  /** A function of one scalar. */
  apply(x: Scalar, f: (x: number) => number, slope: (x: number, y: number) => number): Scalar {
    const value = this.values[x];
    const y = f(value);
    return this.make(y, [x], [slope(value, y)]);
  }

  /** Notes a value that has a kink where it is 0. */
  kinkAt(difference: number): void {
    if (Math.abs(difference) < NEAR_KINK) this.nearKink = true;
  }

  /** The largest of some scalars. */
  max(xs: readonly Scalar[]): Scalar {
    let best = 0;
    xs.forEach((x, i) => best = this.values[x] > this.values[xs[best]] ? i : best);
    // Also one scalar that is there twice: which of the two gets the derivative is not said.
    xs.forEach((x, i) => i === best || this.kinkAt(this.values[x] - this.values[xs[best]]));
    // The others count, too, with nothing: the largest depends on them.
    return this.make(this.values[xs[best]], xs, xs.map((_, i) => i === best ? 1 : 0));
  }

  /**
   * Derivatives of a scalar with respect to all before it; NaN for one that it is not made of. A derivative
   * is surely 0, also in float32, where no path to the scalar has slopes that are all other than 0.
   */
  derivatives(of: Scalar): { slopes: Float64Array; isSurelyZero(x: Scalar): boolean } {
    const result = new Float64Array(this.values.length).fill(NaN);
    const isPath = new Uint8Array(this.values.length);
    result[of] = 1;
    isPath[of] = 1;
    for (let i = of; i >= 0; i--) {
      if (Number.isNaN(result[i])) continue;
      const from = this.#from[i], slopes = this.#slopes[i];
      for (let k = 0; k < from.length; k++) {
        const before = result[from[k]];
        const more = result[i] * slopes[k];
        result[from[k]] = this.round((Number.isNaN(before) ? 0 : before) + more);
        if (slopes[k] !== 0) isPath[from[k]] |= isPath[i];
      }
    }
    return { slopes: result, isSurelyZero: (x) => isPath[x] === 0 };
  }
}

/** A tensor of scalars, row-major. Examples come first. */
export interface Scalars {
  readonly shape: readonly number[];
  readonly at: readonly Scalar[];
}

/** A new tensor, each of its scalars made from its index. */
export function scalars(
  shape: readonly number[],
  make: (index: readonly number[], flat: number) => Scalar,
): Scalars {
  const size = shape.reduce((a, b) => a * b, 1);
  const at = Array.from({ length: size }, (_, flat) => {
    const index: number[] = [];
    for (let axis = shape.length - 1, rest = flat; axis >= 0; axis--) {
      index[axis] = rest % shape[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    return make(index, flat);
  });
  return { shape, at };
}

/** The scalar at an index. */
export function pick({ shape, at }: Scalars, ...index: number[]): Scalar {
  return at[shape.reduce((flat, size, axis) => flat * size + index[axis], 0)];
}

/** Runs of scalars along the last axis. */
export function rowsOf({ shape, at }: Scalars): Scalar[][] {
  const width = shape[shape.length - 1];
  return Array.from({ length: at.length / width }, (_, i) => at.slice(i * width, (i + 1) * width));
}
