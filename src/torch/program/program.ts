import type { FileType } from "../../ground/traits/number_types.ts";
import type { SizeExpression } from "./size_expression.ts";

/** Argument of a call in a graph. */
export type Argument =
  /** A value of the graph: a tensor. */
  | { readonly is: "value"; readonly name: string }
  /** A number, a text, true or false, or None. */
  | {
    readonly is: "constant";
    readonly value: number | string | boolean | null;
    /** True for a float in Python, which may be whole. */
    readonly isFloat?: boolean;
  }
  /** A number that follows from the sizes of the inputs. */
  | { readonly is: "size"; readonly size: SizeExpression }
  | { readonly is: "list"; readonly items: readonly Argument[] };

/** Result of a call: the name of a value, `null` for one without a name, or a list. */
export type Result = string | null | readonly Result[];

/** Call of a module around an operation. */
export interface ModuleCall {
  /** Path of the module, as in `state_dict()`; empty for the model itself. */
  readonly path: string;
  /** Class of the module without its package: `Conv2d`. */
  readonly className: string;
  /** Key of the call, unique among the calls of a program. */
  readonly key: string;
}

/** Line of the user's code. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

/** Call of an operation. */
export interface Call {
  readonly name: string;
  /** Operation: `aten.conv2d.default`. */
  readonly target: string;
  /** Arguments by the names of the operation's schema. */
  readonly args: Readonly<Record<string, Argument>>;
  readonly results: readonly Result[];
  /** Calls of modules around it, outermost first. */
  readonly modules: readonly ModuleCall[];
  /** Line that calls the innermost module of the user's own code; `null` if unknown. */
  readonly source: SourceLine | null;
}

/** Dtype and sizes of a value. */
export interface ValueMeta {
  readonly type: FileType;
  readonly sizes: readonly SizeExpression[];
}

/** Parameter, buffer or constant, by the name of its value in the graph. */
export interface HeldTensor {
  readonly kind: "parameter" | "buffer" | "constant";
  /** Name in `state_dict()`. */
  readonly name: string;
}

/** Input that the caller gives: a tensor, or a fixed number or text. */
export interface UserInput {
  /** Name of its value in the graph; `null` for a fixed one. */
  readonly name: string | null;
}

/** Exported program: what `models/model.json` says. */
export interface Program {
  readonly inputs: readonly UserInput[];
  readonly held: ReadonlyMap<string, HeldTensor>;
  readonly calls: readonly Call[];
  /** Outputs of the model, in the order in which a tuple or dictionary has them. */
  readonly outputs: readonly Argument[];
  readonly values: ReadonlyMap<string, ValueMeta>;
  /** Classes of `autograd.Function` whose forward passes are in the graph. */
  readonly functions: readonly string[];
}

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

/** Returns the argument that is a value of the graph. */
export const value = (name: string): Argument => ({ is: "value", name });
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
      return "same";
    case "detach":
      return { target: "autograd.set_data", args: scattered };
    case "select":
      return { target: "aten.select_scatter.default", args: { ...scattered, ...rest } };
    case "slice":
      return { target: "aten.slice_scatter.default", args: { ...scattered, ...rest } };
    case "diagonal":
      return { target: "aten.diagonal_scatter.default", args: { ...scattered, ...rest } };
    case "narrow": {
      const { dim, start, length } = rest;
      if (start?.is !== "constant" || length?.is !== "constant") return null;
      const end = number(Number(start.value) + Number(length.value));
      const own = Number(start.value) < 0 ? null : { dim, start, end };
      return own && { target: "aten.slice_scatter.default", args: { ...scattered, ...own } };
    }
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
