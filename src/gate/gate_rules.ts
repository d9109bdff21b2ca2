import { FLAT_SLOPE, STEEP_SLOPE } from "../ground/theory/sibling_slopes.ts";
import { FAILS_BELOW } from "../core/probe/trial.ts";
import { BASELINE_RULE } from "../core/rules/matches_baseline.ts";
import { allRules, registeredRules } from "../core/rules/register_rule.ts";
import type { RuleDocumentation, ThresholdTable } from "../core/rules/rule.ts";
import { RULES } from "../core/rules/rules.ts";
import type { Level, PresetName } from "./configuration.ts";

/** Rules that judge the configuration itself. */
const CONFIGURATION_DOCUMENTATION: readonly RuleDocumentation[] = [
  {
    name: "unused-suppression",
    assertion: "",
    problem: "suppressions that match nothing",
    stage: "any",
    summary: "Every suppression matches a finding.",
    formula:
      "a suppression matches where its rule is the finding's, its layer the finding's (* for " +
      "any characters), and its model, if it names one, the finding's.",
    thresholds: {},
    source: "own, after the unused directives that linters report.",
    misleads:
      "A model that was not checked under all its seeds (another shard, --fail-fast, a MODEL on the " +
      "command line) is skipped because the suppression may match in another run.",
    fix: "Remove the suppression from the configuration.",
  },
  {
    name: "expired-suppression",
    assertion: "",
    problem: "expired suppressions",
    stage: "any",
    summary: "No suppression has expired.",
    formula: "until >= today, in UTC. An expired suppression has no effect.",
    thresholds: {},
    source: "own: temporary suppressions must expire.",
    misleads: "A commit that passed yesterday can fail today; that is the purpose of the date.",
    fix: "Fix it, or set a later date.",
  },
];

/** Names of the rules that judge the configuration, not a run. */
export const CONFIGURATION_RULES: readonly string[] = CONFIGURATION_DOCUMENTATION
  .map(({ name }) => name);

/** Rule about the result of training, see `examine`. */
const TRIAL_DOCUMENTATION: RuleDocumentation = {
  name: "trial",
  assertion: "",
  problem: "a network that does not learn its batch",
  stage: "any",
  summary: "A network that is trained on its batch for some steps learns it.",
  formula: "after 40 steps at one of a few learning rates the fit of the batch, 0 for the best " +
    `constant answer and 1 for a perfect one, is at least ${FAILS_BELOW}; and at the rate that the model was ` +
    "compiled with the loss neither stalls nor diverges.",
  thresholds: {},
  source:
    "own; on the even seeds of bench/trainability (350 networks) it reports 31 in which no rule found " +
    "an error: 12 fail, 12 are slow, 7 train.",
  misleads:
    "Networks that need far more than 40 steps (300 if they still guess), or another optimizer, look as if " +
    "they did not learn. A network too large for the budget is tried only with --trial always.",
  fix: "Look at the targets, the loss, the learning rate, dropout and penalties.",
};

/** Rule about siblings of several sizes, see `scale`. */
const SCALE_FREE_DOCUMENTATION: RuleDocumentation = {
  name: "scale-free",
  assertion: "",
  problem: "a model that does not keep its scale when it grows",
  stage: "any",
  summary: "Siblings of several widths and depths keep the scale of their activations.",
  formula:
    `|slope of log2 rms over log2 width or depth| <= ${FLAT_SLOPE} (an error above ${STEEP_SLOPE}) of the ` +
    "activations of each layer and of their change per step, the middle of five steps of training. An " +
    "output may fall. It judges a model that the configuration gives `scale` or `proof`, or --proof.",
  thresholds: {},
  source:
    "Yang et al. 2022, Tensor Programs V (the coordinate check); limits: own, between right networks (at " +
    "most 0.18) and wrong ones (from 0.76).",
  misleads:
    "A flat slope does not prove that the best learning rate transfers: scale --rates tests that. " +
    "If gradients shrink to the optimizer's epsilon at large widths, the change per step falls, as it should.",
  fix: "Run scale: it names the change of each layer, and tries it.",
};

/**
 * Documentation of the rules that only a gate can judge; rules that need no run have no assertion.
 */
export const GATE_DOCUMENTATION: readonly RuleDocumentation[] = [
  {
    ...BASELINE_RULE,
    fix: "If the change is intended, store the new figures with check --update-baseline.",
  },
  TRIAL_DOCUMENTATION,
  SCALE_FREE_DOCUMENTATION,
  ...CONFIGURATION_DOCUMENTATION,
];

/** Facts about a rule that a gate needs before it measures. */
export interface GateRule {
  /** Name in configurations, findings and suppressions. */
  name: string;
  /** Requirement, in one sentence. */
  summary: string;
  /** Fix for its findings. */
  fix: string;
  /** Thresholds that it reads. */
  thresholds: ThresholdTable;
  /** Level with the preset `recommended`. */
  level: Level;
}

/** Configurable rules of this package: those of the checks, and those of a gate alone. */
export const GATE_RULES: readonly GateRule[] = [
  ...RULES.map((rule) => gateRule(rule, rule.level)),
  ...GATE_DOCUMENTATION.map((rule) =>
    gateRule(rule, CONFIGURATION_RULES.includes(rule.name) ? "warn" : "error")
  ),
];

/** Returns every configurable rule: those of this package and the registered ones. */
export function gateRules(): readonly GateRule[] {
  return [...GATE_RULES, ...registeredRules().map((rule) => gateRule(rule, rule.level))];
}

function gateRule({ name, summary, fix, thresholds }: RuleDocumentation, level: Level): GateRule {
  return { name, summary, fix, thresholds, level };
}

interface Preset {
  /** Sentence for `--help`. */
  summary: string;
  /** Returns the level of every rule. */
  levels: () => Record<string, Level>;
  /** Verdict that fails the gate. */
  failOn: "sick" | "weak";
}

/** Returns each rule's own level. */
function ownLevels(): Record<string, Level> {
  return Object.fromEntries(gateRules().map(({ name, level }) => [name, level]));
}

/**
 * Returns the same, but turns off the rules that judge neither the initial weights nor their
 * signals.
 */
function initialLevels(): Record<string, Level> {
  const others = [...allRules(), BASELINE_RULE]
    .filter(({ tags }) => !tags.includes("weights") && !tags.includes("signal"));
  const off = Object.fromEntries(others.map(({ name }): [string, Level] => [name, "off"]));
  return { ...ownLevels(), ...off, trial: "off" };
}

export const PRESETS: Record<PresetName, Preset> = {
  recommended: { summary: "every rule with its defaults", levels: ownLevels, failOn: "sick" },
  strict: { summary: "every rule, and warnings fail too", levels: ownLevels, failOn: "weak" },
  init: {
    summary:
      "only rules about the initial weights and their signals: none about data, targets or a baseline",
    levels: initialLevels,
    failOn: "sick",
  },
};
