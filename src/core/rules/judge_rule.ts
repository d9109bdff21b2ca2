import { haveOtherShapes } from "./weights/weights_alone.ts";
import type { Measurements } from "../measure/measurements.ts";
import { boolean, optional, requireValue } from "../../ground/words/shape.ts";
import { amendFinding, type Finding, saidOf, shownFindings } from "./finding.ts";
import { networkOf } from "./network/network.ts";
import { allRules, allThresholds, requireRule } from "./register_rule.ts";
import { reading, requireMeasurements, requireOptions } from "./require_measurements.ts";
import { resolveThresholds } from "./rule_options.ts";
import type { Rule, RuleOptions } from "./rule.ts";
import { layerNames, say, type Sentence } from "./say.ts";

/** Options of {@linkcode judgeRule} and {@linkcode runRules}. */
export interface RunRulesOptions extends RuleOptions {
  /**
   * True if the network is trained. Rules of the stage `initial` then only give notes, and dead or
   * saturated units are warnings (notes on random inputs).
   *
   * Default: true if a hidden layer has biases that are neither constant nor drawn at random as
   * PyTorch draws them. With such random biases, rules of the stage `initial` also only give notes,
   * unless biases do not matter to them. For a file of weights alone: true if biases or a
   * normalisation have moved, or no kernel has the shape of a draw.
   */
  trained?: boolean;
}

/**
 * Runs a rule as part of all rules: findings of a rule for untrained networks become notes if the
 * network is trained. (The rule's own assertion judges any network.)
 *
 * @param rule The rule.
 * @param measurements The result of `measure()`.
 * @param options Thresholds of any rule, the layers to judge, and `trained`.
 * @returns The findings, in the order of the layers.
 * @throws {InputError} If the measurements or the options are invalid, or if a threshold is out of
 * range or a layer filter matches no layer.
 *
 * @example A rule for untrained networks, on a trained one
 * ```ts
 * import { initScale, judgeRule } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 200 });
 * const measurements = await measure(model, randomBatch(model));
 * assertEquals(judgeRule(initScale, measurements)[0].severity, "error");
 * assertEquals(judgeRule(initScale, measurements, { trained: true })[0].severity, "note");
 * model.dispose();
 * ```
 */
export function judgeRule(
  rule: Rule,
  measurements: Measurements,
  options: RunRulesOptions = {},
): Finding[] {
  requireRule(rule);
  requireOptions(options);
  const { trained: given, ...ruleOptions } = options;
  requireValue("options.trained", given, optional(boolean));
  requireMeasurements(measurements);
  const isWeightsOnly = measurements.weightsOnly !== undefined;
  if (isWeightsOnly && !rule.weightsAlone) return [];
  const trained = given ?? (isWeightsOnly ? hasMoved(measurements) : undefined);
  const biases = trained === undefined
    ? reading(measurements, () => networkOf(measurements).biases)
    : null;
  const isTrained = trained ?? biases === "moved";
  const found = rule.run(measurements, ownOptions(rule, ruleOptions), isTrained);
  const findings = rule.tags.includes("signal")
    ? found.map((finding) => milderWhileCold(finding, measurements))
    : found;
  if (rule.milderWhenTrained) {
    return isTrained ? findings.map((finding) => milder(finding, measurements)) : findings;
  }
  const isMeant = !isTrained && (biases !== "drawn" || rule.anyBiases);
  if (rule.stage === "any" || isMeant) return findings;
  const why = meantFor({ trained, isTrained });
  return findings.map((finding) => {
    if (finding.severity === "note") return finding;
    const message = say`${saidOf(finding, "message")} Only a note: this rule is meant for ${why}.`;
    const fix = isTrained ? LEAVE_IT : undefined;
    return amendFinding(finding, { severity: "note", message, fix });
  });
}

/** Returns the networks that a rule is meant for, and why this one is not among them. */
function meantFor({ trained, isTrained }: { trained?: boolean; isTrained: boolean }): Sentence {
  if (trained) return say`untrained networks, and this one is trained`;
  return isTrained
    ? say`untrained networks, and the biases of this one have moved`
    : say`biases that start at zero, and those of this network are drawn at random`;
}

/**
 * Decides for a file of weights alone if it is trained: scales or moving statistics of a
 * normalisation differ from 1 and 0, biases have moved, or no kernel has the shape of a draw. Biases as PyTorch draws them count as
 * untrained.
 */
function hasMoved(measurements: Measurements): boolean {
  const isScaled = measurements.layers.some(({ kind, weights }) =>
    kind === "normalization" && weights.some(({ values }) => values.std > 1e-6 * values.maxAbs)
  );
  return isScaled || haveOtherShapes(measurements.layers) ||
    reading(measurements, () => networkOf(measurements).trained);
}

/** Returns the options without thresholds of other rules, which this rule would reject. */
function ownOptions({ thresholds: table }: Rule, options: RuleOptions): RuleOptions {
  const { layers, ignore, ...thresholds } = options;
  const own = Object.entries(thresholds).filter(([name]) => Object.hasOwn(table, name));
  if (own.length < Object.keys(options).length) {
    resolveThresholds({ ...allThresholds(), ...table }, options);
  }
  return { layers, ignore, ...Object.fromEntries(own) };
}

/**
 * Turns an error about signals into a warning if moving statistics do not fit the batch: training
 * never sees these signals.
 */
function milderWhileCold(finding: Finding, measurements: Measurements): Finding {
  if (finding.severity !== "error") return finding;
  const cold = reading(measurements, () => networkOf(measurements).cold);
  if (cold.length === 0) return finding;
  const message = say`${
    saidOf(finding, "message")
  } Only a warning, because the moving statistics of ${
    layerNames(cold.map(({ name }) => name), measurements.layers)
  } do not fit the batch: training normalises by those of the batch.`;
  return amendFinding(finding, { severity: "warning", message });
}

const LEAVE_IT = "Leave the trained weights as they are.";

/** Lowers an error to a warning or a note for a trained network. */
function milder(finding: Finding, { batch }: Measurements): Finding {
  if (finding.severity === "note") return finding;
  if (batch.random !== true) return { ...finding, severity: "warning" };
  const message = say`${
    saidOf(finding, "message")
  } Only a note: the inputs are random numbers, and the network was trained on other data.`;
  const fix = "Measure on a batch of real data.";
  return amendFinding(finding, { severity: "note", message, fix });
}

/**
 * Runs every rule on the measurements: the rules of this package, then the registered ones.
 * Findings of rules for untrained networks become notes if the network is trained.
 *
 * @param measurements The result of `measure()`.
 * @param options Thresholds, the layers to judge, and `trained`.
 * @returns All findings, in the order of {@linkcode RULES}, then of the registered rules, and of
 * the layers within a rule.
 *
 * @example Show the problems of the exercise's network
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { runRules } from "@gradient-health/gradient-health/rules";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const findings = runRules(await measure(model, randomBatch(model)));
 * const [{ severity, message, fix }] = findings;
 * console.log(`${severity}: ${message} ${fix}`);
 * assertEquals(findings.some(({ rule }) => rule === "saturated-activations"), true);
 * model.dispose();
 * ```
 *
 * @throws {InputError} If the measurements or the options are invalid, or if a threshold is out of
 * range or a layer filter matches no layer.
 */
export function runRules(measurements: Measurements, options: RunRulesOptions = {}): Finding[] {
  const findings = allRules().flatMap((rule) => judgeRule(rule, measurements, options));
  return shownFindings(findings, measurements);
}
