import { type LayerTraits, traits } from "./layers.ts";

const VIEW = { memoryCopies: 0 };
const KINKED = { kinked: true };
const STEPS = traits("opaque", { memoryCopies: 1 });
const FUNCTION = traits("merge");
const KINKED_FUNCTION = traits("merge", KINKED);
const MEAN = traits("pool", { operation: "globalMean" });
const REDUCTION = traits("pool", { memoryCopies: 2 });
const RESHAPED = traits("passesOn", VIEW);
const REORDERED = traits("passesOn");
const CUT = traits("selects", { operation: "crop" });

/**
 * Operations of Keras that people write between layers, by their class names in Keras:
 * `src/keras/layers/operations/` implements them. If theory has no rule for an operation, it
 * continues from the measured moments.
 */
export const OPERATION_TRAITS: Readonly<Record<string, LayerTraits>> = {
  Abs: KINKED_FUNCTION,
  Absolute: KINKED_FUNCTION,
  Add: FUNCTION,
  All: STEPS,
  Any: STEPS,
  Arctan: FUNCTION,
  Average: MEAN,
  Cast: STEPS,
  Ceil: STEPS,
  Clip: KINKED_FUNCTION,
  ConvertToTensor: RESHAPED,
  Cos: FUNCTION,
  Cumsum: FUNCTION,
  Divide: FUNCTION,
  Dot: FUNCTION,
  Einsum: FUNCTION,
  Equal: STEPS,
  Erf: FUNCTION,
  ExpandDims: RESHAPED,
  Expm1: FUNCTION,
  Flip: REORDERED,
  Floor: STEPS,
  GetItem: CUT,
  Greater: STEPS,
  GreaterEqual: STEPS,
  Less: STEPS,
  LessEqual: STEPS,
  Log: FUNCTION,
  Log1p: FUNCTION,
  LogSoftmax: FUNCTION,
  LogicalAnd: STEPS,
  LogicalNot: STEPS,
  LogicalOr: STEPS,
  Logsumexp: REDUCTION,
  Matmul: FUNCTION,
  Max: traits("pool", { kinked: true, operation: "globalLargest", memoryCopies: 2 }),
  Maximum: KINKED_FUNCTION,
  Mean: MEAN,
  Min: traits("pool", { kinked: true, memoryCopies: 2 }),
  Minimum: KINKED_FUNCTION,
  Moveaxis: REORDERED,
  Multiply: FUNCTION,
  Norm: REDUCTION,
  Normalize: traits("merge", { memoryCopies: 3 }),
  NotEqual: STEPS,
  OnesLike: STEPS,
  Pad: traits("resamples", { operation: "pad" }),
  Power: FUNCTION,
  Prod: REDUCTION,
  Reciprocal: FUNCTION,
  Repeat: traits("selects", { operation: "copy" }),
  Reshape: RESHAPED,
  Roll: REORDERED,
  Round: STEPS,
  Rsqrt: FUNCTION,
  Sign: STEPS,
  Sin: FUNCTION,
  Split: CUT,
  Sqrt: FUNCTION,
  Square: FUNCTION,
  Squeeze: RESHAPED,
  Stack: traits("concatenation"),
  Std: REDUCTION,
  StopGradient: STEPS,
  Subtract: FUNCTION,
  Sum: traits("pool", { operation: "globalSum" }),
  Swapaxes: REORDERED,
  Take: CUT,
  Tile: traits("selects", { operation: "repeat" }),
  Transpose: REORDERED,
  TrueDivide: FUNCTION,
  Unstack: CUT,
  Var: REDUCTION,
  Where: KINKED_FUNCTION,
  ZerosLike: STEPS,
};

/**
 * Returns the class name of the layer for an operation of Keras; Keras has layers of the same
 * names.
 */
export const operationClass = (name: string): string => `${name}Op`;

/** True if a class is that of an operation's layer. */
export const isOperationClass = (className: string): boolean =>
  className.endsWith("Op") && Object.hasOwn(OPERATION_TRAITS, className.slice(0, -2));
