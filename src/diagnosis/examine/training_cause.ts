import type { TensorFlow } from "../../engine/tensorflow.ts";
import type { InputMeasurements, Measurements } from "../../measure/measurements.ts";
import type { LearningRates } from "../../probe/rate_search.ts";
import { learnsAsCompiled, type SkippedTrial, type Trial } from "../../probe/trial.ts";
import type { Finding } from "../../rules/finding.ts";
import { networkOf } from "../../rules/network/network.ts";
import { enoughWeaker } from "../../rules/task/flattening.ts";
import { optimizerWords } from "../../traits/optimizers.ts";
import { formatNumber } from "../../words/numbers.ts";
import { activations } from "../causes/activations.ts";
import { normalizing } from "../causes/inputs.ts";
import { targets } from "../causes/targets.ts";
import type { Cause, Suspect, Tried } from "../diagnosis.ts";
import { verdictOn } from "../verdict.ts";
import type { Fix } from "../fix.ts";
import { formatLayers } from "../fix_words.ts";
import { applyFix, type FixSubject } from "./apply_fixes.ts";
import { trainingRate } from "./search_rates.ts";

/** Inputs are out of scale if their standard deviation is above this or below its inverse. */
const FAR = 10;

/** Possible reason, invisible in one pass, why a network does not learn. */
interface Suspicion {
  kind: string;
  layers: string[];
  message: string;
  fix: Fix;
  /** The cause that one pass warned of, if any. */
  known?: Cause;
}

/** Network that does not learn its batch. */
interface Failed {
  /** Finding that reports the trial. */
  finding: Finding;
  trial: Trial;
  /** Learning rates that were tried, or `null`. */
  rates: LearningRates | SkippedTrial | null;
  measurements: Measurements;
  /** Causes that one pass named, which are warnings now and may be more serious than that. */
  known: readonly Cause[];
  /** Findings of the pass before the trial. */
  found: readonly Finding[];
}

/** Causes that only training shows, and the trial without the first. */
interface Found {
  causes: Cause[];
  fixedTrial: Trial | null;
}

/**
 * Finds out why a network does not learn although one pass shows no fault: removes, in turn, the
 * obstacles that only training meets (dropout, penalties, targets and inputs out of scale), trains
 * again, and names the one whose removal let it learn. If another rate lets it learn, the rate is
 * the cause, after any error of the pass whose fix lets it learn at the compiled rate.
 *
 * @param subject The model, its batch and its objective; restored afterwards.
 * @param failed The trial that failed, and the results of the pass.
 * @returns The causes; without a fix if no removal helped.
 */
export async function trainingCause(
  tf: TensorFlow,
  subject: FixSubject,
  failed: Failed,
  tryIt: (subject: FixSubject) => Promise<Trial | SkippedTrial>,
): Promise<Found> {
  const { finding, trial, rates, known, measurements } = failed;
  const about = { severity: finding.severity, consequences: [], findings: [finding] };
  const isRate = finding.kind === "learning-rate";
  const byRate: Found = { causes: [], fixedTrial: trial };
  if (isRate) {
    const rate = learningRate(trial, trainingRate(rates));
    const others = known.filter(({ kind }) => kind !== rate.kind);
    const trains = trial.verdict === "learns";
    byRate.causes.push({ ...about, ...rate, tried: gone(others, { trains }) });
  }
  const promoted = (cause: Cause): Cause => ({
    ...cause,
    severity: finding.severity,
    findings: [finding, ...cause.findings],
  });
  let some: Found | null = null;
  const inVain = new Set<Cause>();
  for (const { fix, known: suspect, ...suspicion } of suspicionsOf(failed)) {
    const fixed = applyFix(tf, subject, fix);
    if (fixed === null) continue;
    try {
      const fixedTrial = await tryIt(fixed.subject);
      if ("skipped" in fixedTrial) continue;
      // Success at another rate is known already.
      const verdict = isRate ? fixedTrial.givenVerdict : fixedTrial.verdict;
      if (verdict === null || !HELPED.includes(verdict)) {
        if (suspect !== undefined) inVain.add(suspect);
        continue;
      }
      const { kind, layers, message } = suspicion;
      const cause = suspect === undefined ? { ...about, kind, layers, message } : promoted(suspect);
      const trains = learnsAsCompiled(fixedTrial);
      const tried = gone(known.filter((other) => other !== suspect), { trains });
      const found = { causes: [{ ...cause, fixes: [fix], tried }, ...byRate.causes], fixedTrial };
      if (trains) return found;
      some ??= found;
    } finally {
      fixed.undo();
    }
  }
  if (some !== null) return some;
  if (isRate) return byRate;
  // The likeliest cause is one that the pass warned of, even if its fix needs another model, unless
  // its fix was tried in vain.
  const likeliest = known.find((cause) => !inVain.has(cause));
  if (likeliest !== undefined) return { causes: [promoted(likeliest)], fixedTrial: null };
  const fixes: Fix[] = [{ kind: "rebuild", what: finding.fix }];
  const plain = { kind: "trial", layers: [], message: finding.message, fixes };
  const cause = { ...about, ...bottleneck(measurements) ?? plain };
  return { causes: [cause], fixedTrial: null };
}

/** Returns the causes to try: those of the pass, then those that no pass shows. */
function suspicionsOf({ finding, trial, measurements, known, found: before }: Failed): Suspicion[] {
  const suspect = (cause: Cause) => cause.fixes.map((fix) => ({ ...cause, fix, known: cause }));
  // A rate at which the network only begins to learn may hide another cause.
  if (finding.kind === "learning-rate" && trial.verdict === "learns") {
    return known.filter((cause) => wasError(cause, before)).flatMap(suspect);
  }
  const patient = { measurements, network: networkOf(measurements), findings: [] };
  const withFix = ({ kind, layers, message, fixes }: Suspect) =>
    fixes.map((fix) => ({ kind, layers, message, fix }));
  const unscaled = targets(patient).flatMap(withFix);
  const squashed = activations(patient).flatMap(withFix);
  const unseen: Suspicion[] = [
    ...penalties(measurements, trial),
    ...dropout(measurements),
    ...unscaled,
    ...inputs(measurements),
    ...squashed,
  ];
  const isNew = ({ kind }: Suspicion) => !known.some((cause) => cause.kind === kind);
  return [...known.flatMap(suspect), ...unseen.filter(isNew)];
}

/** Returns true if the pass called a cause an error before the trial. */
function wasError({ findings }: Cause, before: readonly Finding[]): boolean {
  const errors = before.filter(({ severity }) => severity === "error");
  return findings.some(({ rule, kind, layer }) =>
    errors.some((error) => error.rule === rule && error.kind === kind && error.layer === layer)
  );
}

/** Returns the result of a fix with which the network learned, or at least began to. */
function gone(others: readonly Cause[], { trains }: { trains: boolean }): Tried {
  const left = trains ? 0 : 1;
  return { worked: true, errors: 1, left, verdict: verdictOn(others), figure: null };
}

/** Verdicts after removing a cause of the failure. */
const HELPED: readonly Trial["verdict"][] = ["learns", "slow"];

/**
 * Returns the cause if the trial learned at another rate than the given one.
 *
 * @param suggested Rate of the same optimizer that a search suggests; `null` if there is none.
 */
function learningRate(
  { attempts, best }: Trial,
  suggested: number | null,
): Omit<Cause, "severity" | "consequences" | "findings" | "tried"> {
  const { learningRate: from, optimizer: given } = attempts.find(({ given }) => given)!;
  const { learningRate: to, optimizer } = suggested === null
    ? attempts[best!]
    : { learningRate: suggested, optimizer: given };
  // A rate fixes only the optimizer that it was tried with.
  const known = from !== null && to !== null && optimizer === given;
  const words = (name: string) => optimizerWords({ name });
  const at = (rate: number | null) => rate === null ? "" : ` at a rate of ${formatNumber(rate)}`;
  return {
    kind: "learning-rate",
    layers: [],
    message: known
      ? `The network does not learn at a rate of ${formatNumber(from)}; it does at ${
        formatNumber(to)
      }.`
      : `The network does not learn by ${words(given)}${at(from)}; it does by ${words(optimizer)}${
        at(to)
      }.`,
    fixes: [
      known
        ? { kind: "learning-rate", from, to }
        : { kind: "rebuild", what: `Train the network with ${words(optimizer)}${at(to)}.` },
    ],
  };
}

function penalties({ layers: all }: Measurements, { attempts, best }: Trial): Suspicion[] {
  const ratio = best === null ? null : attempts[best].penalty.gradientRatio;
  const layers = all.filter(({ penalty }) => (penalty ?? 0) > 0).map(({ name }) => name);
  if (layers.length === 0 || ratio === null || ratio < 1) return [];
  return [{
    kind: "penalties",
    layers,
    message: `The penalties of ${formatLayers(layers, all)} drown the loss: their gradient is ` +
      `${formatNumber(ratio)} times that of the loss.`,
    // Training is drowned by penalties that a pass still accepts.
    fix: { kind: "penalties", layers, by: enoughWeaker(10 * ratio) },
  }];
}

function dropout({ layers: all }: Measurements): Suspicion[] {
  // Recurrent layers have no separate dropout rate to lower.
  const dropping = all.filter(({ kind, dropout }) => kind === "passesOn" && (dropout ?? 0) > 0);
  if (dropping.length === 0) return [];
  const layers = dropping.map(({ name }) => name);
  const rates = dropping.map(({ dropout }) => dropout!);
  const highest = Math.max(...rates);
  const least = Math.min(...rates);
  const rate = least === highest
    ? formatNumber(highest)
    : `${formatNumber(least)} to ${formatNumber(highest)}`;
  return [{
    kind: "dropout",
    layers,
    message: `Dropout takes too much: ${formatLayers(layers, all)} ${
      layers.length === 1 ? "drops" : "drop"
    } ${rate} of the entries.`,
    fix: { kind: "dropout", layers, rate: 0 },
  }];
}

/** Units from which on a layer lets enough through. */
const ROOMY = 4;

/** Returns a hidden layer of so few units that little of an example gets through. */
function bottleneck(
  measurements: Measurements,
): Pick<Cause, "kind" | "layers" | "message" | "fixes"> | null {
  const { chain } = networkOf(measurements);
  const hidden = chain.filter(({ layer, added }) => layer.role === "hidden" && !added);
  const narrow = hidden.filter(({ units, fanIn }) => units < ROOMY && fanIn >= ROOMY * units);
  if (narrow.length === 0) return null;
  const layers = narrow.map(({ layer }) => layer.name);
  const [{ units }] = narrow.toSorted((a, b) => a.units - b.units);
  return {
    kind: "bottleneck",
    layers,
    message: `All that the network knows of an example must pass through ${
      formatLayers(layers, measurements.layers)
    }, of ${units} ${units === 1 ? "unit" : "units"}.`,
    fixes: [{
      kind: "rebuild",
      what: `Widen ${formatLayers(layers, measurements.layers)}, or lead a connection around ${
        layers.length === 1 ? "it" : "them"
      }.`,
    }],
  };
}

function inputs({ batch: { perInput } }: Measurements): Suspicion[] {
  return perInput.flatMap((input, index): Suspicion[] => {
    const { name, dtype, lookedUp, values: { std, nonFinite } } = input;
    if (dtype !== "float32" || lookedUp || nonFinite > 0 || !(std > 0)) return [];
    const fix = normalizing(input, index);
    const isEach = fix.kind === "normalize-input" && fix.each !== undefined;
    if (!isOff(input) && !isEach) return [];
    return [{
      kind: "input",
      layers: [],
      message: `The input "${name}" is not normalised: ${whyUnnormalised(input)}.`,
      fix,
    }];
  });
}

function isOff({ values: { mean, std } }: InputMeasurements): boolean {
  return Math.abs(mean) > 2 * std || std > FAR || std < 1 / FAR;
}

/** Returns the figures of an input that is off as a whole, or else only feature by feature. */
function whyUnnormalised(input: InputMeasurements): string {
  const { spread, values: { mean, std } } = input;
  if (spread != null && spread < 1 / FAR ** 2) {
    return `only ${formatNumber(spread)} of its second moment differs between examples`;
  }
  if (!isOff(input)) return "its features are of different scales";
  return `its mean is ${formatNumber(mean)} and its standard deviation ${formatNumber(std)}`;
}
