import { wilsonInterval } from "../../ground/theory/statistics.ts";
import { formatCount, formatPercent } from "../../ground/words/numbers.ts";
import type { AssertionDocumentation } from "./rule.ts";

/** Healthy networks drawn by `bench/false_positives.ts`. */
const CONTROLS =
  "tanh and selu at criticality, depth 3 to 30, and He relu, depth 5; width 64, 32 " +
  "examples";

/** Number of healthy networks that a rule reported. */
interface FalsePositives {
  /** Number of networks drawn. */
  draws: number;
  /** Number of networks with an error. Default: 0. */
  errors?: number;
  /** Number of other networks with a warning. Default: 0. */
  warnings?: number;
  /** Description of the networks. Default: the controls. */
  of?: string;
}

/** Describes the false-positive rate of a rule with its 95 % interval. */
export function falsePositives(
  { draws, errors = 0, warnings = 0, of = CONTROLS }: FalsePositives,
  more?: string,
): string {
  const failed = errors === 0
    ? `95 % interval up to ${formatPercent(wilsonInterval(0, draws)[1])}`
    : formatPercent(errors / draws);
  const warned = warnings === 0 ? "" : ` (${formatPercent(warnings / draws)})`;
  const text = `On ${draws} healthy networks (${of}): ${
    formatCount(errors, "error")
  } (${failed}), ${formatCount(warnings, "warning")}${warned}.`;
  return more === undefined ? text : `${text} ${more}`;
}

/**
 * Returns an example of a network that passes an assertion about its head, its targets or its loss.
 */
export function regressionExample(assertion: string): AssertionDocumentation["example"] {
  const title = "A network that passes";
  return {
    title,
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { ${assertion} } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const objective = "meanSquaredError";
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      const batch = randomBatch(model, { objective });
      ${assertion}(await measure(model, batch, { objective }));
      model.dispose();
    `,
  };
}
