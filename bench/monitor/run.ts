/**
 * Judges recorded trainings by today's rules and by those of other monitors: `deno run -A bench/monitor/run.ts LOGS`.
 *
 * The table of the even seeds, on which rules are tuned, goes to `table_even.md`; with `--odd` that of the odd ones, to
 * `table_odd.md`. No training is run. A monitor has the signals that 5 % of the time of a convnet pay for
 * which is trained for 1000 steps (24 s), or `--steps`.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { causeOf, TrainingJudge } from "../../src/training/judge_training.ts";
import { PEERS } from "./peers.ts";
import { CONVNET, postponed } from "./postpone.ts";
import type { Recorded } from "./record_training.ts";
import { endingsOf, type Known, revive } from "./truth.ts";

const { odd, steps, _: files } = parseArgs(Deno.args, {
  boolean: ["odd"],
  string: ["steps", "_"],
  default: { steps: "1000" },
});
const known = await readKnown();

/** Alarms of a monitor about a training. */
interface Alarms {
  /** Step of the first alarm at or after the fault, and of the first at all; `null` without one. */
  step: number | null;
  any: number | null;
}

/** Verdict of this monitor on a training. */
interface Alarm extends Alarms {
  /** The same of its errors alone. */
  errors: Alarms;
  /** Rule that is the cause. */
  cause: string | null;
  /** True if an alarm is an error. */
  isError: boolean;
}

async function readKnown(): Promise<Known[]> {
  const recorded: Recorded[] = [];
  for (const file of files) {
    const text = await Deno.readTextFile(String(file));
    for (const line of text.split("\n").slice(0, -1)) {
      const seed = Number(line.match(/^\{"seed":(\d+)/)![1]);
      if (seed % 2 === (odd ? 1 : 0)) recorded.push(JSON.parse(line, revive));
    }
  }
  return [...Map.groupBy(recorded, ({ seed }) => seed).values()].flatMap(endingsOf);
}

function ours({ rows, optimizer, rate, constantLoss, from, ending, overfits }: Known): Alarm {
  const judge = new TrainingJudge({ optimizer, learningRate: rate, constantLoss });
  for (const row of postponed(rows, { costs: CONVNET, steps: Number(steps) })) judge.add(row);
  // A right warning of overfitting is not a false alarm about an otherwise good training.
  const isOverfit = overfits && ending === "good";
  const findings = judge.findings.filter(({ rule }) => !(isOverfit && rule === "overfitting"));
  const after = findings.filter(({ step }) => step >= from);
  const errors = findings.filter(({ severity }) => severity === "error");
  return {
    step: after[0]?.step ?? null,
    any: findings[0]?.step ?? null,
    errors: {
      step: errors.find(({ step }) => step >= from)?.step ?? null,
      any: errors[0]?.step ?? null,
    },
    cause: causeOf(after)?.rule ?? null,
    isError: errors.length > 0,
  };
}

const percent = (share: number) => Number.isFinite(share) ? `${(100 * share).toFixed(1)} %` : "-";
const shareOf = (some: number, all: number) => `${percent(some / all)} (${some} of ${all})`;
const median = (values: number[]) => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN;
const row = (...cells: (string | number)[]) => `| ${cells.join(" | ")} |`;

const judged = known.map((training) => ({ training, alarm: ours(training) }));
const good = judged.filter(({ training }) => training.fault === null && training.ending === "good");
const bad = judged.filter(({ training }) => training.ending === "bad");
// Overfitting has a limit of its own, and its own row.
const failing = bad.filter(({ training }) => training.fault !== "few examples");
const inTime = (of: typeof bad) =>
  of.filter(({ training, alarm }) => alarm.step !== null && alarm.step <= training.limit);
const right = failing.filter(({ training, alarm }) => training.causes.includes(alarm.cause ?? ""));
const suggested = known.filter((one) => one.suggested && one.fault === null);
const networks = new Set(known.map(({ seed }) => seed)).size;
const healthySteps = good.reduce((sum, { training }) => sum + training.rows.length - 1, 0);
const alarmed = good.filter(({ alarm }) => alarm.any !== null);

const verdicts = new Map(judged.map(({ training, alarm }) => [training, alarm]));
const monitors: { name: string; alarms(training: Known): Alarms }[] = [
  { name: "this one, errors and warnings", alarms: (training) => verdicts.get(training)! },
  { name: "this one, errors", alarms: (training) => verdicts.get(training)!.errors },
  ...PEERS.map(({ name, alarm }) => ({
    name,
    alarms: (training: Known) => ({
      step: firstFrom(alarm, training),
      any: alarm(training.rows),
    }),
  })),
];
const kinds = Map.groupBy(
  failing.map(({ training }) => training).toSorted((a, b) => kindOf(a) < kindOf(b) ? -1 : 1),
  kindOf,
);

const figures = monitors.map(({ name, alarms }) => figuresOf(name, alarms));
const lines = [
  `# The monitor on the ${odd ? "odd" : "even"} seeds`,
  "",
  `${known.length} trainings of ${networks} networks: ${good.length} good without a fault, ${bad.length} bad, ` +
  `${known.length - good.length - bad.length} in between or good in spite of a fault. ` +
  "Written by `bench/monitor/run.ts`.",
  "",
  row("figure", "target", "measured"),
  row("---", "---", "---"),
  row(
    "bad trainings named by step 20, or 10 steps after the fault",
    "90 %",
    shareOf(inTime(failing).length, failing.length),
  ),
  row("the cause is right", "85 %", shareOf(right.length, failing.length)),
  row(
    "good trainings with an error",
    "2 %",
    shareOf(good.filter(({ alarm }) => alarm.isError).length, good.length),
  ),
  row(
    "good trainings with a warning alone",
    "5 %",
    shareOf(alarmed.filter(({ alarm }) => !alarm.isError).length, good.length),
  ),
  row(
    "alarms per 1,000 steps of good trainings",
    "",
    (1000 * alarmed.length / healthySteps).toFixed(2),
  ),
  row(
    "the suggested rate trains (good)",
    "90 %",
    shareOf(suggested.filter(({ ending }) => ending === "good").length, suggested.length),
  ),
  "",
  "Lead is the median of the step from which the loss never again was below 0.9 of the first, minus that of",
  "the alarm. Overfitting (few examples) begins at the measurement from which the held-out loss stays above 1.1",
  "times its minimum, and is in time by the next one. Precision counts the good trainings whose cause is named so.",
  "",
  row("what was wrong", "bad", "named in time", "named", "right cause", "precision", "lead"),
  row(...Array(7).fill("---")),
  ...[...Map.groupBy(bad, ({ training }) => kindOf(training))].toSorted().map(
    ([name, of]) => {
      const named = of.filter(({ alarm }) => alarm.step !== null);
      const hits = of.filter(({ training, alarm }) => training.causes.includes(alarm.cause ?? ""));
      const causes = of[0].training.causes;
      const wrong = good.filter(({ alarm }) => causes.includes(alarm.cause ?? ""));
      const leads = named.map(({ training, alarm }) => training.failedAt - alarm.step!);
      return row(
        name,
        of.length,
        percent(inTime(of).length / of.length),
        percent(named.length / of.length),
        percent(hits.length / of.length),
        percent(hits.length / (hits.length + wrong.length)),
        leads.length === 0 ? "-" : median(leads),
      );
    },
  ),
  "",
  "Others by their published thresholds, on the same logs. An alarm is whatever a monitor raises: of this one, an",
  "error or a warning, or an error alone. A bad training is found by an alarm at or after its fault; a good one is",
  "alarmed by any alarm. Precision is found / (found + good ones alarmed). An alarm of a training that is neither",
  "good nor bad is not counted.",
  "",
  row("monitor", "recall", "recall in time", "precision", "F1", "good trainings alarmed"),
  row(...Array(6).fill("---")),
  ...figures.map(({ name, recall, soon, precision, f1, alarmed }) =>
    row(name, ...[recall, soon, precision, f1, alarmed].map(percent))
  ),
  "",
  "Other monitors beside this one, in precision and recall at once:",
  "",
  ...figures.slice(0, 2).map((own) => standing(own, figures.slice(2))),
  "",
  "Share of the bad trainings of each kind that are found in time:",
  "",
  row("monitor", ...kinds.keys()),
  row(...Array(kinds.size + 1).fill("---")),
  ...monitors.map(({ name, alarms }) =>
    row(name, ...[...kinds.values()].map((of) => percent(soonOf(of, alarms) / of.length)))
  ),
  "",
  ...PEERS.map(({ name, source }) => `- ${name}: ${source}.`),
  "",
];

/** Returns the first alarm of a peer at or after the fault: one before it is repeated on the rows from there. */
function firstFrom(alarm: (typeof PEERS)[number]["alarm"], { rows, from }: Known): number | null {
  const first = alarm(rows);
  if (first === null || first >= from) return first;
  const later = rows.map((one) => one.step < first + 1 ? { ...one, step: 0 } : one);
  return firstFrom(alarm, { rows: later, from } as Known);
}

/** Returns the fault of a training, or what its rate is. */
function kindOf({ fault, causes }: Known): string {
  return fault ?? causes[0];
}

/** Number of trainings that a monitor finds in time. */
function soonOf(of: readonly Known[], alarms: (training: Known) => Alarms): number {
  return of.filter((training) => {
    const { step } = alarms(training);
    return step !== null && step >= training.from && step <= training.limit;
  }).length;
}

/** Figures of a monitor. */
interface Figures {
  name: string;
  recall: number;
  soon: number;
  precision: number;
  f1: number;
  alarmed: number;
}

function figuresOf(name: string, of: (training: Known) => Alarms): Figures {
  const found = failing.map(({ training }) => ({ training, ...of(training) }));
  const hits = found.filter(({ training, step }) => step !== null && step >= training.from);
  const soon = hits.filter(({ training, step }) => step! <= training.limit);
  const wrong = good.filter(({ training }) => of(training).any !== null);
  const recall = hits.length / failing.length;
  const precision = hits.length / (hits.length + wrong.length);
  return {
    name,
    recall,
    soon: soon.length / failing.length,
    precision,
    f1: 2 * precision * recall / (precision + recall),
    alarmed: wrong.length / good.length,
  };
}

/** Names the peers that a monitor is ahead of in precision and recall at once, and those that are not behind it. */
function standing({ name, precision, recall }: Figures, peers: readonly Figures[]): string {
  const names = (of: readonly Figures[]) => of.map(({ name }) => name).join(", ") || "none";
  const behind = peers.filter((peer) => peer.precision < precision && peer.recall < recall);
  const ahead = peers.filter((peer) => peer.precision >= precision && peer.recall >= recall);
  return `- ${name}: at least as good in both: ${names(ahead)}; behind in both: ${names(behind)}.`;
}

await Deno.writeTextFile(
  new URL(`table_${odd ? "odd" : "even"}.md`, import.meta.url),
  lines.join("\n"),
);
console.log(lines.join("\n"));
