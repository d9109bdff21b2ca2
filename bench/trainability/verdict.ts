import { examine } from "../../src/core/diagnosis/examine/mod.ts";
import type { Fix } from "../../src/core/diagnosis/fix.ts";
import type { Verdict } from "../../src/core/diagnosis/diagnosis.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { Finding } from "../../src/core/rules/mod.ts";
import { judgeRun, resolveConfiguration } from "../../src/gate/mod.ts";
import { measure, type Measurements, type MeasureOptions } from "../../src/entry/measure.ts";
import { buildNetwork, drawNetwork, objectiveOf } from "./build_network.ts";
import { batchOf, examplesOfPlan } from "./examples_of_plan.ts";
import { PEERS } from "./peers/peers.ts";
import { type PeerView, viewOutputs } from "./peers/view.ts";
import { KIND } from "./plan.ts";
import { planOf } from "./population.ts";
import { type Scores, scoresOf } from "./scores.ts";
import type { Question } from "./truth.ts";

/** On how many training examples a network is judged: what `check` draws by default. */
const BATCH = 32;

/** Part of a finding that a line keeps. */
export type LineFinding = Pick<Finding, "rule" | "severity" | "layer" | "measured">;

/** Verdicts of this tool and others on the network of a seed. */
export interface VerdictLine {
  seed: number;
  /** Question; a network whose optimizer is part of the draw is asked as compiled alone. */
  question: Question;
  findings: LineFinding[];
  /** The findings as they stand after the examination: the trial, and warnings weighed by their fixes. */
  tried: LineFinding[];
  verdict: Verdict;
  /** Kinds of the causes, the first first. */
  causes: string[];
  /** The fixes that worked, to be applied together; empty if an error is left with them. */
  fixes: Fix[];
  scores: Scores;
  /** By peer, which of its rules have something against the network. */
  peers: Record<string, string[]>;
}

/** Under the preset `recommended`, without a baseline. */
const { rules } = resolveConfiguration({});

const short = ({ rule, severity, layer, measured }: Finding): LineFinding => ({
  rule,
  severity,
  layer,
  measured: measured === null ? null : Number(measured.toPrecision(4)),
});

/**
 * Judges the network of a seed on 32 training examples with their targets: with the optimizer that it is
 * compiled with, or, if none was drawn and the question is `drawn`, with its loss alone.
 */
export async function verdictOf(
  tf: TensorFlow,
  seed: number,
  asked: Question = "compiled",
): Promise<VerdictLine> {
  const plan = planOf(seed);
  const question = plan.optimizer === null ? asked : "compiled";
  const model = await (question === "compiled" ? buildNetwork : drawNetwork)(tf, plan);
  const options = {
    seed,
    ...question === "compiled" ? {} : { objective: objectiveOf(plan.head.loss) },
  };
  const examples = await examplesOfPlan(plan);
  const batch = batchOf(tf, examples, Array.from({ length: BATCH }, (_, i) => i));
  try {
    const measurements = await measure(model, batch, options);
    const findings = judgeRun(measurements, rules);
    const kind = KIND[plan.task];
    const view: PeerView = {
      measurements,
      outputs: viewOutputs(tf, model, batch.inputs),
      inputs: batch.inputs.dataSync<"float32">(),
      targets: batch.targets.dataSync<"float32">(),
      classes: kind === "numbers" ? null : kind === "binary" ? 2 : examples.outputs,
    };
    return {
      seed,
      question,
      findings: findings.map(short),
      ...await examined(model, batch, options),
      scores: scoresOf(measurements, findings),
      peers: Object.fromEntries(
        PEERS.map((
          { name, rules },
        ) => [name, Object.keys(rules).filter((rule) => rules[rule](view))]),
      ),
    };
  } finally {
    tf.dispose([batch.inputs, batch.targets]);
    if (question === "compiled") model.optimizer.dispose();
    model.dispose();
  }
}

async function examined(
  model: LayersModel,
  batch: ReturnType<typeof batchOf>,
  options: MeasureOptions,
): Promise<Pick<VerdictLine, "tried" | "verdict" | "causes" | "fixes">> {
  const judge = (measurements: Measurements) => judgeRun(measurements, rules);
  const { findings, diagnosis, fixes } = await examine(model, batch, { ...options, judge });
  // If several fixes are needed, the last one is said to be enough.
  const isFixed = diagnosis.causes.some(({ tried }) => tried?.worked && tried.left === 0);
  return {
    tried: findings.map(short),
    verdict: diagnosis.verdict,
    causes: diagnosis.causes.map(({ kind }) => kind),
    fixes: isFixed ? fixes : [],
  };
}
