/**
 * Judges 20 networks that keep their scale by the rules of muP and of depth scaling, and the same
 * 20 with one rule dropped; compares the slopes of published tables with float64 references; and
 * takes the processor time of a perceptron up to width 1024. Writes `results.json` and `table.md`
 * beside it: `deno run -A bench/scale/run.ts`; with names of networks or tables, or `time`, only those
 * are made again. It ends with 1 if a verdict is wrong or a target is missed.
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

/** A verdict, and the steepest slope that it judged. */
interface Verdict {
  level: GrowthLevel;
  /** As text: it may not be finite. */
  steepest: string;
}

/** Results of a network and of its twin that drops a rule. */
interface Judged {
  right: Verdict;
  drop: string;
  dropped: Verdict;
  /** With the fix that was tried; `null` if there was none. */
  fixed: Verdict | null;
}

/** Rows of a published table beside its float64 reference. */
interface Compared {
  rows: string[];
  /** Largest difference of a slope. */
  worst: number;
}

/** Results so far: a run for some names keeps the others. */
interface Results {
  seconds: number;
  networks: Record<string, Judged>;
  tables: Record<string, Compared>;
}

/** Judges a network and its wrong twin. */
async function judgeNetwork(name: string): Promise<Judged> {
  const { drop, ...kind } = KINDS[name];
  const grid = { ...sizesOf(kind), seeds: SEEDS };
  const right = await growthOf(networkOf(kind), grid);
  const subject = networkOf({ ...kind, dropped: drop });
  const dropped = await growthOf(subject, grid);
  const fix = await tryScalings(subject, grid, { summary: dropped });
  return {
    right: verdictOf(right),
    drop,
    dropped: verdictOf(dropped),
    fixed: fix === null ? null : { level: fix.level, steepest: written(fix.steepest) },
  };
}

function verdictOf({ level, growth }: GrowthSummary): Verdict {
  return { level, steepest: written(Math.max(...growth.map(steepestSlope))) };
}

const written = (slope: number) => Number.isFinite(slope) ? slope.toFixed(2) : "not finite";

const said = ({ level, steepest }: Verdict) => `${level}, ${steepest}`;

/** Compares the slopes of a published table with the float64 reference. */
async function compareTable(
  tf: TensorFlow,
  { title, kind }: typeof TABLES[number],
): Promise<Compared> {
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

const RESULTS = new URL("results.json", import.meta.url);
const stored: Results = await Deno.readTextFile(RESULTS).then(JSON.parse, () => ({
  seconds: NaN,
  networks: {},
  tables: {},
}));
const isChosen = (name: string) => Deno.args.length === 0 || Deno.args.includes(name);

await using engine = await startEngine({ threads: 1 });
if (isChosen("time")) stored.seconds = await timePerceptron();
for (const name of Object.keys(KINDS).filter(isChosen)) {
  stored.networks[name] = await judgeNetwork(name);
  console.error(`${name}: ${JSON.stringify(stored.networks[name])}`);
}
for (const table of TABLES.filter(({ title }) => isChosen(title))) {
  stored.tables[table.title] = await compareTable(engine.tf, table);
}
await Deno.writeTextFile(RESULTS, `${JSON.stringify(stored, null, 2)}\n`);
const { seconds } = stored;
const networks = Object.entries(stored.networks);
const wrong = networks.filter(([, { right }]) => right.level !== "flat").length +
  networks.filter(([, { dropped }]) => dropped.level === "flat").length;
const worst = Math.max(...Object.values(stored.tables).map((table) => table.worst));
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
    `figure is the steepest judged slope. Right networks that are not flat, and wrong ones that are: ${wrong} of ` +
    `${2 * networks.length}. Seeds ${SEEDS[0]} to ${SEEDS.at(-1)}; no limit was chosen on them. ` +
    "After a first look, which warned of both (0.26 and 0.32), the convolution got a fourth width, and " +
    "RMSProp the rate whose first step is that of Adam; these two are not held out.",
    "",
    "| network | right | dropped rule | without it | with the fix that was tried |",
    "| --- | --- | --- | --- | --- |",
    ...networks.map(([name, { right, drop, dropped, fixed }]) =>
      `| ${name} | ${said(right)} | ${drop} | ${said(dropped)} | ${
        fixed === null ? "none" : said(fixed)
      } |`
    ),
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
    "| network | layer | size, t = 2 | size, t = 5 | change, t = 2 | change, t = 5 |",
    "| --- | --- | --- | --- | --- | --- |",
    ...Object.values(stored.tables).flatMap(({ rows }) => rows),
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
