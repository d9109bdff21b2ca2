import { assert, assertEquals } from "@std/assert";
import { main } from "../../src/cli/main.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Finding } from "../../src/rules/finding.ts";

const FIXTURES = new URL("../../fixtures/files/", import.meta.url);

/** Everything that a command takes for a model, and what it has to refuse. */
const MODEL = /\.(keras|h5|json|pt|pth|safetensors)(\.gz)?$/;

/** What a command says of a model, as far as another one has to say the same. */
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
 * Asserts that `report` and `check` judge each model of a folder alike, and returns the judgements;
 * `null` for a refused file.
 */
async function judgedAlike(
  folder: string,
  paths: string[],
  trial: string,
): Promise<Map<string, Judged | null>> {
  // The commands share it: starting an engine for each of 200 files takes longer than measuring them.
  await using _engine = await startEngine({ threads: 1 });
  const flags = ["--quiet", "--examples", "4", "--trial", trial];
  const error = console.error;
  // Refused files are part of the corpus.
  console.error = () => {};
  try {
    const reported = new Map<string, Judged | null>();
    for (const path of paths) {
      const out = `${folder}/report.json`;
      const code = await main(["report", path, "--format", "json", "--out", out, ...flags]);
      const document = code === 0 ? JSON.parse(await Deno.readTextFile(out)) : null;
      reported.set(path, document && judged(document.diagnosis, document.findings));
      await Deno.remove(out).catch(() => {});
    }
    const out = `${folder}/check.json`;
    const check = ["check", ...paths, "--no-config", "--jobs", "1", "--reporter", `json=${out}`];
    await main([...check, ...flags]);
    const { runs }: CheckDocument = JSON.parse(await Deno.readTextFile(out));
    assertEquals(runs.length, paths.length);
    for (const run of runs) {
      const own = run.error === null ? judged(run.diagnosis, run.report.findings) : null;
      assertEquals(own, reported.get(run.path), run.path);
    }
    await Deno.remove(out);
    return reported;
  } finally {
    console.error = error;
  }
}

Deno.test("report and check agree on every model file", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const zeros = await writeZeros(folder);
    const paths = [...await copyModels(FIXTURES, folder), zeros];
    const reported = await judgedAlike(folder, paths, "off");
    const measured = paths.filter((path) => reported.get(path) !== null);
    assert(measured.length > 100, `${measured.length} of ${paths.length} files were loaded`);
    assertEquals(reported.get(zeros)?.verdict, "sick");
    // A trial takes most of the time of a run, so only some of the models have one.
    const tried = measured.filter((path, i) => i % 12 === 0 || path === zeros);
    await judgedAlike(folder, tried, "2");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
