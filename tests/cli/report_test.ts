import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { parseReport } from "../../src/render/mod.ts";
import { runCommand } from "./run_command.ts";

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
  assertStringIncludes(stdout, "Tried: the model is then HEALTHY");
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
      // What breaks one rule may break others too; what is healthy breaks none.
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
