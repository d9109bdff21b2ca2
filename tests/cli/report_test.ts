import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { threadsToLoad } from "../../src/cli/measure_model.ts";
import { MAX_THREADS } from "../../src/engine/engine.ts";
import { parseReport } from "../../src/entry/render.ts";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";
import { NETWORK, withModel } from "./with_model.ts";

const GOLDEN = "fixtures/golden";

Deno.test("report measures the exercise's network when no model is named", async () => {
  const { code, stdout, stderr } = await runCommand(["report"]);
  assertEquals(code, 0, stderr);
  for (const title of ["mean |gradient|", "mean |activation|"]) assertStringIncludes(stdout, title);
  for (let i = 1; i <= 11; i++) assertStringIncludes(stdout, `dense_${i} `);
  // The first five lines say what is wrong and what to do.
  const first = stdout.split("\n").slice(0, 5).join("\n");
  assertStringIncludes(first, "SICK: 1 cause\n");
  assertStringIncludes(first, "The kernels of dense_2 ... dense_10 are about 890 times too large.");
  assertStringIncludes(first, "Multiply the kernels of dense_2 ... dense_10 by 1/89");
  assertStringIncludes(stdout, "Tried the multiplication: the model is then HEALTHY");
  assert(!stdout.includes("ERROR vanishing-gradients"));
  const { stdout: all } = await runCommand(["report", "--quiet", "--details"]);
  assertStringIncludes(all, "ERROR vanishing-gradients");
  assertStringIncludes(all, "ERROR saturated-activations");
  assertMatch(stderr, /^measured in \d+\.\d\d s on 1 thread\n$/);
  assert(stdout.split("\n").every((line) => line.length <= 80));
});

Deno.test("report shows each golden model as its name says it is", async () => {
  const verdicts: Record<string, string[]> = {
    seed_tanh_stddev_200: ["vanishing-gradients", "saturated-activations"],
    seed_tanh_small: ["vanishing-gradients"],
    sigmoid_vanishing: ["vanishing-gradients"],
    relu_exploding: ["exploding-gradients"],
    relu_dead_layer: ["vanishing-gradients", "dead-units"],
    relu_he: [],
    seed_tanh_critical: [],
    seed_tanh_critical_mse: [],
  };
  await Promise.all(
    Object.entries(verdicts).map(async ([name, expected]) => {
      const folder = `${GOLDEN}/${name}`;
      const { objective } = JSON.parse(Deno.readTextFileSync(`${folder}/golden.json`));
      const { code, stdout, stderr } = await runCommand(
        ["report", `${folder}/model.json`, "--batch", `${folder}/batch.json`, "--format", "json"]
          .concat("--objective", objective, "--trial", "off"),
      );
      assertEquals(code, 0, stderr);
      const { findings } = parseReport(stdout);
      const errors = findings.filter(({ severity }) => severity === "error").map(({ rule }) =>
        rule
      );
      // A network that breaks one rule may break others too; a healthy one breaks none.
      if (expected.length === 0) assertEquals(errors, [], name);
      else assertEquals(expected.filter((rule) => !errors.includes(rule)), [], name);
    }),
  );
});

Deno.test("report --format json gives the same bytes however many threads and wherever it goes", async () => {
  const out = await Deno.makeTempFile({ suffix: ".json" });
  const one = await runCommand(["report", "--format", "json", "--threads", "1"]);
  const two = await runCommand(["report", "--format", "json", "--threads", "2"]);
  await runCommand(["report", "--format", "json", "--out", out]);
  assertEquals(two.stdout, one.stdout);
  assertEquals(await Deno.readTextFile(out), one.stdout);
  assertStringIncludes(two.stderr, "on 2 threads");
  const { measurements } = parseReport(one.stdout);
  assertEquals([measurements.version, measurements.seed, measurements.batch.seed], [1, 0, 0]);
  await Deno.remove(out);
});

Deno.test("report --portable turns relaxed SIMD off and says so", async () => {
  const { stdout } = await runCommand(["report", "--format", "json", "--portable"]);
  assertEquals(parseReport(stdout).measurements.engine.relaxedSimd, false);
});

Deno.test("report --seed and --examples change what is drawn", async () => {
  const of = async (...args: string[]) =>
    parseReport((await runCommand(["report", "--format", "json", ...args])).stdout).measurements;
  const [first, again, other] = await Promise.all([
    of("--seed", "3"),
    of("--seed", "3"),
    of("--seed", "4", "--examples", "8"),
  ]);
  assertEquals(first, again);
  assert(first.layers[0].weights[0].values.mean !== other.layers[0].weights[0].values.mean);
  assertEquals([first.batch.examples, other.batch.examples], [32, 8]);
});

Deno.test("report obeys --columns, --layers, --axis and --unicode", async () => {
  const { stdout } = await runCommand(
    ["report", "--columns", "60", "--layers", "dense_1$", "--axis", "linear", "--unicode"],
  );
  assert(stdout.split("\n").every((line) => line.length <= 60));
  assertMatch(stdout, /dense_1 /);
  assert(!/^. dense_7 .*\|/m.test(stdout));
});

Deno.test("explain obeys --columns", async () => {
  const { stdout } = await runCommand(["explain", "--columns", "60"]);
  assert(stdout.length > 100 && stdout.split("\n").every((line) => line.length <= 60));
});

Deno.test("a path in place of the subcommand means report", () =>
  withModel(async (folder) => {
    await Deno.writeTextFile(`${folder}/net.ts`, NETWORK);
    // The name says nothing, but the file is there: its reason comes from where models are loaded.
    await Deno.writeTextFile(`${folder}/net.h5`, "");
    for (const file of ["net.ts", "model.json", "net.h5"]) {
      const path = `${folder}/${file}`;
      const flags = ["--quiet", "--trial", "off"];
      const bare = await runCommand([path, ...flags]);
      assertEquals(bare, await runCommand(["report", path, ...flags]));
      assertEquals(bare.code, file === "net.h5" ? 2 : 0);
    }
    const { code, stdout } = await runCommand([`${folder}/net.ts`, "--help"]);
    assertEquals(code, 0);
    assertStringIncludes(stdout, "report [MODEL] [flags]");
  }));

Deno.test("a path with the extension of a model that is not there is refused as by report", () =>
  assertRefuses(["none.ts", "--quiet"], "none.ts: there is no such file"));

Deno.test("a folder is no subcommand and no model, and neither is a file that may not be read", async () => {
  await assertRefuses(["tests"], "The subcommand tests is unknown, expected report, check");
  const { code, stderr } = await runCommand(["LICENSE"], { permissions: ["--no-prompt"] });
  assertEquals(code, 2);
  assertStringIncludes(stderr, "The subcommand LICENSE is unknown");
});

const NET = `const elsewhere = Deno.makeTempDirSync({ dir: "." });
Deno.chdir(elsewhere);
export const createModel = ({ tf }) => tf.sequential({
  layers: [1, 2].map((units) => tf.layers.dense({ units, inputShape: [4] })),
});
`;

Deno.test("a result goes where it was claimed, though the model changes the working directory", () =>
  withGateFolder([], { "net.ts": NET }, async (cwd) => {
    const written = {
      "report.json": ["report", "net.ts", "--out", "report.json"],
      "gate.json": ["check", "net.ts", "--no-config", "--reporter", "json=gate.json"],
      "base.json": [
        "check",
        "net.ts",
        "--no-config",
        "--update-baseline",
        "--baseline",
        "base.json",
      ],
      "study.json": ["sweep", "net.ts", "--scale", "1", "--seeds", "1", "--out", "study.json"],
    };
    for (const [name, args] of Object.entries(written)) {
      const { code, stderr } = await runCommand(args, { cwd });
      assertEquals(code === 2, false, stderr);
      assertEquals((await Deno.stat(`${cwd}/${name}`)).isFile, true, name);
    }
  }));

Deno.test("threadsToLoad() takes every core for 84 MB of weights, and one below", async () => {
  const path = await Deno.makeTempFile();
  const cores = Math.min(navigator.hardwareConcurrency, MAX_THREADS);
  try {
    await Deno.truncate(path, 84e6);
    assertEquals(await threadsToLoad(path), cores);
    await Deno.truncate(path, 83e6);
    assertEquals(await threadsToLoad(path), 1);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("threadsToLoad() takes one thread for no file, and leaves one that is missing to who reads it", async () => {
  assertEquals(await threadsToLoad(null), 1);
  assertEquals(await threadsToLoad("there/is/no/such/file.keras"), 1);
});
