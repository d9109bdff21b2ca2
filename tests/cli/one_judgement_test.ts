import { assert, assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { main } from "../../src/cli/main.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Finding } from "../../src/core/rules/finding.ts";
import { runCommand } from "./run_command.ts";

const FIXTURES = new URL("../../fixtures/files/", import.meta.url);
const GOLDEN = new URL("../../fixtures/golden/", import.meta.url);

/** Everything that a command takes for a model, and what it has to refuse. */
const MODEL = /\.(keras|h5|json|pt|pth|ckpt|safetensors)(\.gz)?$/;

/** Fixtures that have to be measured; `whole_model.pt` holds code and is refused. */
const SOUND = [
  /^keras\/[^/]+\.(keras|topology\.json)$/,
  /^keras\/[^/]+(?<!\.weights)\.h5$/,
  /^(masked_losses|hashing|hinge_labels|peers)\/[^/]+\.keras$/,
  /^((torch|peers)\/)?[^/]+(?<!whole_model)\.(pt|pth|ckpt|safetensors)$/,
];

/** Output of a command about a model that another command must repeat. */
interface Judged {
  verdict: string;
  causes: unknown[];
  findings: unknown[];
}

interface ReportDocument {
  diagnosis: { verdict: string; causes: { kind: string; severity: string }[] };
  findings: Finding[];
}

interface CheckDocument {
  summary: { unmeasured: number; skipped: number };
  runs: {
    path: string;
    error: string | null;
    diagnosis: ReportDocument["diagnosis"];
    report: Pick<ReportDocument, "findings">;
  }[];
}

function judged({ verdict, causes }: ReportDocument["diagnosis"], findings: Finding[]): Judged {
  return {
    verdict,
    causes: causes.map(({ kind, severity }) => [kind, severity]),
    findings: findings.map((
      { rule, severity, layer, message },
    ) => [rule, severity, layer, message]),
  };
}

/** Copies the model files of a folder to another one, unpacked, and returns their paths. */
async function copyModels(from: URL, to: string): Promise<string[]> {
  const paths: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    const source = new URL(isDirectory ? `${name}/` : name, from);
    if (isDirectory) {
      await Deno.mkdir(`${to}/${name}`);
      paths.push(...await copyModels(source, `${to}/${name}`));
    } else if (MODEL.test(name)) {
      const path = `${to}/${name.replace(/\.gz$/, "")}`;
      const bytes = (await Deno.open(source)).readable;
      const plain = name.endsWith(".gz")
        ? bytes.pipeThrough(new DecompressionStream("gzip"))
        : bytes;
      await Deno.writeFile(path, plain);
      paths.push(path);
    }
  }
  return paths.sort();
}

/** Writes a safetensors file with every kernel 0 and the biases as they were, and returns its path. */
async function writeZeros(folder: string): Promise<string> {
  const bytes = await Deno.readFile(new URL("mlp.safetensors", FIXTURES));
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  for (const [name, entry] of Object.entries(header)) {
    if (!name.endsWith("weight")) continue;
    const [start, end] = (entry as { data_offsets: [number, number] }).data_offsets;
    bytes.fill(0, 8 + length + start, 8 + length + end);
  }
  const path = `${folder}/zeros.safetensors`;
  await Deno.writeFile(path, bytes);
  return path;
}

/**
 * Asserts that `check` judges models as `report` did. It runs in the process of the commands, which
 * imports TensorFlow.js in parts: the tests import all of it.
 */
async function checkAlike(
  reported: ReadonlyMap<string, Judged | null>,
  paths: string[],
  { flags, isSound }: { flags: string[]; isSound: boolean },
): Promise<void> {
  const { code, stdout, stderr } = await runCommand(
    ["check", ...paths, "--no-config", "--jobs", "1", "--format", "json", ...flags],
  );
  const { summary, runs }: CheckDocument = JSON.parse(stdout);
  assertEquals(runs.length, paths.length);
  for (const run of runs) {
    const own = run.error === null ? judged(run.diagnosis, run.report.findings) : null;
    assertEquals(own, reported.get(run.path), run.path);
  }
  if (!isSound) return;
  assertEquals(stderr, "");
  assert(code < 2, `exit code ${code}`);
  assertEquals([summary.unmeasured, summary.skipped], [0, 0]);
}

/**
 * Asserts that `report` and `check` judge each model of a folder alike, and returns the judgements;
 * `null` for a refused file.
 *
 * @param sound Models that have to be measured.
 * @param others Models that may be refused.
 */
async function judgedAlike(
  folder: string,
  { sound, others, trial }: { sound: string[]; others: string[]; trial: string },
): Promise<Map<string, Judged | null>> {
  // The commands share it: starting an engine for each of 200 files takes longer than measuring them.
  await using _engine = await startEngine({ threads: 1 });
  const flags = ["--quiet", "--examples", "4", "--trial", trial];
  const error = console.error;
  // Refused files are part of the corpus.
  console.error = () => {};
  try {
    const reported = new Map<string, Judged | null>();
    for (const path of [...sound, ...others]) {
      const out = `${folder}/report.json`;
      const code = await main(["report", path, "--format", "json", "--out", out, ...flags]);
      const document = code === 0 ? JSON.parse(await Deno.readTextFile(out)) : null;
      reported.set(path, document && judged(document.diagnosis, document.findings));
      await Deno.remove(out).catch(() => {});
    }
    await checkAlike(reported, sound, { flags, isSound: true });
    if (others.length > 0) await checkAlike(reported, others, { flags, isSound: false });
    return reported;
  } finally {
    console.error = error;
  }
}

Deno.test("report and check agree on every model file, and measure all that are sound", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const zeros = await writeZeros(folder);
    const golden = [...Deno.readDirSync(GOLDEN)].filter(({ isDirectory }) => isDirectory)
      .map(({ name }) => fileURLToPath(new URL(`${name}/model.json`, GOLDEN))).sort();
    const files = await copyModels(FIXTURES, folder);
    const isSound = (path: string) =>
      SOUND.some((pattern) => pattern.test(path.slice(folder.length + 1)));
    const sound = [...golden, ...files.filter(isSound), zeros];
    const others = files.filter((path) => !isSound(path));
    const reported = await judgedAlike(folder, { sound, others, trial: "off" });
    const measured = [...sound, ...others].filter((path) => reported.get(path) !== null);
    assert(measured.length > 100, `${measured.length} files were loaded`);
    assertEquals(reported.get(zeros)?.verdict, "sick");
    // A trial takes most of the time of a run, so only some of the models have one.
    const tried = measured.filter((path, i) => i % 12 === 0 || path === zeros);
    await judgedAlike(folder, { sound: tried, others: [], trial: "2" });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
