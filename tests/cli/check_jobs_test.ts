import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { BROKEN, CONFIGURATION, HEALTHY, model } from "./gate_models.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

/** A module that leaves names to TensorFlow.js, which counts the models and layers of the process. */
const UNNAMED =
  `export const createModel = ({ tf, seed }) => tf.sequential({ layers: [1, 2].map((i) =>
  tf.layers.dense({ units: 64, inputShape: [64], activation: "tanh",
    kernelInitializer: tf.initializers.leCunNormal({ seed: 10 * seed + i }) })) });`;

Deno.test("check gives the same bytes whatever the jobs, the threads and the place", async () => {
  const unnamed = { path: "unnamed.js", seeds: "0..1" };
  const models = [...CONFIGURATION.models, unnamed];
  const files = { "gradient-health.json": { models }, "unnamed.js": UNNAMED };
  await withGateFolder([HEALTHY, BROKEN], files, async (cwd) => {
    const json = ["check", "--quiet", "--reporter", "json"];
    const { stdout, code } = await runCommand(json, { cwd });
    assertEquals(code, 1);
    const others = await Promise.all([
      runCommand([...json, "--jobs", "2"], { cwd }),
      runCommand([...json, "--threads", "2"], { cwd }),
      runCommand(["check", "--quiet", "--format", "json", "--out", "out.json"], { cwd }),
    ]);
    assertEquals(others[0].stdout, stdout);
    assertEquals(others[1].stdout, stdout);
    assertEquals(await Deno.readTextFile(`${cwd}/out.json`), stdout);
    const { runs, passed, version } = JSON.parse(stdout);
    assertEquals([version, passed], [1, false]);
    const passes = runs.map(({ name, seed }: { name: string; seed: number }) => `${name} ${seed}`);
    const those = ["fine 0", "dead 0", "dead 1", "dead 2"];
    assertEquals(passes, [...those, "unnamed.js 0", "unnamed.js 1"]);
    assertEquals(runs.at(-1).report.model.name, "unnamed");
  });
});

/** A model that says whether the engine is that of the pass before it. */
const ASKS = `let backend = null;
export const createModel = ({ tf }) => {
  console.log(backend === null ? "first" : backend === tf.backend());
  backend = tf.backend();
  return tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [2] })] });
};
`;

Deno.test("check starts one engine for all its passes, with --jobs 2 one in each worker", () =>
  withGateFolder([], { "asks.js": ASKS }, async (cwd) => {
    for (const jobs of [1, 2]) {
      const args = ["asks.js", "--seeds", "6", "--jobs", `${jobs}`, "--trial", "off", "--quiet"];
      const { stderr } = await runCommand(["check", "--no-config", ...args], { cwd });
      const said = stderr.match(/^(first|true|false)$/gm)!;
      assertEquals(said.length, 6);
      assert(said.filter((word) => word === "true").length >= 6 - jobs, stderr);
    }
  }));

Deno.test("check --shard parts make every pass once", async () => {
  const files = { "gradient-health.json": CONFIGURATION };
  await withGateFolder([HEALTHY, BROKEN], files, async (cwd) => {
    const parts = await Promise.all(
      [1, 2, 3].map((part) =>
        runCommand(["check", "--quiet", "--reporter", "json", "--shard", `${part}/3`], { cwd })
      ),
    );
    const passes = parts.map(({ stdout }) =>
      JSON.parse(stdout).runs.map(({ name, seed }: { name: string; seed: number }) => name + seed)
    );
    assertEquals(passes, [["fine0", "dead2"], ["dead0"], ["dead1"]]);
  });
});

Deno.test("check --fail-fast stops at the first pass that fails, with two jobs as with one", async () => {
  const files = { "gradient-health.json": { models: [...CONFIGURATION.models].reverse() } };
  await withGateFolder([HEALTHY, BROKEN], files, async (cwd) => {
    const [one, two] = await Promise.all(["1", "2"].map((jobs) =>
      runCommand(
        ["check", "--quiet", "--fail-fast", "--jobs", jobs, "--reporter", "json"],
        { cwd },
      )
    ));
    assertEquals([one.code, two.stdout], [1, one.stdout]);
    const { runs, summary } = JSON.parse(one.stdout);
    assertEquals([runs.length, summary.skipped], [1, 3]);
  });
});

Deno.test("check goes on after a pass that cannot be made, and exits with 2", async () => {
  const models = [{ path: "none/model.json" }, ...CONFIGURATION.models];
  const files = { "gradient-health.json": { models } };
  await withGateFolder([HEALTHY, BROKEN], files, async (cwd) => {
    const { code, stdout, stderr } = await runCommand(["check", "--quiet"], { cwd });
    assertEquals(code, 2);
    assertStringIncludes(stdout, "Gate failed. 1 of 3 models is sick");
    assertStringIncludes(stdout, " 1 run could");
    assertEquals(stderr.split("\n").length, 2, stderr);
    assertStringIncludes(stderr, "error: none/model.json");
    const loud = await runCommand(["check"], { cwd });
    // A log names the runs that fail; the others would hide them.
    const [missing, all] = loud.stderr.split("\n");
    assertMatch(missing, /^\[1\/5\] none\/model.json, seed 0: failed after [\d.]+ s$/);
    assertMatch(all, /^5 runs took [\d.]+ s$/);
  });
});

const ENDING = "export const createModel = () => Deno.exit(0);";

for (const text of [ENDING, "export const createModel = () => new Promise(() => {});"]) {
  Deno.test(`check has no verdict of a model that says ${text}`, async () => {
    await withGateFolder(
      [],
      { "a.js": text },
      (cwd) =>
        assertRefuses(["check", "a.js", "--quiet"], "no result: the code of a.js ended", {
          cwd,
          separate: true,
        }),
    );
  });
}

Deno.test("check --jobs 2 goes on after models that end their workers", async () => {
  const dying = "self.reportError(new Error('late')); await new Promise(() => {});";
  const closing = "self.close(); export const createModel = () => new Promise(() => {});";
  const files = { "end.js": ENDING, "die.js": dying, "close.js": closing };
  await withGateFolder([HEALTHY], files, async (cwd) => {
    const models = [...Object.keys(files), model(HEALTHY)];
    const args = ["check", ...models, "--seeds", "2", "--jobs", "2", "--quiet"];
    const { code, stdout, stderr } = await runCommand(args, { cwd, separate: true });
    assertEquals(code, 2, stderr);
    assertStringIncludes(stdout, "Gate failed. 1 of 4 models is healthy.");
    for (const name of ["end.js", "close.js"]) {
      assertStringIncludes(stderr, `error: ${name}: the model's code terminated its worker`);
    }
    assertStringIncludes(stderr, "error: die.js: an error in its code was not caught: late");
  });
});
