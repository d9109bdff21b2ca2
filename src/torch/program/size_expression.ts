import { countOf, isCount } from "../../files/file_types.ts";
import { ModelError, unexpected } from "../../core/model/model_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { refusal } from "../../ground/words/input_error.ts";

/**
 * Size of an axis: a number, or a formula of the sizes that the graph leaves open, such as `2*s77`.
 */
export type SizeExpression =
  | number
  | { readonly symbol: string }
  | { readonly apply: string; readonly to: readonly SizeExpression[] };

/** Values of the open sizes, by their symbols. */
export type Sizes = ReadonlyMap<string, number>;

type Apply = (...values: number[]) => number;

/** Functions of sympy and PyTorch that occur in formulas of sizes. */
const FUNCTIONS: Readonly<Record<string, Apply>> = {
  Add: (...values) => values.reduce((a, b) => a + b, 0),
  Sub: (a, b) => a - b,
  Mul: (...values) => values.reduce((a, b) => a * b, 1),
  Pow: (a, b) => a ** b,
  PowByNatural: (a, b) => a ** b,
  FloorDiv: (a, b) => Math.floor(a / b),
  CleanDiv: (a, b) => Math.floor(a / b),
  CeilDiv: (a, b) => Math.ceil(a / b),
  IntTrueDiv: (a, b) => a / b,
  FloatTrueDiv: (a, b) => a / b,
  Rational: (a, b) => a / b,
  Mod: (a, b) => a - b * Math.floor(a / b),
  PythonMod: (a, b) => a - b * Math.floor(a / b),
  Max: (...values) => Math.max(...values),
  Min: (...values) => Math.min(...values),
  Abs: (a) => Math.abs(a),
  Integer: (a) => a,
  Float: (a) => a,
  ToFloat: (a) => a,
  Identity: (a) => a,
  TruncToInt: (a) => Math.trunc(a),
  FloorToInt: (a) => Math.floor(a),
  CeilToInt: (a) => Math.ceil(a),
  RoundToInt: (a) => Math.round(a),
  floor: (a) => Math.floor(a),
  ceiling: (a) => Math.ceil(a),
  Where: (condition, a, b) => condition !== 0 ? a : b,
  Equality: (a, b) => Number(a === b),
  Eq: (a, b) => Number(a === b),
  Ne: (a, b) => Number(a !== b),
  Lt: (a, b) => Number(a < b),
  Le: (a, b) => Number(a <= b),
  Gt: (a, b) => Number(a > b),
  Ge: (a, b) => Number(a >= b),
  Unequality: (a, b) => Number(a !== b),
  StrictLessThan: (a, b) => Number(a < b),
  LessThan: (a, b) => Number(a <= b),
  StrictGreaterThan: (a, b) => Number(a > b),
  GreaterThan: (a, b) => Number(a >= b),
  And: (...values) => Number(values.every((value) => value !== 0)),
  Or: (...values) => Number(values.some((value) => value !== 0)),
  Not: (a) => Number(a === 0),
};

/** Largest number of signs of a formula; PyTorch's have some hundred. */
export const MAX_FORMULA = 10_000;

/** Largest number of brackets within each other. */
const MAX_DEPTH = 100;

/** A sign binds like a product, and less than a power. */
const NEGATION = 2;

const OPERATORS: Readonly<Record<string, { binds: number; apply: string }>> = {
  "+": { binds: 1, apply: "Add" },
  "-": { binds: 1, apply: "Sub" },
  "*": { binds: 2, apply: "Mul" },
  "/": { binds: 2, apply: "IntTrueDiv" },
  "//": { binds: 2, apply: "FloorDiv" },
  "%": { binds: 2, apply: "PythonMod" },
  "**": { binds: 4, apply: "Pow" },
};

/**
 * Parses a formula as PyTorch writes it: `Symbol('s77', positive=True)`, `Mul(Integer(2),
 * Symbol('s0'))`, or `2*s0`.
 *
 * @throws {ModelError} If it is not one.
 */
export function parseSize(text: string): SizeExpression {
  return new Parser(text).parse();
}

/** Parser of one formula. */
class Parser {
  readonly #text: string;
  readonly #tokens: readonly string[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    if (text.length > MAX_FORMULA) this.#refuse();
    this.#tokens = text.match(/\d+(?:\.\d*)?|\w+|'[^']*'|\*\*|\/\/|[^\s\w]/g) ?? [];
  }

  parse(): SizeExpression {
    const parsed = this.#sum(0);
    return this.#at === this.#tokens.length ? parsed : this.#refuse();
  }

  #refuse(): never {
    const shown = showValue(this.#text.slice(0, MAX_FORMULA));
    throw new ModelError(refusal`The size ${shown} is not a formula of sizes, expected one`);
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? this.#refuse();
  }

  #take(token: string): void {
    if (this.#next() !== token) this.#refuse();
  }

  #number(token: string): number {
    return Number.isFinite(Number(token)) ? Number(token) : this.#refuse();
  }

  /** Reads terms up to an operator that binds no more than the given one. */
  #sum(binds: number): SizeExpression {
    if (++this.#depth > MAX_DEPTH) this.#refuse();
    let left = this.#atom();
    while (Object.hasOwn(OPERATORS, this.#tokens[this.#at] ?? "")) {
      const operator = OPERATORS[this.#tokens[this.#at]];
      if (operator.binds <= binds) break;
      this.#at++;
      left = { apply: operator.apply, to: [left, this.#sum(operator.binds)] };
    }
    this.#depth--;
    return left;
  }

  #atom(): SizeExpression {
    const token = this.#next();
    if (token === "(") {
      const inner = this.#sum(0);
      this.#take(")");
      return inner;
    }
    if (token === "-") return { apply: "Sub", to: [0, this.#sum(NEGATION)] };
    if (/^\d/.test(token)) return this.#number(token);
    if (!/^\w/.test(token)) return this.#refuse();
    if (this.#tokens[this.#at] !== "(") return { symbol: token };
    if (token !== "Symbol" && !Object.hasOwn(FUNCTIONS, token)) this.#refuse();
    const to = this.#arguments();
    if (token !== "Symbol") return { apply: token, to };
    return to[0] ?? this.#refuse();
  }

  /** Reads `(a, b, name=c)` without what has a name: assumptions of a symbol do not matter. */
  #arguments(): SizeExpression[] {
    this.#take("(");
    const found: SizeExpression[] = [];
    while (this.#tokens[this.#at] !== ")") {
      const isNamed = this.#tokens[this.#at + 1] === "=";
      if (isNamed) this.#at += 2;
      const one = this.#tokens[this.#at]?.startsWith("'")
        ? quoted(this.#next().slice(1, -1))
        : this.#sum(0);
      if (!isNamed) found.push(one);
      if (this.#tokens[this.#at] === ",") this.#at++;
      else if (this.#tokens[this.#at] !== ")") this.#refuse();
    }
    this.#at++;
    return found;
  }
}

/** Returns a text in quotes: a number, or the name of a symbol. */
const quoted = (text: string): SizeExpression =>
  /^[\d.]+$/.test(text) ? Number(text) : { symbol: text };

/** Returns the value of a formula; `null` if it needs a size that is not known. */
export function sizeOf(size: SizeExpression, sizes: Sizes): number | null {
  if (typeof size === "number") return size;
  if ("symbol" in size) return sizes.get(size.symbol) ?? null;
  const values = size.to.map((one) => sizeOf(one, sizes));
  return values.every((value) => value !== null) ? FUNCTIONS[size.apply](...values) : null;
}

/**
 * Returns the shape that sizes make; `null` stands for one that needs a size that is not known.
 *
 * @throws {ModelError} If a size is not one, or there are more than 2^53 entries.
 */
export function shapeOf(
  declared: readonly SizeExpression[],
  sizes: Sizes,
  place: string,
): (number | null)[] {
  const shape = declared.map((size) => sizeOf(size, sizes));
  const known = shape.filter((size) => size !== null);
  for (const size of known) if (!isCount(size)) throw unexpected(place, size, "a size");
  if (countOf(known) !== null) return shape;
  throw new ModelError({
    place,
    found: showValue(known.join(" x ")),
    expected: "sizes of at most 2^53 entries",
  });
}

/** True if a tensor with these sizes can have this shape. */
export const canBe = (
  declared: readonly SizeExpression[],
  shape: readonly (number | null)[],
): boolean =>
  declared.length === shape.length &&
  declared.every((size, axis) => typeof size !== "number" || size === shape[axis]);

/**
 * Notes the sizes that follow from those of a tensor. A declared size may be a symbol, or a formula
 * of one that is linear in it, such as `2*s77`.
 *
 * @param declared Sizes in the graph.
 * @param shape Shape of the tensor.
 * @param sizes Values to add to.
 */
export function noteSizes(
  declared: readonly SizeExpression[],
  shape: readonly (number | null)[],
  sizes: Map<string, number>,
): void {
  declared.forEach((size, axis) => {
    const value = shape[axis];
    if (typeof size === "number" || typeof value !== "number") return;
    const [symbol, ...others] = symbolsOf(size);
    if (others.length > 0 || symbol === undefined) return;
    const at = (x: number) => sizeOf(size, new Map([[symbol, x]]))!;
    const solved = (value - at(0)) / (at(1) - at(0));
    if (Number.isInteger(solved) && at(solved) === value) sizes.set(symbol, solved);
  });
}

/** Returns the names of the symbols of a formula. */
function symbolsOf(size: SizeExpression): Set<string> {
  if (typeof size === "number") return new Set();
  return "symbol" in size
    ? new Set([size.symbol])
    : new Set(size.to.flatMap((one) => [...symbolsOf(one)]));
}
