import type { AtenOp } from "./aten_op.ts";

/** Operations of ATen by their names in a graph, such as `"aten.linear.default"`. */
export const ATEN_OPS: Readonly<Record<string, AtenOp>> = {};
