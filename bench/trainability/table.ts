import { RULES } from "../../src/core/rules/rules.ts";
import type { Calibration } from "../../tools/generate/calibration.ts";
import { median } from "../../src/ground/theory/statistics.ts";
import { planOf } from "./population.ts";
import { worstSeverity } from "./scores.ts";
import { areaUnderCurve, showShare, showTally, tally } from "./statistics.ts";
import { type Outcome, outcomeOf, type Question, type TruthLine } from "./truth.ts";
import type { LineFinding, VerdictLine } from "./verdict.ts";

/** A network of which both is known: what was said of it, and what became of it. */
export interface Judged {
  truth: TruthLine;
  verdict: VerdictLine;
  /** Best progress with the fixes applied; `null` if there are none, or none that can be applied. */
  fixed: number | null;
}

/** Networks by what was asked of them, in the same order. */
export type Asked = Record<Question, readonly Judged[]>;

/** Kinds of causes that name a fault, by the beginning of its words. */
const NAMES: Record<string, readonly string[]> = {
  "inputs": ["input"],
  "constant inputs": ["input", "alike-tokens"],
  "one feature": ["input"],
  "targets": ["targets", "head-bias"],
  "head and loss": ["head", "hidden-softmax", "no-activation"],
  "activation swapped": ["activation", "hidden-softmax", "gain", "kernel-scale", "no-activation"],
  "no activations": ["no-activation", "activation"],
  "too deep": ["gain", "kernel-scale", "residual-growth"],
  "too narrow": ["narrow", "bottleneck"],
  "a bottleneck": ["narrow", "bottleneck"],
  "deep autoencoder": ["gain", "kernel-scale", "narrow"],
  "normalisation taken out": ["gain", "kernel-scale", "residual-growth"],
  "skips taken out": ["gain", "kernel-scale", "narrow"],
  "dropout": ["dropout"],
  "penalty": ["penalties"],
  "frozen": ["frozen"],
  "learning rate": ["learning-rate"],
  // `gain` says of kernels how many times too large or too small they are, too.
  "kernels": ["kernel-scale", "gain"],
  "one kernel": ["kernel-scale"],
  "head scaled": ["kernel-scale"],
  "constant": ["constant-weights"],
  "biases": ["bias", "head-bias"],
  "random biases": ["bias", "head-bias"],
  "recurrent kernel": ["kernel-scale"],
  "embedding": ["embedding-scale", "embedding-zeros"],
  "queries and keys": ["attention-scores", "kernel-scale"],
  "gains": ["gain", "zero-scale", "kernel-scale"],
  "one weight": ["broken-numbers"],
};

/** True if the first cause names one of the faults; the longest matching words count. */
function isNamed({ truth, verdict }: Judged): boolean {
  return truth.faults.some((fault) => {
    const key = Object.keys(NAMES)
      .filter((words) => fault.startsWith(words))
      .sort((a, b) => b.length - a.length)[0];
    return NAMES[key].includes(verdict.causes[0]);
  });
}

/** True if the network trains with the tried fixes. */
const isFixed = ({ fixed }: Judged) => fixed !== null && outcomeOf(fixed) === "trains";

/** Faults that no pass can see, since only training has them. */
const UNSEEN = ["dropout", "penalty", "learning rate"];

type Select = (judged: Judged) => boolean;
type Fires = (judged: Judged) => boolean;
type OutcomeOf = (judged: Judged) => Outcome;

const byAdam: OutcomeOf = ({ truth }) => outcomeOf(truth.best.adam);
const bySgd: OutcomeOf = ({ truth }) => outcomeOf(truth.best.sgd!);
const severity = (findings: readonly LineFinding[]) => worstSeverity(findings);
const isRed: Fires = ({ verdict }) => severity(verdict.findings) === 3;
const isRedTried: Fires = ({ verdict }) => verdict.verdict === "sick";
const isIll: Select = (one) => byAdam(one) !== "trains";
const isSensible: Select = ({ truth }) => truth.faults.length === 0;
/** The level of {@linkcode worstSeverity} of a verdict. */
const LEVEL = { sick: 3, changed: 3, weak: 2, unjudged: 0, healthy: 0 } as const;

function row(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

function table(head: readonly string[], rows: readonly string[][]): string {
  return [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");
}

/** Who fires, and how right that is: counts, precision twice, recall, alarms. */
function shares(all: readonly Judged[], fires: Fires, outcome: OutcomeOf): string[] {
  const fired = tally(all.filter(fires).map(outcome));
  const total = tally(all.map(outcome));
  const count = fired.trains + fired.slow + fired.fails;
  return [
    showTally(fired),
    showShare(fired.fails, count),
    showShare(fired.fails + fired.slow, count),
    showShare(fired.fails, total.fails),
    showShare(fired.trains, total.trains),
  ];
}

const SHARES = [
  "trains/slow/fails",
  "of these fail",
  "fail or are slow",
  "of the failing",
  "of the training",
];

function confusion(
  all: readonly Judged[],
  fires: Fires,
  level: (judged: Judged) => number,
): string {
  const groups: [string, Select, OutcomeOf][] = [
    ["all", () => true, byAdam],
    ["sensible", isSensible, byAdam],
    ["faulty", (one) => !isSensible(one), byAdam],
    ["what a pass can see", ({ truth }) => !truth.faults.some(isUnseen), byAdam],
    ...[...new Set(all.map(({ truth }) => truth.family))].sort().map((
      family,
    ): [string, Select, OutcomeOf] => [family, ({ truth }) => truth.family === family, byAdam]),
    ["all, by SGD", ({ truth }) => truth.best.sgd !== undefined, bySgd],
    [
      "sensible, by SGD",
      (one) => one.truth.best.sgd !== undefined && isSensible(one),
      bySgd,
    ],
    ["the same by Adam", ({ truth }) => truth.best.sgd !== undefined, byAdam],
  ];
  return table(
    ["networks", "", "red: " + SHARES[0], "warned", "green", ...SHARES.slice(1)],
    groups.map(([name, select, outcome]) => {
      const own = all.filter(select);
      const [red, ...figures] = shares(own, fires, outcome);
      const at = (levels: number[]) =>
        showTally(tally(own.filter((one) => levels.includes(level(one))).map(outcome)));
      return [name, `${own.length}`, red, at([2]), at([0, 1]), ...figures];
    }),
  );
}

const isUnseen = (fault: string) => UNSEEN.some((name) => fault.startsWith(name));

/** The rules that find an error in a network. */
const reds = ({ verdict }: Judged) =>
  new Set(verdict.findings.filter(({ severity }) => severity === "error").map(({ rule }) => rule));

/**
 * Table of the precision of each rule's errors in one pass.
 *
 * @param seeds Seeds of the table, in words.
 */
export function calibrationOf(all: readonly Judged[], seeds: string): Calibration {
  return {
    seeds,
    networks: tally(all.map(byAdam)),
    rules: Object.fromEntries(
      RULES.map(({ name }) => [name, tally(all.filter((one) => reds(one).has(name)).map(byAdam))]),
    ),
  };
}

function perRule(all: readonly Judged[]): string {
  const rules = [...new Set(all.flatMap((one) => [...reds(one)]))].sort();
  return table(
    ["rule", ...SHARES, "alone"],
    rules.map((rule) => [
      rule,
      ...shares(all, (one) => reds(one).has(rule), byAdam),
      showTally(
        tally(all.filter((one) => reds(one).has(rule) && reds(one).size === 1).map(byAdam)),
      ),
    ]),
  );
}

function peers(all: readonly Judged[]): string {
  const names = Object.keys(all[0].verdict.peers);
  const own: [string, Fires][] = [
    ["gradient-health, errors", isRed],
    ["gradient-health, with trial", isRedTried],
  ];
  const others = names.map((name): [string, Fires] => [
    name,
    ({ verdict }) => verdict.peers[name].length > 0,
  ]);
  const sensible = all.filter(isSensible);
  return table(
    ["rules", ...SHARES, "of the sensible", "AUC"],
    [...own, ...others].map(([name, fires]) => [
      name,
      ...shares(all, fires, byAdam),
      showShare(sensible.filter(fires).length, sensible.length),
      showArea(all, (one) => Number(fires(one))),
    ]),
  );
}

function showArea(all: readonly Judged[], score: (judged: Judged) => number): string {
  const failing = all.filter((one) => byAdam(one) === "fails");
  const others = all.filter((one) => byAdam(one) !== "fails");
  return areaUnderCurve(failing.map(score), others.map(score))?.toFixed(3) ?? "-";
}

function areas(all: readonly Judged[]): string {
  const notRed = all.filter((one) => !isRed(one));
  const rows = Object.keys(all[0].verdict.scores).map((name) => {
    const score = ({ verdict }: Judged) => verdict.scores[name];
    return [name, showArea(all, score), showArea(notRed, score)];
  });
  return table(["score", "all", "without an error"], rows);
}

const shareOf = (part: number, whole: number) => `${part} of ${whole}: ${showShare(part, whole)}`;

/** The SICK networks that fail or are slow, and what their fixes did. */
function ills(all: readonly Judged[]): Record<"ill" | "drawn" | "applied" | "trained", Judged[]> {
  const ill = all.filter((one) => isRedTried(one) && isIll(one));
  const applied = ill.filter(({ fixed }) => fixed !== null);
  return {
    ill,
    drawn: ill.filter((one) => !isSensible(one)),
    applied,
    trained: applied.filter(isFixed),
  };
}

/** Table of how often the first cause names the fault, and the fixes let the network train. */
function causes(all: readonly Judged[], lists: boolean): string {
  const { ill, drawn, applied, trained } = ills(all);
  const figures = table(["figure", "networks"], [
    ["the first cause names a fault", shareOf(drawn.filter(isNamed).length, drawn.length)],
    [
      "the same, or the tried fixes let the network train",
      shareOf(drawn.filter((one) => isNamed(one) || isFixed(one)).length, drawn.length),
    ],
    [
      "fixes were tried and leave no error, and can be applied here",
      shareOf(applied.length, ill.length),
    ],
    ["with these the network trains", shareOf(trained.length, applied.length)],
  ]);
  if (!lists) return figures;
  const others = drawn.filter((one) => !isNamed(one)).map(({ truth, verdict }) =>
    `- ${truth.seed} (${truth.faults.join("; ")}): ${verdict.causes.join(", ")}`
  );
  const untrained = applied.filter((one) => !isFixed(one)).map((
    { truth, verdict, fixed },
  ) =>
    `- ${truth.seed} (${truth.faults.join("; ")}): ${verdict.causes[0]}, progress ${
      fixed!.toFixed(2)
    }`
  );
  return `${figures}\n\n### Another cause is first\n\n${
    others.join("\n")
  }\n\n### Fixed, and do not train\n\n${untrained.join("\n")}`;
}

function misses(all: readonly Judged[]): string {
  const missed = all.filter((one) => byAdam(one) === "fails" && !isRedTried(one));
  const alarms = all.filter((one) => byAdam(one) === "trains" && isRedTried(one));
  const list = (some: readonly Judged[]) =>
    some.map((one) => {
      const { truth } = one;
      const { family, task, faults } = truth;
      const what = [faults.join("; ") || "sensible", [...reds(one)].join(", ")].filter((part) =>
        part
      );
      return `- ${truth.seed} (${family}, ${task}; progress ${truth.best.adam}): ${
        what.join(": ")
      }`;
    }).join("\n");
  return `### Fail, and no error\n\n${list(missed)}\n\n### Train, and an error\n\n${list(alarms)}`;
}

/** The figures that are wanted of networks nobody has looked at, by the words for each. */
const TARGETS: readonly [words: string, wanted: string, of: (all: readonly Judged[]) => string][] =
  [
    ["SICK ones that fail or are slow", "95 %", (all) => {
      const sick = all.filter(isRedTried);
      return shareOf(sick.filter(isIll).length, sick.length);
    }],
    ["failing ones that are SICK", "92 %", (all) => {
      const failing = all.filter((one) => byAdam(one) === "fails");
      return shareOf(failing.filter(isRedTried).length, failing.length);
    }],
    ["failing ones that are HEALTHY", "none", (all) => {
      const failing = all.filter((one) => byAdam(one) === "fails");
      const isHealthy: Select = ({ verdict }) => verdict.verdict === "healthy";
      return shareOf(failing.filter(isHealthy).length, failing.length);
    }],
    ["ones that train and are SICK", "1.5 %", (all) => {
      const training = all.filter((one) => byAdam(one) === "trains");
      return shareOf(training.filter(isRedTried).length, training.length);
    }],
    ["sensible ones that train and are SICK", "none", (all) => {
      const training = all.filter((one) => isSensible(one) && byAdam(one) === "trains");
      return shareOf(training.filter(isRedTried).length, training.length);
    }],
    ["SICK ones whose first cause names a fault", "92 %", (all) => {
      const { drawn } = ills(all);
      return shareOf(drawn.filter(isNamed).length, drawn.length);
    }],
    ["SICK ones that train with the tried fixes", "95 %", (all) => {
      const { applied, trained } = ills(all);
      return shareOf(trained.length, applied.length);
    }],
  ];

/** Returns the table of the targets, by question. */
function targets({ drawn, compiled }: Asked): string {
  return table(
    ["networks", "wanted", "as drawn", "as compiled"],
    TARGETS.map(([words, wanted, of]) => [words, wanted, of(drawn), of(compiled)]),
  );
}

/** Heading of the table. */
export interface TableHead {
  /** Seeds of the table, in words. */
  seeds: string;
  /** Commits whose rules judged them, in words. */
  rules: string;
  /**
   * Number of looks at these networks, in words; `null` for those that rules are tuned on, of which
   * the ones that were judged wrong are listed.
   */
  looks: string | null;
}

/** The verdicts of some seeds against what became of them, as Markdown. */
export function renderTable(asked: Asked, { seeds, rules, looks }: TableHead): string {
  const all = asked.drawn;
  if (all.length === 0) return "No seed has both a truth and a verdict.\n";
  const lists = looks === null;
  const own = all.filter(({ truth }) => planOf(truth.seed).optimizer !== null).length;
  const training = median(all.map(({ truth }) => truth.seconds)).toFixed(1);
  return `${
    [
      `# Verdicts against training: ${all.length} networks, ${seeds}`,
      `Trains: progress of 0.6 and more, fails: below 0.15, slow: between. Counts are trains/slow/fails; in ` +
      `brackets the 95 % interval (Wilson). With a learning rate of their own: ${own}. ${
        lists ? "Rules are tuned on these networks" : `These networks were looked at ${looks}`
      }. They were judged ${rules}. Training takes ${training} s (median).`,
      "## Targets",
      "As drawn: a network that was drawn with an optimizer is judged with it, and trained at its rate; any other " +
      "is judged with its loss alone, and trains if it does at one of the rates of Adam. As compiled: the others " +
      "are compiled with Adam at 0.001, and judged and trained with that. The other tables are of the networks as drawn.",
      targets(asked),
      "## One pass",
      confusion(all, isRed, ({ verdict }) => severity(verdict.findings)),
      "## With trial",
      confusion(all, isRedTried, ({ verdict }) => LEVEL[verdict.verdict]),
      "## Causes and fixes of the SICK networks that fail or are slow",
      causes(all, lists),
      "## Rules that find an error",
      perRule(all),
      "## Beside the peers",
      peers(all),
      "## Area under the curve, failing against the rest",
      areas(all),
      ...lists ? ["## Where it is wrong", misses(all)] : [],
      ...lists ? ["## As compiled: causes and fixes", causes(asked.compiled, lists)] : [],
      ...lists ? ["## As compiled: where it is wrong", misses(asked.compiled)] : [],
    ].join("\n\n")
  }\n`;
}
