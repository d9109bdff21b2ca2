import { ACTIVATION_OPS } from "./activations.ts";
import { ARITHMETIC, COMPARISON_OPS } from "./arithmetic.ts";
import type { AtenOp } from "./aten_op.ts";
import { ATTENTION } from "./attention.ts";
import { CONVOLUTIONS } from "./convolutions.ts";
import { CREATION, RANDOM } from "./creation.ts";
import { ELEMENTWISE } from "./elementwise.ts";
import { FURTHER } from "./further.ts";
import { GRID_SAMPLES, RESAMPLING } from "./resampling.ts";
import { INDEXING } from "./indexing.ts";
import { LINEAR_ALGEBRA } from "./linear_algebra.ts";
import { LOSSES } from "./losses.ts";
import { MASK_OPS } from "./masks.ts";
import { NORMALIZATIONS } from "./normalizations.ts";
import { ORDERS } from "./orders.ts";
import { PADDING, PART_OPS } from "./parts.ts";
import { POOLING } from "./pooling.ts";
import { PRODUCTS } from "./products.ts";
import { RECURRENT } from "./recurrent.ts";
import { REDUCTIONS } from "./reductions.ts";
import { SCATTER_REDUCTIONS } from "./scatter_reduce.ts";
import { nameOfSchema } from "./schema.ts";
import { SHAPE_OPS } from "./shapes.ts";
import { WINDOW_OPS } from "./windows.ts";

const ALL: readonly AtenOp[] = [
  ...ACTIVATION_OPS,
  ...ARITHMETIC,
  ...ATTENTION,
  ...COMPARISON_OPS,
  ...CONVOLUTIONS,
  ...CREATION,
  ...ELEMENTWISE,
  ...FURTHER,
  ...GRID_SAMPLES,
  ...INDEXING,
  ...LINEAR_ALGEBRA,
  ...LOSSES,
  ...MASK_OPS,
  ...NORMALIZATIONS,
  ...ORDERS,
  ...PADDING,
  ...PART_OPS,
  ...POOLING,
  ...PRODUCTS,
  ...RANDOM,
  ...RECURRENT,
  ...REDUCTIONS,
  ...RESAMPLING,
  ...SCATTER_REDUCTIONS,
  ...SHAPE_OPS,
  ...WINDOW_OPS,
];

/** Operations of ATen by their names in a graph, such as `"aten.linear.default"`. */
export const ATEN_OPS: Readonly<Record<string, AtenOp>> = Object.fromEntries(
  ALL.map((op) => [nameOfSchema(op.schema), op]),
);
