import { ModelError } from "../../model/model_error.ts";
import { showValue } from "../../words/show_value.ts";

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
};

/** Largest number of signs of a formula; PyTorch's have some hundred. */
const MAX_LENGTH = 10_000;

/** Largest number of brackets within each other. */
const MAX_DEPTH = 100;

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
  const refuse = (): never => {
    throw new ModelError(`The size ${showValue(text)} is not a formula of sizes, expected one`);
  };
  if (text.length > MAX_LENGTH) return refuse();
  const tokens = text.match(/\d+(?:\.\d*)?|\w+|'[^']*'|\*\*|\/\/|[^\s\w]/g) ?? [];
  let at = 0;
  let depth = 0;
  const take = (token: string) => {
    if (tokens[at++] !== token) refuse();
  };
  const argument = (): SizeExpression | null => {
    // Assumptions of a symbol, `positive=True`, do not matter.
    if (tokens[at + 1] === "=") {
      at += 3;
      return null;
    }
    return sum(0);
  };
  const call = (name: string): SizeExpression => {
    take("(");
    if (name === "Symbol") {
      const symbol = tokens[at++] ?? refuse();
      while (tokens[at] === ",") {
        at++;
        argument();
      }
      take(")");
      return { symbol: symbol.replaceAll("'", "") };
    }
    if (!Object.hasOwn(FUNCTIONS, name)) return refuse();
    const to: SizeExpression[] = [];
    while (tokens[at] !== ")") {
      const one = tokens[at]?.startsWith("'") ? number(tokens[at++].slice(1, -1)) : argument();
      if (one !== null) to.push(one);
      if (tokens[at] === ",") at++;
      else if (tokens[at] !== ")") return refuse();
    }
    at++;
    return { apply: name, to };
  };
  const number = (token: string) => Number.isFinite(Number(token)) ? Number(token) : refuse();
  const atom = (): SizeExpression => {
    const token = tokens[at++] ?? refuse();
    if (token === "(") {
      const inner = sum(0);
      take(")");
      return inner;
    }
    if (token === "-") return { apply: "Sub", to: [0, sum(3)] };
    if (/^\d/.test(token)) return number(token);
    if (!/^\w/.test(token)) return refuse();
    return tokens[at] === "(" ? call(token) : { symbol: token };
  };
  const sum = (binds: number): SizeExpression => {
    if (++depth > MAX_DEPTH) return refuse();
    let left = atom();
    while (at < tokens.length && Object.hasOwn(OPERATORS, tokens[at])) {
      const operator = OPERATORS[tokens[at]];
      if (operator.binds <= binds) break;
      at++;
      left = { apply: operator.apply, to: [left, sum(operator.binds)] };
    }
    depth--;
    return left;
  };
  const parsed = sum(0);
  return at === tokens.length ? parsed : refuse();
}

/** Returns the value of a formula; `null` if it needs a size that is not known. */
export function sizeOf(size: SizeExpression, sizes: Sizes): number | null {
  if (typeof size === "number") return size;
  if ("symbol" in size) return sizes.get(size.symbol) ?? null;
  const values = size.to.map((one) => sizeOf(one, sizes));
  return values.every((value) => value !== null) ? FUNCTIONS[size.apply](...values) : null;
}

/**
 * Notes the sizes of a tensor whose declared sizes are bare symbols.
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
    if (typeof size === "object" && "symbol" in size && typeof value === "number") {
      sizes.set(size.symbol, value);
    }
  });
}
