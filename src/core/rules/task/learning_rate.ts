import type { Measurements } from "../../measure/measurements.ts";
import {
  type NamedOptimizer,
  OPTIMIZERS,
  optimizerWords,
  unusualRate,
  type UsualRates,
  usualRates,
} from "../../../ground/traits/optimizers.ts";
import { defineRule } from "../define_rule.ts";
import { between, figure, moreThan, number, say, type Sentence } from "../say.ts";
import { amendFinding, type Finding, substitutedSetting, type Verdict } from "../finding.ts";
import type { Rule } from "../rule.ts";

/** The rule `learning-rate`: the compiled learning rate is usual for its optimizer. */
export const learningRate: Rule = defineRule({
  name: "learning-rate",
  assertion: "assertLearningRate",
  matcher: "toHaveUsualLearningRate",
  passes: "has a usual learning rate",
  tags: ["task"],
  order: 175,
  causeOrder: 75,
  assertionFailsOnWarnings: true,
  thresholds: {
    learningRateFactor: {
      default: 3,
      unit: "times outside the usual rates",
      range: [1, Infinity],
      source:
        "own: 35 sensible networks of bench/trainability at drawn rates, and 11 of its even seeds: " +
        "beyond it, 26 networks fail, 5 are slow, none trains; nearer to the usual rates 2 are slow, 7 train; of " +
        "80 even seeds of its focus rates (the other optimizers) 30 fail, 7 are slow, 3 train beyond it",
      about: "Factor by which a learning rate may be above or below the usual ones; nearer to " +
        "them the rule warns.",
    },
  },
  problem: "a learning rate that does not train",
  summary: "The compiled learning rate is in the usual range of its optimizer.",
  formula: `${rangesInWords()}; for momentum m, SGD's least rate times 1 - m. Outside it warns; ` +
    "fails if rate <= 0, rate < least / learningRateFactor or rate > most x learningRateFactor.",
  source: sourcesInWords(),
  misleads: "A low rate only trains slowly, and a rate that is raised later may start low: " +
    "within 300 steps such networks learn nothing. Pre-trained networks are tuned at low rates: a " +
    "trained network is not judged, unless its rate is negative. Nor is an optimizer that is not " +
    "known, unless its rate is 0 or less, or a model that was not compiled. Of a schedule, the " +
    "largest rate that it starts at or rises to is judged.",
  fix: "Compile with a usual rate: 0.01 for SGD, 0.001 for Adam.",
  asserts:
    "that the compiled learning rate is in the usual range of its optimizer, such as 0.003 to 0.35 " +
    "for SGD and 0.0001 to 0.03 for Adam. `report` and the gate only warn up to 3 times outside " +
    "(`learningRateFactor`). A model that was not compiled gets no verdict.",
  fails: "the learning rate is unusually low or high",
  throws: "If the learning rate is unusually low or high.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertLearningRate } from "@gradient-health/gradient-health/assert";

      await using engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      const optimizer = engine.tf.train.adam(1e-3);
      model.compile({ optimizer, loss: "meanSquaredError" });
      assertLearningRate(await measure(model, randomBatch(model)));
      optimizer.dispose();
      model.dispose();
    `,
  },
  // One figure for the model: no layer has a bar.
  figure: { title: "learning rate", scale: "log", of: () => null },
  judge({
    measurements: { optimizer, notReproduced = [] },
    thresholds: { learningRateFactor },
    trained,
  }) {
    const rate = optimizer?.learningRate ?? null;
    const side = optimizer === undefined ? null : unusualRate(optimizer, rate);
    // The rate of a trained network has done its work, and low rates are right for further
    // training.
    if (optimizer !== undefined && rate !== null && side !== null && !(trained && rate >= 0)) {
      return [rateVerdict(optimizer, rate, side, learningRateFactor)];
    }
    const substituted = notReproduced.find(({ setting }) => setting === "optimizer");
    return substituted === undefined ? [] : [substitutedSetting(substituted)];
  },
});

/** Returns the factor by which a rate is below or above the usual ones. */
function timesBeyond({ least, most }: UsualRates, rate: number, side: "low" | "high"): number {
  return side === "low" ? least / rate : rate / most;
}

function rateVerdict(
  optimizer: NonNullable<Measurements["optimizer"]>,
  rate: number,
  side: "low" | "high",
  learningRateFactor: number,
): Verdict {
  const usual = usualRates(optimizer);
  const expected = usual === null ? moreThan(0) : between(usual.least, usual.most);
  const rateFigure = figure(rate, "learning rate");
  const times = usual === null ? Infinity : timesBeyond(usual, rate, side);
  // Rates that are 0, negative or NaN are as wrong as can be.
  const isFar = !(times > 0 && times <= learningRateFactor);
  const { schedule } = optimizer;
  const from = schedule === undefined ? say`` : say` (the largest of its ${schedule})`;
  return {
    severity: isFar ? "error" : "warning",
    layer: null,
    kind: isFar ? `too-${side}` : side,
    measured: rate,
    expected,
    ...isFar ? { threshold: "learningRateFactor" as const } : {},
    figures: {
      rate: rateFigure,
      ...usual === null ? {} : { advised: figure(usual.first, "learning rate") },
    },
    message: say`The model is compiled with a learning rate of ${rateFigure}${from}, ${
      judgedWords(optimizer, rate, side)
    }; expected ${expected}.`,
    fix: usual === null ? "Compile it with a learning rate above 0." : compileWith(usual.first),
  };
}

const compileWith = (rate: number) => say`Compile it with a learning rate of ${number(rate)}.`;

/**
 * Returns a finding that advises the rate that a search has found, instead of the first of the usual
 * ones.
 */
export function adviseRate(finding: Finding, rate: number): Finding {
  const advised = figure(rate, "learning rate");
  return amendFinding({ ...finding, figures: { ...finding.figures, advised } }, {
    fix: compileWith(rate),
  });
}

/** Returns the consequence of an unusual rate. */
function judgedWords(optimizer: NamedOptimizer, rate: number, side: "low" | "high"): Sentence {
  if (rate === 0) return say`with which no weight changes`;
  if (rate < 0) return say`with which each step raises the loss`;
  const { name, settings } = optimizer;
  return say`${side === "low" ? say`below` : say`above`} the usual range of ${
    optimizerWords({ name, settings })
  }`;
}

/** Describes the usual rates of every optimizer, grouped by range. */
function rangesInWords(): string {
  const ranges = Map.groupBy(
    Object.keys(OPTIMIZERS).filter((name) => name !== "Momentum"),
    (name) => {
      const { least, most } = usualRates({ name })!;
      return `${least} <= rate <= ${most}`;
    },
  );
  return [...ranges].map(([range, names]) => `${range} for ${names.join(", ")}`).join("; ");
}

/** Returns the sources of the usual rates, each with the optimizers that it is for. */
function sourcesInWords(): string {
  const known = new Map<string, string[]>();
  for (const [name, { source }] of Object.entries(OPTIMIZERS)) {
    for (const one of source.split("; ")) known.set(one, [...known.get(one) ?? [], name]);
  }
  const words = [...known].map(([source, names]) => `${source} (${names.join(", ")})`);
  return `${words.join("; ")}.`;
}
