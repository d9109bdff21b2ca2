import { severityShape } from "../rules/finding.ts";
import type { Setting } from "../model/loaded_model.ts";
import {
  boolean,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  string,
} from "../../ground/words/shape.ts";
import type { LearningRates, RateTried } from "../probe/rate_search.ts";
import {
  type Consequence,
  type DiagnosisRates,
  type DiagnosisTrial,
  type JudgedWeights,
  type Tried,
  type Verdict,
  verdictShape,
} from "./diagnosis.ts";

/** Fix as written: in words, and as code to paste if it has some. */
interface WrittenFix {
  text: string;
  code: string | null;
}

/** Cause as written; its findings are indices into those of the report. */
interface WrittenCause {
  kind: string;
  severity: Consequence["severity"];
  layers: string[];
  message: string;
  consequences: Consequence[];
  fixes: WrittenFix[];
  tried: Tried | null;
  findings: number[];
}

export interface WrittenDiagnosis {
  verdict: Verdict;
  notJudged?: Setting[];
  weightsOnly?: JudgedWeights;
  causes: WrittenCause[];
  trial: DiagnosisTrial | null;
  rates: DiagnosisRates | null;
}

const consequence = object<WrittenCause["consequences"][number]>({
  rule: string,
  problem: string,
  severity: severityShape,
  layers: list(string),
});

const tried = object<Tried>({
  worked: boolean,
  errors: number,
  left: number,
  verdict: verdictShape,
  figure: nullable(
    object<NonNullable<Tried["figure"]>>({
      title: string,
      layer: string,
      before: number,
      after: number,
    }),
  ),
  steps: optional(object<NonNullable<Tried["steps"]>>({ before: number, after: number })),
  onePass: optional(boolean),
});

const learningRates = object<LearningRates>({
  objective: object<LearningRates["objective"]>({ name: string }),
  randomTargets: boolean,
  ignoresTargets: optional(boolean),
  guess: nullable(number),
  examples: optional(number),
  steps: number,
  loss: number,
  rates: list(object<RateTried>({
    optimizer: string,
    learningRate: number,
    given: boolean,
    loss: number,
    verdict: oneOf<RateTried["verdict"]>("learns", "slow", "fails", "undecided"),
    usable: boolean,
  })),
  usable: nullable(object<NonNullable<LearningRates["usable"]>>({ from: number, to: number })),
  suggested: nullable(
    object<NonNullable<LearningRates["suggested"]>>({ optimizer: string, learningRate: number }),
  ),
});

/** Keys of a diagnosis in the order of writing. It is not read back. */
export const diagnosisShape = object<WrittenDiagnosis>({
  verdict: verdictShape,
  notJudged: optional(list(oneOf<Setting>("loss", "optimizer"))),
  weightsOnly: optional(object<JudgedWeights>({ rules: number, of: number })),
  causes: list(object<WrittenCause>({
    kind: string,
    severity: severityShape,
    layers: list(string),
    message: string,
    consequences: list(consequence),
    fixes: list(object<WrittenFix>({ text: string, code: nullable(string) })),
    tried: nullable(tried),
    findings: list(number),
  })),
  trial: nullable(
    object<DiagnosisTrial>({
      verdict: string,
      givenVerdict: optional(string),
      said: string,
      fixed: optional(string),
      fixedVerdict: optional(string),
    }),
  ),
  rates: nullable(object<DiagnosisRates>({ said: string, search: nullable(learningRates) })),
});
