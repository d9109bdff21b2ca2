import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { Finding } from "../../src/rules/mod.ts";
import { judgeRun, resolveConfiguration } from "../../src/gate/mod.ts";
import { measure } from "../../src/measure/mod.ts";
import { buildNetwork } from "./build_network.ts";
import { batchOf, examplesOfPlan } from "./examples_of_plan.ts";
import { PEERS } from "./peers/peers.ts";
import { type PeerView, viewOutputs } from "./peers/view.ts";
import { KIND } from "./plan.ts";
import { planOf } from "./population.ts";
import { type Scores, scoresOf } from "./scores.ts";
import { trial } from "./trial.ts";

/** On how many training examples a network is judged: what `check` draws by default. */
const BATCH = 32;

/** What a line keeps of a finding. */
export type LineFinding = Pick<Finding, "rule" | "severity" | "layer" | "measured">;

/** What this tool and others say of the network of a seed. */
export interface VerdictLine {
  seed: number;
  findings: LineFinding[];
  /** The findings as they stand after the trial; absent where there is none. */
  tried?: LineFinding[];
  scores: Scores;
  /** By peer, which of its rules have something against the network. */
  peers: Record<string, string[]>;
  /** Wall time of `measure` and the rules, the better of two. */
  milliseconds: number;
  /** Wall time of the trial. */
  trialMilliseconds?: number;
}

/** Under the preset `recommended`, without a baseline. */
const { rules } = resolveConfiguration({});

const short = ({ rule, severity, layer, measured }: Finding): LineFinding => ({
  rule,
  severity,
  layer,
  measured: measured === null ? null : Number(measured.toPrecision(4)),
});

/** Judges the network of a seed on 32 training examples with their targets. */
export async function verdictOf(tf: TensorFlow, seed: number): Promise<VerdictLine> {
  const plan = planOf(seed);
  const model = await buildNetwork(tf, plan);
  const examples = await examplesOfPlan(plan);
  const batch = batchOf(tf, examples, Array.from({ length: BATCH }, (_, i) => i));
  try {
    const passes = [];
    for (let i = 0; i < 2; i++) {
      const started = performance.now();
      const measurements = await measure(model, batch, { seed });
      const findings = judgeRun(measurements, rules);
      passes.push({ measurements, findings, milliseconds: performance.now() - started });
    }
    const [{ measurements, findings }] = passes;
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
      findings: findings.map(short),
      ...await tryOut(model, batch, passes[0]),
      scores: scoresOf(measurements, findings),
      peers: Object.fromEntries(
        PEERS.map((
          { name, rules },
        ) => [name, Object.keys(rules).filter((rule) => rules[rule](view))]),
      ),
      milliseconds: Math.min(...passes.map(({ milliseconds }) => milliseconds)),
    };
  } finally {
    tf.dispose([batch.inputs, batch.targets]);
    model.optimizer.dispose();
    model.dispose();
  }
}

async function tryOut(
  model: LayersModel,
  batch: ReturnType<typeof batchOf>,
  { measurements, findings }: {
    measurements: Awaited<ReturnType<typeof measure>>;
    findings: Finding[];
  },
): Promise<Pick<VerdictLine, "tried" | "trialMilliseconds">> {
  if (trial === null) return {};
  const started = performance.now();
  const tried = await trial(model, batch, measurements, findings);
  return { tried: tried.map(short), trialMilliseconds: performance.now() - started };
}
