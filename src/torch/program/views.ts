import type { Argument, Call, ValueMeta } from "./program.ts";
import type { SizeExpression } from "./size_expression.ts";

/** Returns the names of the values in an argument. */
export function namesIn(argument: Argument): string[] {
  if (argument.is === "value") return [argument.name];
  return argument.is === "list" ? argument.items.flatMap(namesIn) : [];
}

/** Returns arguments with another first one. */
export function withFirst(args: Call["args"], first: Argument): Call["args"] {
  const [name] = Object.keys(args);
  return { ...args, [name]: first };
}

/** Operations whose result shares the memory of their first argument. */
const VIEWS = new Set(
  ("alias as_strided chunk detach diagonal expand expand_as flatten movedim narrow permute reshape " +
    "reshape_as select slice split split_with_sizes squeeze swapaxes swapdims t transpose unbind " +
    "unflatten unfold unsqueeze view view_as contiguous numpy_T mT tensor_split adjoint " +
    "view_as_complex view_as_real real imag hsplit vsplit dsplit")
    .split(" "),
);

/** Operations that return a view or a copy, which depends on strides. */
const MAY_COPY = new Set(["reshape", "reshape_as", "flatten", "contiguous"]);

/** Returns the name of an operation without its library and overload. */
export const baseName = (target: string): string => target.split(".")[1] ?? target;

/** True if the result of an operation shares the memory of its first argument. */
export const isView = (target: string): boolean => VIEWS.has(baseName(target));

/** True if the graph does not tell if an operation returns a view. */
export const mayCopy = (target: string): boolean => MAY_COPY.has(baseName(target));

/** Views that only have another shape. */
const RESHAPED = new Set(["view", "view_as", "squeeze", "unsqueeze", "unflatten"]);

/** Facts for the inverse of a view. */
interface Inversion {
  /** Value that it is a view of. */
  parent: string;
  /** New value of the view. */
  changed: string;
  /** Name of the view. */
  result: string;
  values: ReadonlyMap<string, ValueMeta>;
}

const value = (name: string): Argument => ({ is: "value", name });
const number = (own: number): Argument => ({ is: "constant", value: own });

/**
 * Returns the call that puts a view back: the parent with the new entries; `"same"` if that is the
 * view itself, and `null` if there is none.
 */
export function inverseOf(
  view: Call,
  { parent, changed, result, values }: Inversion,
): Pick<Call, "target" | "args"> | "same" | null {
  const { args } = view;
  const rest = Object.fromEntries(Object.entries(args).slice(1));
  const scattered = { self: value(parent), src: value(changed) };
  const name = baseName(view.target);
  if (RESHAPED.has(name)) {
    const sizes = values.get(parent)?.sizes;
    if (sizes === undefined) return null;
    const shape: Argument = { is: "list", items: sizes.map(asArgument) };
    return { target: "aten.reshape.default", args: { self: value(changed), shape } };
  }
  switch (name) {
    case "alias":
    case "detach":
      return "same";
    case "select":
      return { target: "aten.select_scatter.default", args: { ...scattered, ...rest } };
    case "slice":
      return { target: "aten.slice_scatter.default", args: { ...scattered, ...rest } };
    case "unbind": {
      const index = view.results.flat(2).indexOf(result);
      const { dim = number(0) } = rest;
      return {
        target: "aten.select_scatter.default",
        args: { ...scattered, dim, index: number(index) },
      };
    }
    case "t":
    case "transpose":
    case "swapaxes":
    case "swapdims":
      return { target: view.target, args: withFirst(args, value(changed)) };
    case "permute":
      return { target: view.target, args: { self: value(changed), dims: inverted(args.dims) } };
    default:
      return null;
  }
}

const asArgument = (size: SizeExpression): Argument =>
  typeof size === "number" ? number(size) : { is: "size", size };

/** Returns the permutation that undoes another. */
function inverted(dims: Argument): Argument {
  if (dims.is !== "list") return dims;
  const axes = dims.items.map((item) => item.is === "constant" ? Number(item.value) : 0);
  const positive = axes.map((axis) => axis < 0 ? axis + axes.length : axis);
  return { is: "list", items: axes.map((_, axis) => number(positive.indexOf(axis))) };
}

/** Returns the names of the results of a call. */
export const resultsOf = (call: Call): string[] =>
  (call.results as unknown[]).flat(3).filter((one): one is string => typeof one === "string");
