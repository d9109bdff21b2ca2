import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import { ruleFigure } from "../text/chart_model.ts";
import {
  brokenRules,
  causeLines,
  fixWords,
  placesOf,
  trialLines,
  verdictLine,
} from "../text/render_diagnosis.ts";
import { falsePositives } from "../rules/rule_documentation.ts";
import { allRules } from "../rules/register_rule.ts";
import type { AssertionDocumentation, RuleDocumentation } from "../rules/rule.ts";
import { RULES } from "../rules/rules.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import {
  describeModel,
  figureLines,
  oneLine,
  shortNames,
  withShortNames,
} from "./failure_message.ts";

/** These keep the message under 25 lines, including the caller's `msg` and a line before it. */
const MAX_LINES = 22;
const MAX_CAUSES = 3;
const MAX_BARS = 7;
/** Lines of a chart other than bars: its title, its axis, and the number of rows left out. */
const AROUND_BARS = 3;

/** Measurements and diagnosis of a network. */
export interface Illness {
  measurements: Measurements;
  /** Diagnosis. */
  diagnosis: Diagnosis;
}

/**
 * Returns the text of a failed `assertHealthy`: the verdict; at most three causes with the fix, the
 * result of trying it, and consequences; the trial; and the chart of the first cause. Each sentence
 * is one line, so that a log can be searched for it.
 */
export function healthMessage(
  { measurements, diagnosis }: Illness,
  msg: string | undefined,
): string {
  const { verdict, causes, trial, rates } = diagnosis;
  const nameOf = shortNames(measurements.layers.map(({ name }) => name));
  const layers = measurements.layers.map(({ name, className }) => ({
    name: nameOf(name),
    className,
  }));
  // Warnings are left out, unless the message is about nothing else.
  const failing = causes.filter(({ severity }) => verdict === "weak" || severity === "error");
  const rest = failing.length - MAX_CAUSES;
  const style = { width: Infinity, color: false };
  const said = failing.slice(0, MAX_CAUSES)
    .map(({ findings: _, ...cause }) => withShortNames(cause, nameOf, measurements))
    .flatMap((cause, i) => causeLines({ ...cause, findings: [] }, `${i + 1}. `, layers, style));
  const lines = [
    `${describeModel(measurements)} is ${verdictLine(diagnosis, style)}`,
    ...said,
    ...rest > 0 ? [`${formatCount(rest, "more cause")} not shown.`] : [],
    ...trialLines({ trial, rates, causes: failing }, style),
    brokenRules(failing),
  ].map(oneLine);
  return [
    ...lines,
    ...chartOf(failing[0], measurements, MAX_LINES - lines.length - AROUND_BARS),
    ...msg === undefined ? [] : [msg],
  ].join("\n");
}

/**
 * Returns the warnings among the causes, one line each: what is wrong, the fix, and where; for a
 * network that was not judged in full, a line that says so.
 *
 * @param place Place of the assertion; `null` if it is unknown.
 */
export function warningLines(
  { measurements, diagnosis }: Illness,
  place: string | null,
): string[] {
  const { layers } = measurements;
  const nameOf = shortNames(layers.map(({ name }) => name));
  const model = describeModel(measurements);
  const at = place === null ? [] : [`(${place})`];
  if (diagnosis.verdict === "unjudged") {
    return [oneLine([`${model}: ${verdictLine(diagnosis, { color: false })}`, ...at].join(" "))];
  }
  return diagnosis.causes.filter(({ severity }) => severity === "warning")
    .map((cause) => {
      const fixes = fixWords(cause, layers).map((fix) => `Fix: ${fix}`);
      const said = [cause.message, ...placesOf(cause.layers, layers), ...fixes, ...at].join(" ");
      return withShortNames(said, nameOf, measurements);
    })
    .map((said) => oneLine(`${model}: warning: ${said}`));
}

/** Draws the chart of the first rule that found a cause. */
function chartOf({ findings }: Cause, { layers }: Measurements, room: number): string[] {
  const first = findings.find(({ unjudged, rule }) =>
    !unjudged && allRules().some(({ name }) => name === rule)
  );
  if (first === undefined || room < 2) return [];
  const { figure } = allRules().find(({ name }) => name === first.rule)!;
  const marked = findings.filter(({ rule }) => rule === first.rule);
  return figureLines(ruleFigure(figure, layers), marked, Math.min(MAX_BARS, room));
}

/** Documentation of `assertHealthy`, which is not a rule: it runs all rules of one pass. */
export const HEALTHY_DOCUMENTATION: RuleDocumentation & {
  assertionDocumentation: AssertionDocumentation;
  /** Documentation of its asynchronous form, which takes a model. */
  modelDocumentation: AssertionDocumentation;
} = {
  name: "assertHealthy",
  assertion: "",
  problem: "problems",
  stage: "any",
  summary: "No single-pass rule finds an error in the network.",
  formula: `the number of findings of severity error is 0, over ${
    RULES.map(({ name }) => name).join(", ")
  }. Rules for untrained networks only note what they find in a trained one.`,
  thresholds: {},
  source: "torch-audit, one report with every finding.",
  misleads:
    "See each rule. Rules without a verdict (few examples, layers that theory does not describe) " +
    "pass, with a note that only `runRules` and the reports show. A network without any measured " +
    "gradient fails.",
  fix: "Do what the message says of each cause; it also names the rules.",
  falsePositives: falsePositives(
    { draws: 1600, warnings: 93 },
    "All warnings are from initial-loss.",
  ),
  assertionDocumentation: {
    asserts:
      "every single-pass rule, that is every rule of `RULES`, on what was measured. The message says " +
      "how many causes the errors have, and of the gravest three what is wrong, what to do and what " +
      "follows: all other findings follow from these. Warnings are a line each on stderr, with the fix and " +
      "the line of the assertion, and " +
      'fail with `failOn: "weak"`; a trained network does not fail the rules for untrained networks. Measurements hold no weights, so ' +
      "nothing is tried: given the model and the batch instead, `await assertHealthy(model, batch)` " +
      "trains before it fails, tries its own fixes, and judges the layers below a head of zeros, " +
      "of which these measurements hold no gradient.",
    fails: "a rule of this table finds an error",
    throws: "If a rule finds an error.",
    example: {
      title: "A network that passes and one that does not",
      code: `
        import { startEngine } from "@gradient-health/gradient-health/engine";
        import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
        import { measure } from "@gradient-health/gradient-health/measure";
        import { assertHealthy } from "@gradient-health/gradient-health/assert";
        import { assertThrows } from "@std/assert";

        await using _engine = await startEngine();
        const model = exerciseModel({ std: 1 / Math.sqrt(20) });
        assertHealthy(await measure(model, randomBatch(model)));
        model.dispose();

        const broken = exerciseModel({ std: 200 });
        const measurements = await measure(broken, randomBatch(broken));
        assertThrows(() => assertHealthy(measurements));
        broken.dispose();
      `,
    },
  },
  modelDocumentation: {
    asserts:
      "that a model is healthy, and tries its verdict before it fails. It measures the model on the batch, " +
      "or on a random one, and judges it by every single-pass rule. Where one finds an error, the network is trained on the " +
      "batch for some steps, and the error is only a warning, which does not fail, if it learns. It is also " +
      "trained where something is unusual that one pass cannot judge, and fails if it does not learn. Each " +
      "cause's fixes are applied to the model, which is measured, and trained, again; the message has " +
      "those that worked, with the figures before and after. Where nothing is unusual the network is not " +
      "trained, which costs one pass. Afterwards the model is bit by bit what it was.",
    fails: "a rule finds an error and the network does not learn its batch",
    throws:
      "If the network is sick: a rule finds an error, and the network does not learn the batch or was " +
      "not trained; or no rule does, but it was trained and does not learn.",
    refuses:
      "If a threshold is out of range, a layer filter matches no layer, or the batch does not suit the " +
      "model.",
    example: {
      title: "A network with kernels that are too large, which does not learn",
      code: `
        import { startEngine } from "@gradient-health/gradient-health/engine";
        import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
        import { assertHealthy } from "@gradient-health/gradient-health/assert";
        import { AssertionError, assertRejects } from "@std/assert";

        await using _engine = await startEngine();
        const model = exerciseModel({ std: 1 / Math.sqrt(20) });
        await assertHealthy(model);
        model.dispose();

        const broken = exerciseModel({ std: 200 });
        await assertRejects(
          () => assertHealthy(broken, randomBatch(broken)),
          AssertionError,
          "SICK: 1 cause",
        );
        broken.dispose();
      `,
    },
  },
};
