import type { FileType } from "../../model/weights/weights_manifest.ts";
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
  /** Version of PyTorch that wrote it. */
  readonly torchVersion: string;
  readonly inputs: readonly UserInput[];
  readonly held: ReadonlyMap<string, HeldTensor>;
  readonly calls: readonly Call[];
  /** Outputs of the model, in the order in which a tuple or dictionary has them. */
  readonly outputs: readonly Argument[];
  readonly values: ReadonlyMap<string, ValueMeta>;
  /** Classes of `autograd.Function` whose forward passes are in the graph. */
  readonly functions: readonly string[];
}
