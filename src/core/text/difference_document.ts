import { severityShape } from "../rules/finding.ts";
import type { Comparison, FigureChange, LayerComparison } from "../compare/compare_measurements.ts";
import type {
  BlockChange,
  CauseChanges,
  Difference,
  WeightChanges,
} from "../compare/difference.ts";
import type { TensorChange } from "../compare/weights_comparison.ts";
import type { Cause } from "../diagnosis/diagnosis.ts";
import { DOCUMENTS, writeDocument } from "../../ground/words/document.ts";
import {
  boolean,
  type Keys,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  string,
  tuple,
} from "../../ground/words/shape.ts";

interface WrittenRun {
  name: string;
  verdict: string;
  objective: { name: string; value: number };
  examples: number;
  seed: number | null;
}

type WrittenCause = Pick<Cause, "kind" | "severity" | "layers" | "message">;

interface WrittenDifference extends Omit<Comparison, "layers"> {
  version: 1;
  before: WrittenRun;
  after: WrittenRun;
  causes: Record<keyof CauseChanges, WrittenCause[]>;
  layers: LayerComparison[];
  weights?: WeightChanges;
}

const names = list(string);

const weights = object<WeightChanges>({
  said: names,
  first: nullable(string),
  blocks: list(object<BlockChange>({
    name: string,
    tensors: number,
    changed: number,
    largest: nullable(number),
  })),
  tensors: list(object<TensorChange>({
    name: string,
    shape: list(number),
    types: tuple<[string, string]>(string, string),
    differing: number,
    count: number,
    relativeChange: nullable(number),
    cosine: nullable(number),
    wasZero: optional(boolean),
  })),
  sampled: optional(number),
  onlyBefore: names,
  onlyAfter: names,
  reshaped: list(object<WeightChanges["reshaped"][number]>({
    name: string,
    before: list(number),
    after: list(number),
  })),
  uncompared: optional(number),
});

const run = object<WrittenRun>({
  name: string,
  verdict: string,
  objective: object<WrittenRun["objective"]>({ name: string, value: number }),
  examples: number,
  seed: nullable(number),
});

const causes = list(object<WrittenCause>({
  kind: string,
  severity: severityShape,
  layers: list(string),
  message: string,
}));

const figure = optional(object<FigureChange>({
  before: number,
  after: number,
  factor: nullable(number),
  chance: number,
  moved: boolean,
}));

const figures: Keys<LayerComparison["figures"]> = {
  kernel: figure,
  gradient: figure,
  activation: figure,
  delta: figure,
  saturated: figure,
  dead: figure,
};

/** Keys of a comparison in the order of writing. */
export const differenceShape = object<WrittenDifference>({
  version: oneOf(DOCUMENTS.diff.version),
  before: run,
  after: run,
  said: list(string),
  same: boolean,
  gradients: boolean,
  causes: object<WrittenDifference["causes"]>({ gone: causes, stayed: causes, came: causes }),
  onlyBefore: list(string),
  onlyAfter: list(string),
  layers: list(object<LayerComparison>({
    before: string,
    after: string,
    worst: number,
    figures: object<LayerComparison["figures"]>(figures),
  })),
  weights: optional(weights),
});

/**
 * Writes the difference between two runs as JSON: keys in a fixed order, two spaces of indent, a
 * newline at the end.
 */
export function encodeDifference(
  { before, after, comparison, causes, weights }: Difference,
): string {
  const difference = {
    ...comparison,
    ...weights === undefined ? {} : { weights },
    version: DOCUMENTS.diff.version,
    before: writtenRun(before),
    after: writtenRun(after),
    causes,
  };
  return writeDocument(differenceShape.encode(difference) as object);
}

function writtenRun({ name, diagnosis, measurements }: Difference["before"]): WrittenRun {
  const { objective, batch, seed } = measurements;
  return { name, verdict: diagnosis.verdict, objective, examples: batch.examples, seed };
}
