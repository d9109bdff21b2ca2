import type { Layer, TensorFlow } from "../../../src/engine/mod.ts";
import type { Scalar, Scalars, ScalarTape } from "./scalar_tape.ts";

/** Sizes of a tensor without the axis of the examples. */
export type Sizes = readonly number[];

/** A weight of a layer, and the float32 numbers in it. */
export interface WeightPlan {
  name: string;
  shape: number[];
  values: Float32Array;
  trainable: boolean;
}

/** Record of one row of the measurements: the scalars of z and a of every call. */
export interface RowNotes {
  calls: number;
  z: Scalar[];
  a: Scalar[];
}

/** Context of the evaluation of a layer. */
export interface Evaluation {
  tape: ScalarTape;
  /** The scalars of the layer's weights, in their order; the same at every call. */
  weights: Scalars[];
  /** The notes of a row: the layer's own (""), or of a part ("/gates"). */
  row(part: string): RowNotes;
  /** True if a batch normalisation with initial statistics uses those of the batch. */
  onBatch(isUnmoved: boolean): boolean;
  /** Notes that an embedding reads a row. */
  reads(row: number): void;
}

/** A layer that computes something itself: how TensorFlow.js makes it, and how the reference computes it. */
export interface LayerPlan {
  name: string;
  inputs: Sizes[];
  outputs: Sizes[];
  weights: WeightPlan[];
  trainable: boolean;
  /** Number of inputs, at the end, that are the initial states of a recurrent layer. */
  states?: number;
  /** The row of the layer that a wrapper calls, which the weights belong to. */
  inner?: string;
  make(tf: TensorFlow): Layer;
  /** Call of a layer. */
  evaluate(evaluation: Evaluation, inputs: Scalars[]): Scalars[];
}

/** A model inside of a model, or the whole. */
export interface ModelPlan {
  name: string;
  inputs: Sizes[];
  trainable: boolean;
  /** Tensors are numbered: first the inputs, then the outputs of the steps in their order. */
  steps: { plan: LayerPlan | ModelPlan; from: number[]; to: number[] }[];
  /** Numbers of the tensors that are the model's outputs. */
  results: number[];
  outputs: Sizes[];
}

/** Returns true if a plan is that of a model. */
export const isModelPlan = (plan: LayerPlan | ModelPlan): plan is ModelPlan => "steps" in plan;

/** The steps that an output of a model depends on: TensorFlow.js leaves all others out. */
export function neededSteps({ steps, results }: ModelPlan): ModelPlan["steps"] {
  const needed = new Set(results);
  const found: ModelPlan["steps"] = [];
  for (const step of steps.toReversed()) {
    if (!step.to.some((tensor) => needed.has(tensor))) continue;
    for (const tensor of step.from) needed.add(tensor);
    found.push(step);
  }
  return found.reverse();
}
