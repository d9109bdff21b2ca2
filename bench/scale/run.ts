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
import {
  type GrowthLevel,
  type GrowthSummary,
  steepestSlope,
} from "../../src/study/growth/growth_types.ts";
import { runGrowth, tryScalings } from "../../src/study/growth/run_growth.ts";
import { summarizeGrowth } from "../../src/study/growth/summarize_growth.ts";
import type { CreateStudyModel } from "../../src/study/study_options.ts";
import { describeMachine } from "../machine.ts";
import { KINDS, networkOf, sizesOf } from "./networks.ts";
import {
  compareWithTwin,
  OBJECTIVE,
  type TwinDifference,
  type TwinKind,
  twinModel,
} from "./twin.ts";

/** Seeds that no limit was chosen on. */
const SEEDS = [100, 101, 102];
const STEPS = 5;
/** Largest difference of a slope from its float64 reference. */
const MAX_DIFFERENCE = 0.05;
/** Processor seconds for a perceptron up to width 1024. */
const MAX_SECONDS = 20;

const WIDTHS = [64, 128, 256, 512, 1024];
const DEPTHS = [2, 4, 8, 16, 32, 64];

/** Figures of a table: of the activations or of their change, before step t as muP counts them. */
const COLUMNS = [
  { figure: "activations", words: "size", t: 2 },
  { figure: "activations", words: "size", t: 4 },
  { figure: "activations", words: "size", t: 5 },
  { figure: "changes", words: "change", t: 2 },
  { figure: "changes", words: "change", t: 5 },
] as const;

/** Network of a published table. */
interface PublishedTable {
  title: string;
  kind: TwinKind;
  /** Published slopes of its layers, in the order of {@linkcode COLUMNS}, where there are any. */
  published: Record<string, (number | null)[]>;
}

const LAST = "the last hidden layer (h2_sum)";

const TABLES: PublishedTable[] = [
  {
    title: "standard, Adam 0.01",
    kind: { optimizer: { name: "adam", rate: 0.01 }, rule: "standard", axis: "width" },
    published: { in: [0], h1: [0.36], h2: [0.76], out: [1.58] },
  },
  {
    title: "muP, Adam 0.01",
    kind: { optimizer: { name: "adam", rate: 0.01 }, rule: "muP", axis: "width" },
    published: { out: [-0.09] },
  },
  {
    title: "standard, SGD 0.5",
    kind: { optimizer: { name: "sgd", rate: 0.5 }, rule: "standard", axis: "width" },
    published: { h2: [null, 1.06], out: [null, 2.03] },
  },
  {
    title: "muP, SGD 0.5",
    kind: { optimizer: { name: "sgd", rate: 0.5 }, rule: "muP", axis: "width" },
    published: {},
  },
  ...([
    ["standard", "standard (no factor)", [null, null, 5.03, 6.3, 5.86]],
    ["half", "1/2, rate not scaled", [null, null, 0.33, 0.58, 0.62]],
    ["half, rate", "1/2, rate depth^-1/2", [null, null, 0.04, 0.09, 0.08]],
    ["one", "CompleteP, 1", [null, null, -0.06, -0.08, -0.07]],
  ] as const).map(([rule, title, slopes]): PublishedTable => ({
    title,
    kind: { optimizer: { name: "adam", rate: 0.003 }, rule, axis: "depth" },
    published: { [LAST]: [...slopes] },
  })),
];

async function growthOf(
  subject: CreateStudyModel,
  grid: GrowthGrid,
  options: { objective?: typeof OBJECTIVE; examples?: number } = {},
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
  { title, kind, published }: PublishedTable,
): Promise<Compared> {
  const grid = kind.axis === "width" ? { widths: WIDTHS } : { depths: DEPTHS };
  const options = { objective: OBJECTIVE, examples: 32 } as const;
  const { growth: [growth] } = await growthOf(twinModel(kind), { ...grid, seeds: SEEDS }, options);
  const differences = await compareWithTwin(tf, kind, { growth, seeds: SEEDS, steps: STEPS });
  const worst = Math.max(
    ...differences.map(({ measured, reference }) => Math.abs(measured - reference)),
  );
  const shown = growth.layers.filter(({ repeats }) => !repeats);
  const rows = shown.map(({ name }) => {
    const cells = COLUMNS.map(({ figure, t }, i) =>
      cellOf(differences, { layer: name, figure, step: t - 1, published: published[name]?.[i] })
    );
    return `| ${title} | ${name} | ${cells.join(" | ")} |`;
  });
  console.error(`${title}: largest difference ${worst.toExponential(1)}`);
  return { rows, worst };
}

/** Writes a measured slope with its reference, and the published one if there is one. */
function cellOf(
  differences: readonly TwinDifference[],
  { published, ...wanted }: Pick<TwinDifference, "layer" | "figure" | "step"> & {
    published: number | null | undefined;
  },
): string {
  const found = differences.find(({ layer, figure, step }) =>
    layer === wanted.layer && figure === wanted.figure && step === wanted.step
  );
  if (found === undefined) return "";
  const own = `${found.measured.toFixed(2)} (${found.reference.toFixed(2)})`;
  return typeof published === "number" ? `${own} [${published.toFixed(2)}]` : own;
}

/** Returns the processor seconds that a perceptron up to width 1024 takes. */
async function timePerceptron(): Promise<number> {
  const before = cpuUsage();
  await growthOf(twinModel(TABLES[0].kind), { widths: WIDTHS, seeds: 3 }, {
    objective: OBJECTIVE,
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
    `${DEPTHS.at(-1)}) of classifiers with 32 inputs, 8 classes and 32 random examples; t = 1 is ` +
    "before training. In round brackets the float64 reference, in square ones the published slope, " +
    "whose inputs, classes and seeds are not known. Largest difference from the reference of any slope " +
    `at any step: ${worst.toExponential(1)} (target: ${MAX_DIFFERENCE}).`,
    "",
    `| network | layer | ${COLUMNS.map(({ words, t }) => `${words}, t = ${t}`).join(" | ")} |`,
    `| --- | --- | ${COLUMNS.map(() => "---").join(" | ")} |`,
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
