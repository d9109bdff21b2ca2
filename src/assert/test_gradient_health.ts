import { AssertionError } from "@std/assert/assertion-error";
import { judgeRule, type RunChecksOptions } from "../checks/judge_rule.ts";
import { resolveThresholds } from "../checks/resolve_thresholds.ts";
import { RULES } from "../checks/rules.ts";
import { show } from "../checks/show.ts";
import { startEngine } from "../engine/start_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import { assertBatchIndependence } from "./assert_batch_independence.ts";
import { assertCausal } from "./assert_causal.ts";
import { assertDependsOnInput } from "./assert_depends_on_input.ts";
import { assertGradientsMatchNumeric } from "./assert_gradients_match_numeric.ts";
import { assertLossReduction } from "./assert_loss_reduction.ts";
import { assertOverfitsBatch } from "./assert_overfits_batch.ts";
import { assertUpdateRatio } from "./assert_update_ratio.ts";
import { assertWeightsChange } from "./assert_weights_change.ts";
import { assertWeightsFrozen } from "./assert_weights_frozen.ts";
import type { CreateModel, DrawOptions } from "./create_model.ts";
import { failureMessage } from "./failure_message.ts";
import { ruleFigure } from "./message_parts.ts";
import { openDraw } from "./open_draw.ts";
import { ruleNames, validateDrawOptions } from "./validate.ts";

/** An assertion over a model and a batch. */
interface ModelAssertionEntry {
  assertion: (
    model: LayersModel,
    batch: Batch,
    options: Pick<ProbeOptions, "objective" | "seed">,
  ) => Promise<void>;
  /** Whether it takes an objective. */
  takesObjective: boolean;
}

/** The assertions over a model and a batch, by the names of their rules. */
const MODEL_ASSERTIONS: Readonly<Record<string, ModelAssertionEntry>> = {
  "input-dependence": { assertion: assertDependsOnInput, takesObjective: false },
  "batch-independence": { assertion: assertBatchIndependence, takesObjective: false },
  causality: { assertion: assertCausal, takesObjective: false },
  "loss-reduction": { assertion: assertLossReduction, takesObjective: true },
  "numeric-gradients": { assertion: assertGradientsMatchNumeric, takesObjective: true },
  "weights-change": { assertion: assertWeightsChange, takesObjective: true },
  "weights-frozen": { assertion: assertWeightsFrozen, takesObjective: true },
  "update-ratio": { assertion: assertUpdateRatio, takesObjective: true },
  "overfits-batch": { assertion: assertOverfitsBatch, takesObjective: true },
};

/** Options of {@linkcode testGradientHealth}. */
export interface TestGradientHealthOptions extends DrawOptions, RunChecksOptions {
  /** Seed to create the model under. Default: 0. */
  seed?: number;
  /** Which rules over measurements to check, by name. Default: all that there are. */
  rules?: readonly string[];
  /**
   * Which rules over the model to check besides, by name: `"batch-independence"`, `"causality"`,
   * `"overfits-batch"` ... with their default thresholds. Default: none.
   */
  modelRules?: readonly string[];
}

/**
 * Registers one `Deno.test` that creates a model, measures it once, and has a step for each check, so that
 * the log shows which of them fail.
 *
 * @param name Name of the test.
 * @param create Makes the model from a seed, with the TensorFlow.js of the engine, which the test starts.
 * @param options Which checks with which thresholds, and on what.
 *
 * @example One line for a network
 * ```ts
 * import { exerciseModel } from "@gradient-health/gradient-health/model";
 * import { testGradientHealth } from "@gradient-health/gradient-health/assert";
 *
 * // In a test file, at top level.
 * export const register = () =>
 *   testGradientHealth(
 *     "the network can be trained",
 *     ({ seed }) => exerciseModel({ stddev: 1 / Math.sqrt(20), seed }),
 *     { objective: "meanSquaredError", modelRules: ["batch-independence", "weights-change"] },
 *   );
 * ```
 *
 * @throws {TypeError} If an argument is not what it must be, or a rule is not known.
 * @throws {RangeError} If a threshold is out of range or the seed is no whole number.
 */
export function testGradientHealth(
  name: string,
  create: CreateModel,
  options: TestGradientHealthOptions = {},
): void {
  validateDrawOptions(create, options);
  const { seed = 0, objective, createBatch, rules, modelRules = [], ...checkOptions } = options;
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`name must be a text that is not empty, got ${show(name)}.`);
  }
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(`options.seed must be a whole number, got ${show(seed)}.`);
  }
  // Which layers there are is known when the test runs; thresholds and typing errors are now.
  const { layers: _layers, ignore: _ignore, trained: _trained, ...thresholds } = checkOptions;
  resolveThresholds(thresholds);
  const chosen = ruleNames("rules", RULES.map((rule) => rule.name), rules);
  const models = ruleNames("modelRules", Object.keys(MODEL_ASSERTIONS), modelRules);
  Deno.test(name, async (t) => {
    await using _engine = await startEngine();
    const draw = await openDraw(create, seed, { objective, createBatch });
    try {
      const measurements = draw.measure();
      for (const rule of RULES.filter(({ name }) => chosen.has(name))) {
        await t.step(rule.name, () => {
          const errors = judgeRule(rule, measurements, checkOptions)
            .filter(({ severity }) => severity === "error");
          if (errors.length === 0) return;
          const { layers } = measurements;
          const figure = ruleFigure(rule.figure, layers);
          const failure = { rule, subject: measurements, errors, layers, figure };
          throw new AssertionError(failureMessage(failure, undefined));
        });
      }
      for (const name of models) {
        const { assertion, takesObjective } = MODEL_ASSERTIONS[name];
        await t.step(
          name,
          () => assertion(draw.model, draw.batch, { seed, ...takesObjective ? { objective } : {} }),
        );
      }
    } finally {
      draw.close();
    }
  });
}
