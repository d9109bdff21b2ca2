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

function zerosOf(call: Call, { sizes, type }: ValueMeta): Call {
  const size: Argument = { is: "list", items: sizes.map(argumentOf) };
  const dtype: Argument = { is: "constant", value: heldAs(type) };
  return { ...call, target: "aten.zeros.default", args: { size, dtype } };
}

const argumentOf = (size: SizeExpression): Argument =>
  typeof size === "number" ? { is: "constant", value: size } : { is: "size", size };
