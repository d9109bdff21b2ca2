import type { Measurements } from "../measure/measurements.ts";
import { callPlace } from "../model/layers/layer_source.ts";
import { type Finding, SEVERITIES } from "../rules/finding.ts";
import { networkOf } from "../rules/network/network.ts";
import { allRules } from "../rules/register_rule.ts";
import { findingShape, reading, requireMeasurements } from "../rules/require_measurements.ts";
import { list, requireValue } from "../../ground/words/shape.ts";
import { activations, attention, hiddenSoftmax, missingActivations } from "./causes/activations.ts";
import { baseline, frozen, learningRate, regularization } from "./causes/training.ts";
import { biases, headBias } from "./causes/biases.ts";
import {
  brokenNumbers,
  cutGradient,
  flatRows,
  mutualZeros,
  residualGrowth,
} from "./causes/signal.ts";
import { constantWeights, embeddings } from "./causes/constant_weights.ts";
import { gains, kernelScale, narrowChain } from "./causes/kernel_scale.ts";
import { heads } from "./causes/heads.ts";
import { inputs, targets } from "./causes/data.ts";
import { coldStatistics, singleUnits, zeroScales } from "./causes/normalizations.ts";
import { layersOf } from "./causes/shared.ts";
import {
  type Cause,
  type Consequence,
  type Diagnosis,
  type JudgedWeights,
  type Patient,
  type Search,
  shownDiagnosis,
  type Suspect,
  verdictOn,
} from "./diagnosis.ts";
import type { Fix, FixWeight } from "./fix.ts";
import { formatLayers } from "./fix_words.ts";

/**
 * Groups findings by cause. If the kernels of nine layers are 892 times too large, that is the
 * cause; saturation and lost gradients are its consequences.
 *
 * @param measurements The result of `measure()`.
 * @param findings Findings of the rules, such as `runRules(measurements)`.
 * @returns The causes, each with its consequences. Every finding except notes belongs to exactly
 * one of them.
 * @throws {InputError} If an argument is invalid.
 *
 * @example One cause, and not 36 errors
 * ```ts
 * import { runRules } from "@gradient-health/gradient-health/rules";
 * import { diagnose } from "@gradient-health/gradient-health/diagnosis";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const measurements = await measure(model, randomBatch(model));
 * const { verdict, causes } = diagnose(measurements, runRules(measurements));
 * assertEquals(verdict, "sick");
 * assertEquals(causes.map(({ kind }) => kind), ["kernel-scale"]);
 * model.dispose();
 * ```
 */
export function diagnose(measurements: Measurements, findings: readonly Finding[]): Diagnosis {
  requireMeasurements(measurements);
  requireValue("findings", findings, list(findingShape));
  const found = reading(measurements, () => findCauses(measurements, findings));
  return shownDiagnosis({ measurements, findings, diagnosis: found });
}

function findCauses(measurements: Measurements, findings: readonly Finding[]): Diagnosis {
  const patient: Patient = { measurements, network: networkOf(measurements), findings };
  const open = new Set(findings.filter(({ severity }) => severity !== "note"));
  // Without findings there is nothing to suspect.
  const suspects = open.size === 0 ? [] : SEARCHES.flatMap((search) => search(patient));
  const stated = suspects.map((suspect) => ({ suspect, states: take(open, suspect.states) }));
  const causes = stated.map(({ suspect, states }) => {
    const follow = take(open, [...open].filter((finding) => suspect.explains(finding)));
    return causeOf(suspect, states, follow, patient);
  }).filter((cause) => cause !== null);
  const rest = [...Map.groupBy(open, groupOf)].toSorted(([a], [b]) => rankOf(a) - rankOf(b))
    .map(([, found]) => alone(found, patient));
  const certain = stated.flatMap(({ states }) => states).filter(isError);
  // The sort is stable: causes of equal severity stay in the order of the searches.
  const sorted = [...causes, ...rest].toSorted((a, b) =>
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity)
  );
  const all = rateFirst(sorted, certain).map((cause) => ({
    ...cause,
    fixes: cause.fixes.map((fix) => inFramework(fix, measurements)),
  }));
  const { notReproduced = [], weightsOnly } = measurements;
  const notJudged = [
    ...new Set(notReproduced.flatMap(({ setting }) => setting === "argument" ? [] : [setting])),
  ];
  const judged = {
    ...notJudged.length > 0 ? { notJudged } : {},
    ...weightsOnly === undefined ? {} : { weightsOnly: judgedWeights() },
  };
  return {
    ...judged,
    verdict: verdictOn(all, judged),
    causes: all,
    notes: findings.filter(({ severity }) => severity === "note"),
  };
}

const isError = ({ severity }: Pick<Finding, "severity">) => severity === "error";

/**
 * Moves a learning rate beyond any use before the first cause that states no error and only explains
 * some: at this rate the network does not train, whatever becomes of the other cause.
 */
function rateFirst(causes: readonly Cause[], certain: readonly Finding[]): readonly Cause[] {
  const rate = causes.find(({ kind, severity }) =>
    kind === "learning-rate" && isError({ severity })
  );
  const place = causes.findIndex(({ findings }) =>
    !findings.some((finding) => certain.includes(finding))
  );
  if (rate === undefined || place === -1 || causes.indexOf(rate) < place) return causes;
  const others = causes.filter((cause) => cause !== rate);
  return [...others.slice(0, place), rate, ...others.slice(place)];
}

/** Counts the rules that judge weights without a network. */
export function judgedWeights(): JudgedWeights {
  const rules = allRules();
  return { rules: rules.filter(({ weightsAlone }) => weightsAlone).length, of: rules.length };
}

/** Overflow is non-finite, too. */
const groupOf = ({ rule, kind }: Finding) =>
  rule === "exploding-gradients" && kind === "overflow" ? "non-finite" : rule;

/**
 * Returns the rank of a rule among those that nothing explains: rules that find causes come first.
 */
const rankOf = (rule: string) =>
  allRules().find(({ name }) => name === rule)?.causeOrder ?? Number.MAX_VALUE;

/** Removes findings from the open ones and returns them: each belongs to one cause. */
function take(open: Set<Finding>, wanted: readonly Finding[]): Finding[] {
  return wanted.filter((finding) => open.delete(finding));
}

/** A suspect that states and explains nothing is not a cause. */
function causeOf(
  { kind, layers, message, fixes }: Suspect,
  states: Finding[],
  follow: Finding[],
  patient: Patient,
): Cause | null {
  const found = [...states, ...follow];
  if (found.length === 0) return null;
  const consequences = consequencesOf(follow, patient.measurements);
  return { kind, layers, message, fixes, consequences, findings: found, severity: gravest(found) };
}

/** Findings without a suspect become causes themselves: for NaN, where it first appears. */
function alone(found: Finding[], patient: Patient): Cause {
  const [first, ...others] = found.toSorted((a, b) =>
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    Number(b.kind === "origin") - Number(a.kind === "origin")
  );
  const named = layersOf([first], patient);
  const more = layersOf(others, patient).filter((name) => !named.includes(name));
  const where = formatLayers(more, patient.measurements.layers);
  const beginning = first.kind === "origin" ? "They spread to" : "The same in";
  const also = more.length === 0 ? "" : ` ${beginning} ${where}.`;
  return {
    kind: first.rule,
    severity: first.severity,
    layers: layersOf(found, patient),
    message: `${first.message}${also}`,
    consequences: [],
    findings: found,
    fixes: [{ kind: "rebuild", what: first.fix }],
  };
}

/**
 * Returns the consequences of a cause, by rule.
 *
 * @param findings Findings that follow from the cause.
 * @param measurements The measurements that they are about.
 */
export function consequencesOf(
  findings: readonly Finding[],
  measurements: Measurements,
): Consequence[] {
  const byRule = Map.groupBy(findings, ({ rule }) => rule);
  return allRules().flatMap(({ name, problem }) => {
    const found = byRule.get(name);
    if (found === undefined) return [];
    return [{
      rule: name,
      problem,
      severity: gravest(found),
      layers: layersOf(found, { measurements }),
    }];
  });
}

function gravest(findings: readonly Finding[]): Finding["severity"] {
  return SEVERITIES.find((severity) => findings.some((finding) => finding.severity === severity))!;
}

/**
 * Searches, in the order in which they may claim consequences: faults that break every number
 * first, then inputs and outputs, then the weights, and last faults of no single layer.
 */
const SEARCHES: readonly Search[] = [
  brokenNumbers,
  frozen,
  coldStatistics,
  singleUnits,
  zeroScales,
  inputs,
  headBias,
  heads,
  targets,
  cutGradient,
  mutualZeros,
  constantWeights,
  embeddings,
  flatRows,
  biases,
  hiddenSoftmax,
  kernelScale,
  attention,
  missingActivations,
  residualGrowth,
  activations,
  narrowChain,
  gains,
  learningRate,
  regularization,
  baseline,
];

/**
 * Returns a fix in the words of the framework that the network was written in: PyTorch if the
 * weights are those of a state dict or the layers those of a program, Keras if Keras wrote the
 * layers, else TensorFlow.js.
 */
function inFramework(fix: Fix, measurements: Measurements): Fix {
  const { format = null } = measurements.weightsOnly ?? {};
  if (format === "Keras") return { ...fix, framework: "keras" };
  if (format === "PyTorch" || format === "safetensors") return inTorch(fix, measurements);
  const { framework } = measurements.model;
  if (framework === "pytorch") return inTorch(fix, measurements);
  return framework === undefined ? fix : { ...fix, framework };
}

function inTorch(fix: Fix, { layers }: Measurements): Fix {
  const framework = "pytorch";
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const mark = <T extends FixWeight>(weights: T[]): T[] =>
    weights.map((weight) => {
      const layer = byName.get(weight.layer);
      if (layer === undefined) return weight;
      const marked = { ...weight };
      const { className, kernelLayout = "", source } = layer;
      // A Conv1D is GPT-2's dense layer, with its kernel transposed.
      const isTransposed = className === "Conv1D" || kernelLayout === "transposed" ||
        kernelLayout.startsWith("einsum i");
      if (isTransposed) marked.inputsFirst = true;
      const place = callPlace(source);
      if (place !== null) marked.source = place;
      return marked;
    });
  switch (fix.kind) {
    case "rescale":
      return { ...fix, framework, weights: mark(fix.weights) };
    case "redraw":
      return { ...fix, framework, weights: mark(fix.weights) };
    case "set-bias":
      return { ...fix, framework, weights: mark(fix.weights) };
    default:
      return { ...fix, framework };
  }
}
