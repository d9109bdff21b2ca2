import {
  isModelPlan,
  type LayerPlan,
  type ModelPlan,
  neededSteps,
  type RowNotes,
} from "./layer_plan.ts";
import { type Scalars, scalars, type ScalarTape } from "./scalar_tape.ts";

/** Records of the reference about a pass. */
export interface Notes {
  rows: Map<string, RowNotes>;
  weights: Map<LayerPlan, Scalars[]>;
  /** Rows that embeddings have read. */
  read: Map<LayerPlan, Set<number>>;
}

/** Computes a model in float64, one call after the other, as its graph says. */
export function evaluateModel(
  tape: ScalarTape,
  plan: ModelPlan,
  inputs: Scalars[],
  pass: { notes: Notes; onBatch(isUnmoved: boolean): boolean },
  prefix = "",
): Scalars[] {
  const { notes, onBatch } = pass;
  const tensors: Scalars[] = [...inputs];
  for (const { plan: part, from, to } of neededSteps(plan)) {
    const given = from.map((tensor) => tensors[tensor]);
    const path = prefix + part.name;
    let results: Scalars[];
    if (isModelPlan(part)) {
      results = evaluateModel(tape, part, given, pass, `${path}/`);
    } else {
      let weights = notes.weights.get(part);
      if (weights === undefined) {
        weights = part.weights.map(({ shape, values }) =>
          scalars(shape, (_, flat) => tape.make(values[flat]))
        );
        notes.weights.set(part, weights);
      }
      results = part.evaluate({
        tape,
        weights,
        onBatch,
        row(suffix) {
          const row = notes.rows.get(path + suffix) ?? { calls: 0, z: [], a: [] };
          notes.rows.set(path + suffix, row);
          return row;
        },
        reads(row) {
          notes.read.set(part, (notes.read.get(part) ?? new Set()).add(row));
        },
      }, given);
    }
    results.forEach((result, i) => tensors[to[i]] = result);
  }
  return plan.results.map((tensor) => tensors[tensor]);
}
