/**
 * Judges 100 made checkpoints with and without planted faults, and writes what is found to
 * `bench/checkpoints/faults.md`: `deno run -A bench/checkpoints/faults.ts [GB] [FIRST] [COUNT]`.
 *
 * Four have the largest size. Faults of the others are spread evenly over the logarithm, from a
 * quarter of it to a 4,000th. Each is removed before the next is written, and the table is written
 * after each: it keeps the rows of seeds that are not measured again, so that a run can be stopped.
 *
 * @module
 */
import {
  expectedOf,
  FAULTS,
  foundIn,
  type MadeCheckpoint,
  makeCheckpoint,
} from "../../tests/checkpoint/made_checkpoints.ts";
import { type MadeTensor, writeCheckpoint } from "../../tests/checkpoint/write_checkpoint.ts";
import { GRADIENT_HEALTH, timeCommand } from "./time_command.ts";

const COUNT = 100;
const TABLE = new URL("./faults.md", import.meta.url);

/** Forms of a checkpoint: its files, and the index of them if it has one. */
const FORMS = [
  { name: ".safetensors", files: ["w.safetensors"], index: null, types: ["BF16", "F16", "F32"] },
  {
    name: "3 shards",
    files: [1, 2, 3].map((i) => `model-0000${i}-of-00003.safetensors`),
    index: "model.safetensors.index.json",
    types: ["BF16", "F32", "F16", "F64"],
  },
  { name: ".pt", files: ["w.pt"], index: null, types: ["F32", "BF16", "F16"] },
  {
    name: "2 shards, no index",
    files: [1, 2].map((i) => `model-0000${i}-of-00002.safetensors`),
    index: null,
    types: ["F16", "BF16"],
  },
  { name: ".npz", files: ["w.npz"], index: null, types: ["F32", "F16", "F64"] },
  {
    name: "2 shards of PyTorch",
    files: [1, 2].map((i) => `pytorch_model-0000${i}-of-00002.bin`),
    index: "pytorch_model.bin.index.json",
    types: ["BF16", "F32"],
  },
] as const;

type Form = (typeof FORMS)[number];

const BYTES = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** Description of one checkpoint. */
interface Planned {
  seed: number;
  form: Form;
  dtype: MadeTensor["dtype"];
  blocks: number;
  width: number;
}

/** Returns the plan of a checkpoint: the faults take turns. */
function planOf(seed: number, gigabytes: number): Planned {
  const form = FORMS[seed * 5 % 7 % FORMS.length];
  const { types } = form;
  const dtype = types[Math.floor(seed / 10) % types.length];
  const blocks = 6 + seed % 9;
  const rank = sizeRank(seed);
  const share = rank < LARGE ? 1 : 0.25 / 1000 ** ((rank - LARGE) / (COUNT - LARGE));
  const bytes = gigabytes * 1e9 * share;
  // A block has 8 matrices' worth of entries, the embedding 4.
  const exact = Math.sqrt(bytes / BYTES[dtype] / (8 * blocks + 4));
  return { seed, form, dtype, blocks, width: Math.max(64, Math.round(exact / 8) * 8) };
}

/** Number of checkpoints of the largest size. */
const LARGE = 4;

/** Returns the rank of a seed's size, the largest first; as 37 is prime to 100, each is taken once. */
const sizeRank = (seed: number) => seed * 37 % COUNT;

/** Writes the files of a checkpoint and returns the path to judge. */
async function write(
  folder: string,
  { form, seed }: Planned,
  tensors: MadeCheckpoint["tensors"],
): Promise<string> {
  const { files, index } = form;
  const step = stepOf(form, tensors);
  for (const [i, name] of files.entries()) {
    const own = tensors.slice(i * step, (i + 1) * step);
    await writeCheckpoint(`${folder}/${name}`, own, 1 + seed);
  }
  if (index === null) return files.length === 1 ? `${folder}/${files[0]}` : folder;
  const map = tensors.map(({ name }, i) => [name, files[Math.floor(i / step)]]);
  const text = JSON.stringify({ weight_map: Object.fromEntries(map) });
  await Deno.writeTextFile(`${folder}/${index}`, text);
  return folder;
}

/** Returns the number of tensors of each file. */
const stepOf = ({ files }: Form, tensors: readonly MadeTensor[]) =>
  Math.ceil(tensors.length / files.length);

/** Weights of a layer in a report, with the place of the first entry that is not finite. */
interface ReportedLayer {
  weights: { nonFiniteAt?: { file?: string } }[];
}

/** Returns the shards that have entries which are not finite, by the report. */
const shardsWithNaN = (layers: readonly ReportedLayer[]) =>
  layers.flatMap(({ weights }) => weights.map(({ nonFiniteAt }) => nonFiniteAt?.file))
    .flatMap((file) => file === undefined ? [] : [`in ${file}`]);

/** Cells of a row of the table, see `HEADINGS`. */
type Row = string[];

/** Makes one checkpoint, judges it and removes it. */
async function judge(plan: Planned): Promise<Row> {
  const { seed, form, dtype, blocks, width } = plan;
  const fault = FAULTS[seed % FAULTS.length];
  const folder = await Deno.makeTempDir();
  try {
    const made = makeCheckpoint({ fault, seed, blocks, width, dtype });
    const path = await write(folder, plan, made.tensors);
    let bytes = 0;
    for (const name of form.files) bytes += (await Deno.stat(`${folder}/${name}`)).size;
    const report = ["report", path, "--format", "json", "--quiet"];
    const { stdout, seconds, megabytes } = await timeCommand(...GRADIENT_HEALTH, ...report);
    const { findings, layers } = JSON.parse(stdout);
    const found = [...foundIn(findings), ...shardsWithNaN(layers)];
    const expected = expectedOf(made);
    if (form.files.length > 1 && (fault === "nan" || fault === "infinity")) {
      const at = made.tensors.findIndex(({ name }) => name === made.faulty[0]);
      expected.push(`in ${form.files[Math.floor(at / stepOf(form, made.tensors))]}`);
    }
    const isRight = found.join("; ") === expected.join("; ");
    return [
      `${seed}`,
      (bytes / 1e9).toPrecision(2),
      form.name,
      dtype,
      `${made.tensors.length}`,
      fault ?? "none",
      found.join("; ") || "nothing",
      isRight ? "yes" : `NO: ${expected.join("; ") || "nothing"}`,
      seconds.toFixed(1),
      megabytes.toFixed(0),
    ];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const HEADINGS = [
  "seed",
  "GB",
  "form",
  "type",
  "tensors",
  "fault",
  "found",
  "right",
  "seconds",
  "MB of memory",
];

/** Returns the rows of an earlier run, by seed. */
async function readTable(): Promise<Map<number, Row>> {
  const text = await Deno.readTextFile(TABLE).catch(() => "");
  const rows = text.split("\n").filter((line) => /^\| *\d+ *\|/.test(line))
    .map((line) => line.slice(1, -1).split("|").map((cell) => cell.trim()));
  return new Map(rows.map((row) => [Number(row[0]), row]));
}

/** Writes the table of all rows so far. */
async function writeTable(all: ReadonlyMap<number, Row>): Promise<string> {
  const rows = [...all.values()].sort((a, b) => Number(a[0]) - Number(b[0]));
  const column = (heading: string) => rows.map((row) => row[HEADINGS.indexOf(heading)]);
  const right = column("right").filter((cell) => cell === "yes").length;
  const bytes = column("GB").reduce((sum, cell) => sum + Number(cell), 0);
  const most = Math.max(...column("MB of memory").map(Number));
  const summary =
    `${right} of ${rows.length} checkpoints right: the fault is found, by the name of ` +
    `its tensor, and nothing else. ${bytes.toFixed(0)} GB in all, at most ${most} MB of memory.`;
  const lines = [
    "# Made checkpoints with planted faults",
    "",
    "Written by `deno run -A bench/checkpoints/faults.ts`. Seconds are those of a busy machine.",
    "",
    summary,
    "",
    `| ${HEADINGS.join(" | ")} |`,
    `|${HEADINGS.map(() => " --- |").join("")}`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
  ];
  await Deno.writeTextFile(TABLE, `${lines.join("\n")}\n`);
  return summary;
}

const [gigabytes = 8, first = 0, count = COUNT] = Deno.args.map(Number);
const rows = await readTable();
for (let seed = first; seed < first + count; seed++) {
  const row = await judge(planOf(seed, gigabytes));
  rows.set(seed, row);
  console.log(row.join(" | "));
  const summary = await writeTable(rows);
  if (seed === first + count - 1) console.log(summary);
}
