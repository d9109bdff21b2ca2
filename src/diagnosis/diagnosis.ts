import type { Finding } from "../checks/finding.ts";
import type { Setting } from "../measure/measurements.ts";
import type { Cure } from "./cure.ts";

/** What a network is ill of: a fault that explains other findings, and does not follow from any itself. */
export interface Cause {
  /** What kind of fault it is: `kernel-scale`, `bias`, `input` ... */
  kind: string;
  /** The gravest of its findings; a fault that no consequence follows from keeps its own severity. */
  severity: Finding["severity"];
  /** The layers that have the fault, in the order of the forward pass; empty where it lies in the data. */
  layers: string[];
  /** One sentence: what is wrong. */
  message: string;
  /** What follows from it, by rule, in the order of the rules. */
  consequences: Consequence[];
  /** The findings that state the fault itself, then those that follow from it. */
  findings: Finding[];
  /** What to do, the likeliest first; where cures were tried, those that worked, to be done together. */
  cures: Cure[];
  /** What came of trying them on the model at hand; absent where none was tried. */
  tried?: Tried;
}

/** What came of trying the cures of a cause. */
export interface Tried {
  /** Whether the cause was gone afterwards. */
  worked: boolean;
  /** How many errors there were before, of the whole network. */
  errors: number;
  /** How many were left. */
  left: number;
  /** A figure that shows it, where there is one. */
  figure: TriedFigure | null;
}

/** A figure of one layer before and after a cure. */
export interface TriedFigure {
  /** What it is: `l2 of delta`. */
  title: string;
  /** The layer. */
  layer: string;
  /** Before. */
  before: number;
  /** After. */
  after: number;
}

/** What one rule found that follows from a cause. */
export interface Consequence {
  /** Name of the rule. */
  rule: string;
  /** What a network that breaks the rule has: `vanishing gradients`. */
  problem: string;
  /** The gravest of these findings. */
  severity: Finding["severity"];
  /** The layers concerned, in the order of the forward pass; empty for the whole model. */
  layers: string[];
}

/** What is wrong with a network, the causes first. */
export interface Diagnosis {
  /**
   * `sick` if a cause is an error. `changed` if every such cause is a move against the baseline: the network
   * trains, and its figures are not the stored ones.
   */
  verdict: "healthy" | "changed" | "sick";
  /** Settings of the compiled program that were not reproduced and so not judged; absent if all were. */
  notJudged?: Setting[];
  /** Every cause that is an error or a warning, the gravest first, then in the order of the forward pass. */
  causes: Cause[];
  /** What training on the batch has shown; absent where nothing was trained. */
  trial?: DiagnosisTrial;
  /** Notes, which neither are a cause nor follow from one. */
  notes: Finding[];
}

/** What training on the batch has shown, in words. */
export interface DiagnosisTrial {
  /** `learns`, `slow`, `fails`, `undecided`, or `skipped` if it would have taken too long. */
  verdict: string;
  /** The same at the rate that the model was compiled with; absent if there was none. */
  givenVerdict?: string;
  /** What was tried and what came out, as the end of a sentence. */
  said: string;
  /** The same with all cures in place; absent where none worked. */
  cured?: string;
  /** The verdict with these fixes. */
  curedVerdict?: string;
}
