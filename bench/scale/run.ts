/**
 * Judges 20 networks that keep their scale by the rules of muP and of depth scaling, and the same
 * 20 with one rule dropped; compares the slopes of published tables with float64 references; and
 * takes the processor time of a perceptron up to width 1024. Writes `table.md` beside it:
 * `deno run -A bench/scale/run.ts`. It ends with 1 if a verdict is wrong or a target is missed.
 *
 * @module
 */
import { cpuUsage } from "node:process";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import type { GrowthGrid } from "../../src/study/growth/growth_study.ts";
import type {
  AxisGrowth,
  GrowthLevel,
  GrowthSummary,
} from "../../src/study/growth/growth_summary.ts";
import { runGrowth, tryScalings } from "../../src/study/growth/run_growth.ts";
import { steepestSlope } from "../../src/study/growth/slopes.ts";
import { summarizeGrowth } from "../../src/study/growth/summarize_growth.ts";
import type { CreateStudyModel } from "../../src/study/study_subject.ts";
import { describeMachine } from "../describe_machine.ts";
import { KINDS, networkOf, sizesOf } from "./networks.ts";
import { compareWithTwin, type TwinDifference, type TwinKind, twinModel } from "./twin.ts";

/** Seeds that no limit was chosen on. */
const SEEDS = [100, 101, 102];
const STEPS = 5;
/** Largest difference of a slope from its float64 reference. */
const MAX_DIFFERENCE = 0.05;
/** Processor seconds for a perceptron up to width 1024. */
const MAX_SECONDS = 20;

const WIDTHS = [64, 128, 256, 512, 1024];
const DEPTHS = [2, 4, 8, 16, 32, 64];

/** Networks of the published tables: what grows, at which rate, and what was published. */
const TABLES: { title: string; kind: TwinKind }[] = [
  {
    title: "standard, Adam 0.01",
    kind: { optimizer: { name: "adam", rate: 0.01 }, rule: "standard", axis: "width" },
  },
  {
    title: "muP, Adam 0.01",
    kind: { optimizer: { name: "adam", rate: 0.01 }, rule: "muP", axis: "width" },
  },
  {
    title: "standard, SGD 0.02",
    kind: { optimizer: { name: "sgd", rate: 0.02 }, rule: "standard", axis: "width" },
  },
  {
    title: "muP, SGD 0.02",
    kind: { optimizer: { name: "sgd", rate: 0.02 }, rule: "muP", axis: "width" },
  },
  ...([
    ["standard", "standard (no factor)"],
    ["half", "1/2, rate not scaled"],
    ["half, rate", "1/2, rate depth^-1/2"],
    ["one", "CompleteP, 1"],
  ] as const).map(([rule, title]) => ({
    title,
    kind: { optimizer: { name: "adam", rate: 0.003 }, rule, axis: "depth" } as TwinKind,
  })),
];

async function growthOf(
  subject: CreateStudyModel,
  grid: GrowthGrid,
  options: { objective?: "meanSquaredError"; examples?: number } = {},
): Promise<GrowthSummary> {
  const { header, points } = await runGrowth(subject, grid, options);
  return summarizeGrowth({ ...header, points: await Array.fromAsync(points) });
}

/** Judges every network and its wrong twin; returns the rows and the number of wrong verdicts. */
async function judgeNetworks(): Promise<{ rows: string[]; wrong: number }> {
  const rows: string[] = [];
  let wrong = 0;
  for (const [name, { drop, ...kind }] of Object.entries(KINDS)) {
    const grid = { ...sizesOf(kind), seeds: SEEDS };
    const right = await growthOf(networkOf(kind), grid);
    const subject = networkOf({ ...kind, dropped: drop });
    const dropped = await growthOf(subject, grid);
    const fix = await tryScalings(subject, grid, { summary: dropped });
    if (right.level !== "flat") wrong++;
    if (dropped.level === "flat") wrong++;
    rows.push(
      `| ${name} | ${said(right)} | ${drop} | ${said(dropped)} | ${
        fix === null ? "none" : `${fix.level}, ${fix.steepest.toFixed(2)}`
      } |`,
    );
    console.error(rows.at(-1));
  }
  return { rows, wrong };
}

const WORDS: Record<GrowthLevel, string> = { flat: "flat", warning: "warning", error: "error" };

function said({ level, growth }: GrowthSummary): string {
  const steepest = Math.max(...growth.map(steepestSlope));
  return `${WORDS[level]}, ${Number.isFinite(steepest) ? steepest.toFixed(2) : "not finite"}`;
}

/** Compares the slopes of a published table with the float64 reference. */
async function compareTable(
  tf: TensorFlow,
  { title, kind }: typeof TABLES[number],
): Promise<{ rows: string[]; worst: number }> {
  const grid = kind.axis === "width" ? { widths: WIDTHS } : { depths: DEPTHS };
  const options = { objective: "meanSquaredError", examples: 32 } as const;
  const { growth: [growth] } = await growthOf(twinModel(kind), { ...grid, seeds: SEEDS }, options);
  const differences = await compareWithTwin(tf, kind, { growth, seeds: SEEDS, steps: STEPS });
  const worst = Math.max(
    ...differences.map(({ measured, reference }) => Math.abs(measured - reference)),
  );
  const shown = growth.layers.filter(({ repeats }) => !repeats);
  const rows = shown.map((layer) =>
    `| ${title} | ${layer.name} | ${
      [1, 4].map((step) => pair(differences, { layer, figure: "activations", step })).join(" | ")
    } | ${
      [1, 4].map((step) => pair(differences, { layer, figure: "changes", step })).join(" | ")
    } |`
  );
  console.error(`${title}: largest difference ${worst.toExponential(1)}`);
  return { rows, worst };
}

function pair(
  differences: readonly TwinDifference[],
  { layer, figure, step }: {
    layer: AxisGrowth["layers"][number];
    figure: TwinDifference["figure"];
    step: number;
  },
): string {
  const found = differences.find((one) =>
    one.layer === layer.name && one.figure === figure && one.step === step
  );
  return found === undefined ? "" : `${found.measured.toFixed(2)} (${found.reference.toFixed(2)})`;
}

/** Returns the processor seconds that a perceptron up to width 1024 takes. */
async function timePerceptron(): Promise<number> {
  const before = cpuUsage();
  await growthOf(twinModel(TABLES[0].kind), { widths: WIDTHS, seeds: 3 }, {
    objective: "meanSquaredError",
    examples: 32,
  });
  const { user, system } = cpuUsage(before);
  return (user + system) / 1e6;
}

await using engine = await startEngine({ threads: 1 });
const seconds = await timePerceptron();
console.error(`perceptron up to width 1024: ${seconds.toFixed(1)} processor seconds`);
const { rows, wrong } = await judgeNetworks();
const tables: string[] = [];
let worst = 0;
for (const table of TABLES) {
  const compared = await compareTable(engine.tf, table);
  tables.push(...compared.rows);
  worst = Math.max(worst, compared.worst);
}
const heading = "| network | layer | size, t = 2 | size, t = 5 | change, t = 2 | change, t = 5 |";
await Deno.writeTextFile(
  new URL("table.md", import.meta.url),
  [
    "<!-- Written by `deno run -A bench/scale/run.ts`. -->",
    "",
    "# Does it keep its scale?",
    "",
    await describeMachine(),
    "",
    "## 40 networks",
    "",
    `Each network keeps its scale by the rules of muP or of depth scaling; its twin drops one of them. The ` +
    `figure is the steepest judged slope. Wrong verdicts: ${wrong} of ${2 * rows.length}. Seeds ${
      SEEDS[0]
    } to ` +
    `${SEEDS.at(-1)}, on which no limit was chosen.`,
    "",
    "| network | right | dropped rule | without it | with the fix that was tried |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    "## Published tables",
    "",
    `Slopes of log2 rms over log2 width (${WIDTHS[0]} to ${WIDTHS.at(-1)}) or depth (${
      DEPTHS[0]
    } to ` +
    `${
      DEPTHS.at(-1)
    }); in brackets the float64 reference. Largest difference of any slope at any step: ` +
    `${worst.toExponential(1)} (target: ${MAX_DIFFERENCE}).`,
    "",
    heading,
    "| --- | --- | --- | --- | --- | --- |",
    ...tables,
    "",
    "## Time",
    "",
    `A perceptron of 4 layers at the widths ${WIDTHS.join(", ")}, 3 seeds, one thread: ` +
    `${seconds.toFixed(1)} processor seconds (target: ${MAX_SECONDS}).`,
    "",
  ].join("\n"),
);
await new Deno.Command(Deno.execPath(), {
  args: ["fmt", "--quiet", new URL("table.md", import.meta.url).pathname],
}).output();
Deno.exit(wrong === 0 && worst < MAX_DIFFERENCE && seconds < MAX_SECONDS ? 0 : 1);
