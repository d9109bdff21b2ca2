import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { AtenArguments } from "../../src/torch/aten/schema.ts";
import { type AtenValue, WholeFloat } from "../../src/torch/aten/aten_op.ts";

/** Tensor of a case, drawn or given. */
export interface TensorSpec {
  shape: number[];
  seed?: number;
  lo?: number;
  hi?: number;
  dtype?: "int32" | "bool" | "float32";
  data?: (number | string)[];
  /** True for floats that PyTorch has no gradient of. */
  fixed?: boolean;
}

type Written = TensorSpec | { number: string } | number | boolean | string | null | Written[];

/** Call of an operation with what PyTorch computes for it. */
export interface AtenCase {
  op: string;
  args: Written[];
  named?: Record<string, Written>;
  /** Tensors that `context.uniform` returns, in order. */
  uniform?: TensorSpec[];
  out: { dtype: string; shape: number[]; data: (number | string)[] }[];
  /** Value of an operation that returns a number or a bool. */
  value?: number | boolean;
  /** Gradients of the floats, for cotangents drawn from seed 9000 on; null for none. */
  grad?: ((number | string)[] | null)[];
  /** Number of outputs whose gradient counts. Default: all. */
  cotangents?: number;
  /** Largest errors of outputs and of gradients that PyTorch makes in float32, if not negligible. */
  error?: [outputs: number, gradients: number];
  /** Arguments after an update in place. */
  writes?: Record<string, (number | string)[]>;
}

/** Cases of one table of operations. */
export interface AtenFile {
  /** PyTorch's schemas; null if it has no operation of this name. */
  schemas: Record<string, string | null>;
  cases: AtenCase[];
}

const folder = new URL("../../fixtures/torch_programs/", import.meta.url);

/** Reads the cases of all tables. */
export function readCases(): AtenFile[] {
  const names = Array.from(Deno.readDirSync(folder), ({ name }) => name)
    .filter((name) => /^aten_.*\.json$/.test(name)).sort();
  return names.map((name) => JSON.parse(Deno.readTextFileSync(new URL(name, folder))));
}

/** Draws uniform numbers in [0, 1) in steps of 2^-16, as `draws()` of make_aten_golden.py. */
export function draws(seed: number, count: number): number[] {
  let state = 7919 * (seed + 1);
  return Array.from({ length: count }, () => {
    state = state * 16807 % (2 ** 31 - 1);
    return Math.floor(state / (2 ** 31 - 1) * 65536) / 65536;
  });
}

function valuesOf({ shape, seed, lo = 0, hi = 1, data, dtype = "float32" }: TensorSpec): number[] {
  if (data !== undefined) return data.map(toNumber);
  const count = shape.reduce((product, size) => product * size, 1);
  const drawn = draws(seed!, count).map((u) => lo + (hi - lo) * u);
  return dtype === "float32" ? drawn : drawn.map(Math.floor);
}

/** Reads a number; Python writes those that are not finite as words. */
export const toNumber = (value: number | string): number => {
  if (typeof value === "number") return value;
  return value === "nan" ? NaN : value === "inf" ? Infinity : -Infinity;
};

/** Reads a float of Python that JSON would not keep: one that is not finite, or a whole one. */
const floatOf = (text: string): AtenValue =>
  /^-?\d/.test(text) ? new WholeFloat(Number(text)) : toNumber(text);

const isSpec = (value: Written): value is TensorSpec =>
  typeof value === "object" && value !== null && "shape" in value;

/** Makes the tensor of a spec. */
export function makeTensor(tf: TensorFlow, spec: TensorSpec): Tensor {
  return tf.tensor(valuesOf(spec), spec.shape, spec.dtype ?? "float32");
}

/** Returns the arguments of a case, and the floats among them that have gradients. */
export function argumentsOf(
  tf: TensorFlow,
  { args, named = {} }: AtenCase,
): { given: (floats: Tensor[]) => AtenArguments; floats: Tensor[] } {
  const floats: Tensor[] = [];
  const place = (value: Written): (floats: Tensor[]) => AtenValue => {
    if (Array.isArray(value)) {
      const items = value.map(place);
      return (floats) => items.map((item) => item(floats));
    }
    if (isSpec(value)) {
      const tensor = makeTensor(tf, value);
      if (tensor.dtype !== "float32" || value.fixed) return () => tensor;
      const at = floats.push(tensor) - 1;
      return (floats) => floats[at];
    }
    if (typeof value === "object" && value !== null) return () => floatOf(value.number);
    return () => value;
  };
  const positional = args.map(place);
  const entries = Object.entries(named).map(([name, value]) => [name, place(value)] as const);
  return {
    floats,
    given: (floats) => ({
      positional: positional.map((one) => one(floats)),
      named: Object.fromEntries(entries.map(([name, one]) => [name, one(floats)])),
    }),
  };
}
