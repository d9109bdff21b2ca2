import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { NdArray } from "./reference/mod.ts";

/** Input of a row. */
export interface RowInput {
  shape: readonly number[];
  /**
   * Kind of numbers to draw: standard normal numbers, only negative ones, only positive ones,
   * numbers in (0, 1), rows that sum to 1, whole numbers below `below`, or -1 and 1. Default:
   * "normal".
   */
  draw?: "normal" | "negative" | "positive" | "unit" | "distribution" | "integer" | "sign";
  below?: number;
  /** Entries that replace what was drawn. */
  values?: readonly number[];
  dtype?: "float32" | "int32" | "bool";
  /** True if the gradient with respect to it is not requested. Always so for whole numbers. */
  fixed?: boolean;
}

/** The part of a layer (or model) that a row uses. */
export interface RowLayer {
  // deno-lint-ignore no-explicit-any -- a layer is called with as many things as there are layers
  apply(inputs: any, kwargs?: any): any;
  weights: { name: string; shape: number[]; read(): Tensor; write(value: Tensor): unknown }[];
  trainableWeights: object[];
  // deno-lint-ignore no-explicit-any -- one shape or many
  computeOutputShape?(shape: any): any;
}

/** A layer with its options: one line of the conformance table. */
export interface Row {
  /** Subject: a name in `tf.layers`, an activation, a loss. */
  subject: string;
  /** The options that set this row apart. */
  options: string;
  inputs: readonly RowInput[];
  /** Makes the layer; absent where the row is a plain function of its inputs. */
  create?(tf: TensorFlow): RowLayer;
  /** Calls it; by default `layer.apply(inputs)`. */
  call?(tf: TensorFlow, layer: RowLayer, inputs: Tensor[]): Tensor | Tensor[];
  /**
   * The same in float64. `observed` are the outputs under test and `drawn` the inputs that they belong
   * to: only layers that draw random numbers may look at them, to learn what noise was drawn.
   */
  reference(
    inputs: NdArray[],
    weights: NdArray[],
    observed: NdArray[],
    drawn: NdArray[],
  ): NdArray | NdArray[];
  /** Largest error that is accepted, relative to the largest entry. Default: 5e-5. */
  tolerance?: number;
  /** True if nothing has a gradient, as the output does not depend smoothly on anything. */
  discrete?: boolean;
}
