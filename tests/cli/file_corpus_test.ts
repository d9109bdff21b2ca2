import { assertEquals } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { runCommand } from "./run_command.ts";

const FILES = new URL("../../fixtures/files/", import.meta.url);
const GOLDEN = new URL("../../fixtures/golden/", import.meta.url);

/** Names of the files of a folder that end in one of these. */
const filesIn = (folder: string, end: RegExp) =>
  [...Deno.readDirSync(new URL(folder, FILES))].map(({ name }) => name)
    .filter((name) => end.test(name)).sort().map((name) => `${folder}${name}`);

/**
 * Checks files in one process of the command line, which imports TensorFlow.js in parts: the tests import all of it.
 * Each has to be measured, whatever the verdict.
 */
async function checkFiles(paths: string[]): Promise<void> {
  const { code, stdout, stderr } = await runCommand(
    ["check", ...paths, "--no-config", "--quiet", "--trial", "off", "--format", "json"],
  );
  assertEquals(stderr, "");
  assertEquals(code < 2, true, `exit code ${code}`);
  const { summary, runs } = JSON.parse(stdout);
  assertEquals([summary.unmeasured, summary.skipped], [0, 0]);
  assertEquals(runs.length, paths.length);
}

const path = (name: string) => new URL(name, FILES).pathname;

Deno.test("the command line measures every .keras and every topology of the fixtures", async () => {
  const names = [
    ...filesIn("keras/", /\.(keras|topology\.json)$/),
    ...filesIn("masked_losses/", /\.keras$/),
    ...filesIn("hashing/", /\.keras$/),
    ...filesIn("hinge_labels/", /\.keras$/),
    ...filesIn("peers/", /\.keras$/),
  ];
  await checkFiles(names.map(path));
});

Deno.test("the command line measures every .h5 of the fixtures", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const names = filesIn("keras/", /(?<!\.weights)\.h5\.gz$/);
    const paths = names.map((name) => `${folder}/${name.replace(/^.*\//, "").replace(".gz", "")}`);
    names.forEach((name, i) =>
      Deno.writeFileSync(paths[i], gunzipSync(Deno.readFileSync(path(name))))
    );
    await checkFiles(paths);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("the command line measures every model.json and every file of PyTorch's weights", async () => {
  const models = [...Deno.readDirSync(GOLDEN)].filter(({ isDirectory }) => isDirectory);
  const jsons = models.map(({ name }) => new URL(`${name}/model.json`, GOLDEN).pathname).sort();
  const weights = ["", "torch/", "peers/"].flatMap((folder) =>
    // `whole_model.pt` holds code and is refused.
    filesIn(folder, /(?<!whole_model)\.(pt|pth|ckpt|safetensors)$/)
  );
  await checkFiles([...jsons, ...weights.map(path)]);
});
