import type { Optimizer } from "../../../engine/tensorflow.ts";
import type {
  InputMeasurements,
  LayerMeasurements,
  Measurements,
} from "../../measure/measurements.ts";
import type { LearningRates } from "../../probe/rate_search.ts";
import { disposeOptimizer, freshOptimizer } from "../../probe/training_step.ts";
import { learnsInTime, type SkippedTrial, type Trial } from "../../probe/trial.ts";
import type { Finding } from "../../rules/finding.ts";
import { networkOf } from "../../rules/network/network.ts";
import { enoughWeaker } from "../../rules/task/regularization.ts";
import { type OptimizerSettings, optimizerWords } from "../../../ground/traits/optimizers.ts";
import { formatNumber } from "../../../ground/words/numbers.ts";
import { activations } from "../causes/activations.ts";
import { normalizing, targets } from "../causes/data.ts";
import type { Cause, Suspect } from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { formatLayers } from "../fix_words.ts";
import type { Fixed, FixSubject } from "./apply_fixes.ts";

/** Inputs are out of scale if their standard deviation is above this or below its inverse. */
const FAR = 10;

/** Possible reason, invisible in one pass, why a network does not learn. */
export interface Suspicion {
  kind: string;
  layers: string[];
  message: string;
  fix: Fix;
  /** The cause that one pass warned of, if any. */
  known?: Cause;
  /** Settings of the optimizer to try in place of the fix. */
  without?: OptimizerSettings;
}

/** Network that does not learn its batch. */
export interface Failed {
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

/** Returns the causes to try: those of the pass, then those that no pass shows. */
export function suspicionsOf(
  { finding, trial, measurements, known, found: before }: Failed,
): Suspicion[] {
  const suspect = (cause: Cause) => cause.fixes.map((fix) => ({ ...cause, fix, known: cause }));
  const ofOptimizer = finding.kind === "learning-rate" ? heldBack(measurements) : [];
  // A rate at which the network learns late, or only begins to, may hide another cause.
  if (finding.kind === "learning-rate" && learnsInTime(trial)) {
    return [...ofOptimizer, ...known.filter((cause) => wasError(cause, before)).flatMap(suspect)];
  }
  const isNew = ({ kind }: Suspicion) => !known.some((cause) => cause.kind === kind);
  const unseen = unseenSuspicions(measurements, trial).filter(isNew);
  return [...ofOptimizer, ...known.flatMap(suspect), ...unseen];
}

/** Returns the causes that no pass shows and a network may have. */
export function unseenSuspicions(measurements: Measurements, trial: Trial): Suspicion[] {
  const patient = { measurements, network: networkOf(measurements), findings: [] };
  const withFix = ({ kind, layers, message, fixes }: Suspect) =>
    fixes.map((fix) => ({ kind, layers, message, fix }));
  const unscaled = targets(patient).flatMap(withFix);
  const squashed = activations(patient).flatMap(withFix);
  return [
    ...penalties(measurements, trial),
    ...dropout(measurements),
    ...unscaled,
    ...inputs(measurements),
    ...squashed,
  ];
}

/** Returns true if the pass called a cause an error before the trial. */
function wasError({ findings }: Cause, before: readonly Finding[]): boolean {
  const errors = before.filter(({ severity }) => severity === "error");
  return findings.some(({ rule, kind, layer }) =>
    errors.some((error) => error.rule === rule && error.kind === kind && error.layer === layer)
  );
}

function penalties({ layers: all }: Measurements, { attempts, best }: Trial): Suspicion[] {
  const ratio = best === null ? null : attempts[best].penalty.gradientRatio;
  const layers = all.filter(({ penalty }) => (penalty ?? 0) > 0).map(({ name }) => name);
  if (layers.length === 0 || ratio === null || ratio < 1) return [];
  return [{
    kind: "penalties",
    layers,
    message: `The penalties of ${formatLayers(layers, all)} outweigh the loss: their gradient is ` +
      `${formatNumber(ratio)} times that of the loss.`,
    // Penalties that a pass still accepts can outweigh the loss in training.
    fix: { kind: "penalties", layers, by: enoughWeaker(10 * ratio) },
  }];
}

/**
 * A layer is too narrow for its dropout if more than this share of the examples loses all of its
 * units. Even seeds of `bench/trainability` that fail by their dropout: 0 of four with a rate of 0.32
 * to 0.64 in wide layers, 9 % of one with 2 units and of one with eleven layers of 4.
 */
const NOTHING_LEFT = 0.01;

/** Returns the share of examples of which dropout leaves nothing in some layer. */
function lostShare(dropping: readonly LayerMeasurements[], examples: number): number {
  return 1 - dropping.reduce((kept, { dropout, activations }) => {
    const entries = (activations?.count ?? Infinity) / examples;
    return kept * (1 - dropout! ** entries);
  }, 1);
}

function dropout({ layers: all, batch: { examples } }: Measurements): Suspicion[] {
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
  const drops = `${formatLayers(layers, all)} ${
    layers.length === 1 ? "drops" : "drop"
  } ${rate} of the entries`;
  const lost = lostShare(dropping, examples);
  const isNarrow = lost > NOTHING_LEFT;
  return [{
    kind: isNarrow ? "narrow" : "dropout",
    layers,
    message: isNarrow
      ? `The network is too narrow for its dropout: ${drops}, and of ${
        formatNumber(100 * lost)
      } % of the examples nothing is left in some layer.`
      : `Dropout takes too much: ${drops}.`,
    fix: { kind: "dropout", layers, rate: 0 },
  }];
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

/** Settings of an optimizer that keep its steps small, in words, and their values if they are off. */
const HOLDING: readonly { name: string; off: number | boolean; words: string }[] = [
  { name: "weightDecay", off: 0, words: "a weight decay of" },
  { name: "clipnorm", off: 0, words: "a clipnorm of" },
  { name: "globalClipnorm", off: 0, words: "a global clipnorm of" },
  { name: "clipvalue", off: 0, words: "a clipvalue of" },
  { name: "useEma", off: false, words: "an average of the weights" },
];

/** Settings that may keep a compiled optimizer from learning. */
interface HeldBack {
  kind: string;
  layers: string[];
  message: string;
  fix: Fix;
  /** Values of the settings if they are off. */
  without: OptimizerSettings;
}

/** Returns the settings of the compiled optimizer that may keep it from learning, if there are any. */
export function heldBack({ optimizer }: Measurements): HeldBack[] {
  const settings = optimizer?.settings ?? {};
  const used = HOLDING.filter(({ name, off }) => Boolean(settings[name]) !== Boolean(off));
  if (optimizer === undefined || used.length === 0) return [];
  const words = used.map(({ name, words }) => {
    const value = settings[name];
    return typeof value === "number" ? `${words} ${formatNumber(value)}` : words;
  }).join(" and ");
  const own = optimizerWords({ name: optimizer.name });
  return [{
    kind: "optimizer-settings",
    layers: [],
    message: `The network does not learn by ${own} with ${words}; it does without.`,
    fix: { kind: "rebuild", what: `Compile ${own} without ${words}.` },
    without: Object.fromEntries(used.map(({ name, off }) => [name, off])),
  }];
}

interface Owner {
  optimizer_: Optimizer;
}

/** Gives a model its optimizer with other settings. */
export function withSettings(subject: FixSubject, settings: OptimizerSettings): Fixed {
  const { model } = subject as unknown as { model: Owner & { model?: Owner } };
  // A sequential model compiles an inner one. The setter of `optimizer` would forget that the model
  // disposes of its own.
  const owner = model.model ?? model;
  const given = owner.optimizer_;
  const other = freshOptimizer(given, settings);
  owner.optimizer_ = other;
  return {
    subject,
    undo() {
      owner.optimizer_ = given;
      disposeOptimizer(other);
    },
  };
}
