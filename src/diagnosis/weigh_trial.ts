import { describeTrial } from "../rules/describe_trial.ts";
import { amendFinding, type Finding, saidOf } from "../rules/finding.ts";
import { say } from "../rules/say.ts";
import { RULES } from "../rules/rules.ts";
import type { SkippedTrial, Trial } from "../probe/trial.ts";

/**
 * Rules whose errors say that a network does not train: those of this package, over measurements.
 */
const TRIED = new Set(RULES.map(({ name }) => name));

/**
 * Verdicts that suggest a network trains despite an error. Of the 350 networks with even seeds in
 * `bench/trainability`, most of those that have an error but begin to learn are slow or train.
 */
export const LEARNING: readonly Trial["verdict"][] = ["learns", "slow"];

/**
 * Errors that a trial cannot contradict. Examples that an offset makes nearly alike can be
 * memorised, one batch of them: of the 13 networks of `bench/trainability` (even seeds) with this
 * error 11 fail, 3 of which learned their batch, one is slow and one trains. Examples of a class
 * without a unit have no gradient, so the others are learned despite them. Dropout takes a long
 * time to drop all classes of an example by chance. A single unit gives the same answer for every
 * example, and so do all units under binary cross-entropy with targets of 2 and more: the loss
 * falls, but the network distinguishes nothing. For a softmax under a loss from logits, Keras
 * on TensorFlow corrects the mistake, and so does a trial; other backends apply it twice. Penalties
 * that flatten the network take longer to win than a batch to be learned.
 */
const STANDING: Readonly<Record<string, readonly string[]>> = {
  "input-normalized": ["offset"],
  "output-head": [
    "class-too-large",
    "class-negative",
    "class-fraction",
    "dropped",
    "from-logits",
    "one-class",
    "targets-above-one",
  ],
  "regularization": ["flattening"],
};

/**
 * Factor over guessing from which on a fitted batch says nothing about the initial loss: one batch is
 * soon fitted, however far above guessing it starts, and hundreds of steps on others are not enough.
 * Of 17 networks more than 30 times above, 14 fail, two are slow and one trains; but a published
 * classifier of unscaled pixels, 60 times above, trains (`bench/faults`, 48594888). Where classes are
 * told apart, a fitted batch says something: the gradient of a cross-entropy does not grow with the
 * loss. Of five classifiers drawn too large, 3500 to 8e7 times above guessing, all train, and so
 * does `ips4` of `bench/faults`.
 */
const HOPELESS_LOSS = 1000;

/**
 * Returns true if a finding's error says that the network does not train, so that a trial may
 * contradict it.
 */
export function isTried(finding: Finding): boolean {
  const { rule, kind, severity, unjudged } = finding;
  return severity === "error" && !unjudged && TRIED.has(rule) &&
    !STANDING[rule]?.includes(kind ?? "") && !isHopelessLoss(finding);
}

function isHopelessLoss({ rule, severity, figures }: Finding): boolean {
  return rule === "initial-loss" && severity === "error" && figures !== undefined &&
    figures.loss.value > HOPELESS_LOSS * figures.high.value;
}

/**
 * Returns the findings after a trial: an error says that the network does not train, so in a
 * network that learned all the same it becomes a warning, and says so. Findings of custom rules and
 * of a baseline stay unchanged.
 */
export function weighTrial(
  findings: readonly Finding[],
  trial: Trial | SkippedTrial | null,
): Finding[] {
  if (trial === null || "skipped" in trial || !LEARNING.includes(trial.verdict)) {
    return [...findings];
  }
  // Cross-entropy has the same gradient, however large it is: only classes can be learned from afar.
  const hasClasses = trial.attempts[trial.best!].accuracy !== null;
  const isWeighed = (finding: Finding) => isTried(finding) || hasClasses && isHopelessLoss(finding);
  // Success at another rate does not speak for this one.
  const given = trial.attempts.find(({ given }) => given);
  const rateLearns = given === undefined || LEARNING.includes(given.verdict);
  return findings.map((finding) =>
    isWeighed(finding) && (rateLearns || finding.rule !== "learning-rate")
      ? amendFinding(finding, {
        severity: "warning",
        message: say`${saidOf(finding, "message")} Only a warning, because the network
          ${trial.verdict === "slow" ? "begins to learn" : "learns"} its batch: ${
          describeTrial(trial)
        }.`,
      })
      : finding
  );
}
