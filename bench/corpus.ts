/**
 * Writes a corpus of reports, gates and studies as JSON, through the command line alone, so that two versions
 * of this project can be compared figure by figure:
 *
 * ```sh
 * deno run -A bench/corpus.ts BEFORE           # in the one checkout
 * deno run -A bench/corpus.ts AFTER            # in the other
 * deno run -A bench/compare_corpus.ts BEFORE AFTER
 * ```
 *
 * @module
 */
import { CORPUS_MODULES } from "./corpus_modules.ts";

const [out] = Deno.args;
if (out === undefined) {
  console.error("usage: deno run -A bench/corpus.ts FOLDER");
  Deno.exit(2);
}
const root = new URL("../", import.meta.url).pathname;
const models = await Deno.makeTempDir();

interface Job {
  name: string;
  args: string[];
}

const jobs: Job[] = [
  { name: "report exercise", args: ["report", "--format", "json"] },
  ...["examples/digits.ts", "examples/digits_trained.ts", "examples/ci/net.ts"].map((model) => ({
    name: `report ${model}`,
    args: ["report", `${root}${model}`, "--format", "json"],
  })),
];
for await (const { name } of Deno.readDir(`${root}fixtures/golden`)) {
  if (name.includes(".")) continue;
  const folder = `${root}fixtures/golden/${name}`;
  jobs.push({
    name: `report golden ${name}`,
    args: [
      "report",
      `${folder}/model.json`,
      "--batch",
      `${folder}/batch.json`,
      ...name.endsWith("_mse") ? ["--objective", "meanSquaredError"] : ["--objective", "sum"],
      "--format",
      "json",
    ],
  });
}
for (const [name, source] of Object.entries(CORPUS_MODULES)) {
  const file = `${models}/${name}.ts`;
  await Deno.writeTextFile(file, source);
  jobs.push({ name: `report ${name}`, args: ["report", file, "--format", "json"] });
}
const gated = Object.keys(CORPUS_MODULES).filter((_, i) => i % 6 === 0);
for (const name of gated) {
  jobs.push({
    name: `gate ${name}`,
    args: ["check", `${models}/${name}.ts`, "--no-config", "--seeds", "3", "--reporter", "json"],
  });
}
jobs.push(
  {
    name: "study exercise",
    args: ["sweep", "--exercise", "--scale", "0.001..1:5", "--format", "json"],
  },
  {
    name: "study dense",
    args: ["sweep", "--scale", "0.5..2:5", "--activation", "tanh,relu,gelu", "--format", "json"],
  },
  {
    name: "study model",
    args: ["sweep", `${root}examples/digits.ts`, "--scale", "0.5..2:3", "--format", "json"],
  },
);

await Deno.mkdir(out, { recursive: true });
let written = 0;
for (const { name, args } of jobs.sort((a, b) => a.name < b.name ? -1 : 1)) {
  const { stdout, stderr, code } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", `${root}mod.ts`, ...args, "--quiet"],
    cwd: models,
  }).output();
  const text = new TextDecoder().decode(stdout).replaceAll(models, "MODELS").replaceAll(root, "");
  const said = new TextDecoder().decode(stderr).replaceAll(models, "MODELS").replaceAll(root, "");
  const file = `${out}/${name.replaceAll(/[^\w-]+/g, "_")}.json`;
  await Deno.writeTextFile(file, text === "" ? `${JSON.stringify({ code, said })}\n` : text);
  written++;
  if (text === "") console.error(`${name}: exit ${code}: ${said}`);
}
await Deno.remove(models, { recursive: true });
console.log(`${written} files in ${out}`);
