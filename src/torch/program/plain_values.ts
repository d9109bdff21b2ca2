import { type FunctionalProgram, heldAs } from "./functional.ts";
import type { Argument, Call, ValueMeta } from "./program.ts";
import type { SizeExpression } from "./size_expression.ts";

/**
 * Replaces each call whose result has no entries by zeros of its shape, which depend on no input: a
 * layer must put out entries. Rotary positions cut off such a rest if they turn all units.
 */
export function replaceEmpty(program: FunctionalProgram): FunctionalProgram {
  const calls = program.calls.map((call) => {
    const [result] = call.results;
    const meta = typeof result === "string" ? program.values.get(result) : undefined;
    const isEmpty = call.results.length === 1 && meta?.sizes.includes(0) === true;
    return isEmpty ? zerosOf(call, meta) : call;
  });
  return { ...program, calls };
}

/** Operations that read only the shape of their second operand, and those with a shape instead. */
const SHAPED: Readonly<Record<string, { target: string; argument: string }>> = {
  "aten.reshape_as.default": { target: "aten.reshape.default", argument: "shape" },
  "aten.view_as.default": { target: "aten.reshape.default", argument: "shape" },
  "aten.expand_as.default": { target: "aten.expand.default", argument: "size" },
};

/**
 * Replaces operands of which only the shape is read by that shape: no signal goes from there to the
 * result, and the graph of the layers must not show one.
 */
export function replaceShapeOperands(program: FunctionalProgram): FunctionalProgram {
  const calls = program.calls.map((call) => {
    if (!Object.hasOwn(SHAPED, call.target)) return call;
    const { self, other } = call.args;
    const meta = other?.is === "value" ? program.values.get(other.name) : undefined;
    if (meta === undefined) return call;
    const { target, argument } = SHAPED[call.target];
    const shape: Argument = { is: "list", items: meta.sizes.map(argumentOf) };
    return { ...call, target, args: { self, [argument]: shape } };
  });
  return { ...program, calls };
}

function zerosOf(call: Call, { sizes, type }: ValueMeta): Call {
  const size: Argument = { is: "list", items: sizes.map(argumentOf) };
  const dtype: Argument = { is: "constant", value: heldAs(type) };
  return { ...call, target: "aten.zeros.default", args: { size, dtype } };
}

const argumentOf = (size: SizeExpression): Argument =>
  typeof size === "number" ? { is: "constant", value: size } : { is: "size", size };
