import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const HEALTHY = "seed_tanh_critical";
const WARNED = "relu_he";
const BROKEN = "relu_dead_layer";
const model = (name: string) => `${name}/model.json`;
const batch = (name: string) => ["--batch", `${name}/batch.json`];

Deno.test("check exits with 0 where nothing is wrong, and says so", async () => {
  await withGateFolder([HEALTHY], {}, async (cwd) => {
    const { code, stdout } = await runCommand(["check", model(HEALTHY)], { cwd });
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, `== ${model(HEALTHY)}, seed 0\n`);
    assertStringIncludes(stdout, "0 errors");
  });
});

Deno.test("check exits with 0 on warnings, and with 1 on more than may pass", async () => {
  const strict = { rules: { "init-scale": ["error", { initScaleWarning: 1 }] } };
  await withGateFolder([WARNED], { "gradient-health.json": strict }, async (cwd) => {
    const [passed, failed] = await Promise.all(
      ["99", "0"].map((most) =>
        runCommand(["check", model(WARNED), "--max-warnings", most, ...batch(WARNED)], { cwd })
      ),
    );
    assertStringIncludes(passed.stdout, "WARNING init-scale");
    assertEquals([passed.code, failed.code], [0, 1]);
    assertStringIncludes(failed.stdout, "maxWarnings (0).");
  });
});

Deno.test("check exits with 1 on an error", async () => {
  await withGateFolder([BROKEN], {}, async (cwd) => {
    const { code, stdout } = await runCommand(["check", model(BROKEN)], { cwd });
    assertEquals(code, 1);
    assertStringIncludes(stdout, "ERROR dead-units");
  });
});

const CONFIGURATION = {
  models: [
    { name: "fine", path: model(HEALTHY), batch: `${HEALTHY}/batch.json` },
    { name: "dead", path: model(BROKEN), seeds: "0..2" },
  ],
};

const REFUSED: [args: string[], files: Record<string, unknown>, message: string | string[]][] = [
  [[], {}, "MODEL is missing, expected one, or models in gradient-health.json"],
  [[], { "gradient-health.json": {} }, "MODEL is missing"],
  [["none.json"], {}, "none.json: there is no such file"],
  [["none.json", "--reporter", "junit=out.xml"], {}, "none.json"],
  [
    ["fin"],
    { "gradient-health.json": CONFIGURATION },
    'MODEL is "fin", expected a file, or a model that gradient-health.json lists',
  ],
  [["a.ts", "a.ts"], {}, "MODEL a.ts is given twice, expected once"],
  [
    ["a.ts", "--reporter", "junti"],
    {},
    '--reporter is "junti", expected text, json, junit, github, markdown or sarif; did you mean "junit"?',
  ],
  [["a.ts", "--reporter", "html"], {}, '--reporter is "html", expected text, json'],
  [["a.ts", "--reporter", "json="], {}, '--reporter is "json=", expected a file after ='],
  [
    ["a.ts", "--reporter", "json", "--reporter", "text"],
    {},
    "The reporters json and text would share stdout",
  ],
  [
    ["a.ts", "--reporter", "json=a", "--reporter", "sarif=a"],
    {},
    "Two results would be written to a",
  ],
  [
    ["a.ts", "--reporter", "json=a", "--reporter", "sarif=./a"],
    {},
    "Two results would be written to one file, a and ./a",
  ],
  [["a.ts", "./a.ts"], {}, "MODEL ./a.ts is given twice, expected once"],
  [["a.ts", "--reporter", "json", "--out", "a"], {}, "expected either"],
  [
    ["a.ts", "--shard", "3/2"],
    {},
    '--shard is "3/2", expected I/N, the I-th of N parts, such as 1/3',
  ],
  [["a.ts", "--shard", "0/2"], {}, '--shard is "0/2", expected I/N, the I-th of N parts'],
  [["a.ts", "--jobs", "0"], {}, '--jobs is "0", expected a whole number, 1 to 256, or auto'],
  [
    ["a.ts", "--seeds", "9..1"],
    {},
    '--seeds is "9..1", expected how many draws (10), or seeds (1,2,5 or 0..9)',
  ],
  [["a.ts", "--seeds", "-1"], {}, '--seeds is "-1", expected how many draws (10), or seeds'],
  [["a.ts", "--jobs", "-1"], {}, '--jobs is "-1", expected a whole number, 1 to 256, or auto'],
  [
    ["a.ts", "--max-warnings", "-1"],
    {},
    '--max-warnings is "-1", expected a whole number, 0 or more',
  ],
  [["a.ts", "--seeds", "1", "--seed", "1"], {}, "--seed and --seeds exclude each other"],
  [["a.ts", "--max-warnings", "few"], {}, '--max-warnings is "few", expected a whole number'],
  [
    ["--columns", "5"],
    { "gradient-health.json": CONFIGURATION },
    '--columns is "5", expected a whole number, 20 to 1000',
  ],
  [
    ["a.ts", "--baseline", "b.json"],
    { "gradient-health.json": { extends: "init" }, "b.json": '{ "version": 1, "models": {} }' },
    "the rule baseline is off in gradient-health.json (extends init)",
  ],
  [["a.ts", "--config", "none.json"], {}, "none.json: the configuration cannot be read"],
  [["a.ts", "--config", "a", "--no-config"], {}, "--config and --no-config exclude each other"],
  [["a.ts", "--baseline", "none.json"], {}, "none.json: there is no baseline: write one with"],
  [
    ["a.ts", "--baseline", "b.json"],
    { "b.json": "{}" },
    "b.json: version is missing, expected 1",
  ],
  [
    ["--print-config"],
    { "gradient-health.json": { rules: { "dead-unit": "off" } } },
    'gradient-health.json:1:23: rules has the unknown rule "dead-unit"; did you mean "dead-units"?',
  ],
  [["a.ts"], { "gradient-health.json": "{", "deno.json": '{"gradientHealth": 1}' }, "two conf"],
];

for (const [args, files, message] of REFUSED) {
  Deno.test(`check ${args.join(" ")} is refused in one sentence`, async () => {
    await withGateFolder([], files, async (cwd) => {
      await assertRefuses(["check", ...args], message, { cwd });
      assertEquals([...Deno.readDirSync(cwd)].some(({ name }) => name.endsWith(".tmp")), false);
    });
  });
}

Deno.test("check judges the models of the nearest configuration, from any folder below", async () => {
  const files = { "gradient-health.jsonc": CONFIGURATION, "below/x": "" };
  await withGateFolder([HEALTHY, BROKEN], files, async (folder) => {
    const [whole, one, file] = await Promise.all([
      runCommand(["check", "--quiet"], { cwd: `${folder}/below` }),
      runCommand(["check", "fine", "--quiet"], { cwd: folder }),
      runCommand(["check", `../${model(BROKEN)}`, "--quiet"], { cwd: `${folder}/below` }),
    ]);
    assertEquals([whole.code, one.code, file.code], [1, 0, 1], whole.stderr);
    assertStringIncludes(whole.stdout, "== fine (../seed_tanh_critical/model.json), seed 0");
    assertStringIncludes(whole.stdout, "== dead (../relu_dead_layer/model.json), 3 seeds");
    assertStringIncludes(whole.stdout, "Gate failed: 2 models, 4 runs");
    // A model that the configuration lists is checked as it says, by whatever name it is called.
    assertStringIncludes(file.stdout, "== dead (../relu_dead_layer/model.json), 3 seeds");
  });
});

Deno.test("check finds a model's entries by its path, however that is spelt", async () => {
  const entry = { path: model(HEALTHY), batch: `${HEALTHY}/batch.json` };
  const models = [{ ...entry, name: "one" }, { ...entry, name: "two", seeds: "1..2" }];
  const files = { "gradient-health.json": { models } };
  await withGateFolder([HEALTHY], files, async (cwd) => {
    const names = async (...operands: string[]) => {
      const { stdout } = await runCommand(["check", ...operands, "--quiet"], { cwd });
      return [...stdout.matchAll(/^== (\w+) .*, (.*)$/gm)].map(([, ...found]) => found.join(", "));
    };
    const both = ["one, seed 0", "two, 2 seeds"];
    assertEquals(await names(`./${model(HEALTHY)}`), both);
    assertEquals(await names(`${cwd}/${model(HEALTHY)}`), both);
    assertEquals(await names("two", "one"), both.toReversed());
  });
});

Deno.test("check takes its configuration from deno.json too, and obeys it", async () => {
  const gradientHealth = {
    models: [{ name: "dead", path: model(BROKEN), batch: `${BROKEN}/batch.json`, seeds: [4] }],
    rules: { "dead-units": "warn", "gradients-flow": "off", "vanishing-gradients": "off" },
    suppressions: [{ rule: "activation-scale", layer: "dense_*", reason: "dead on purpose" }],
  };
  await withGateFolder([BROKEN], { "deno.json": { gradientHealth } }, async (cwd) => {
    const { code, stdout } = await runCommand(["check"], { cwd });
    assertEquals(code, 0, stdout);
    assertStringIncludes(stdout, "WARNING dead-units");
    assertStringIncludes(stdout, "SUPPRESSED activation-scale: dense_3, dense_4 (dead on purpose)");
    assert(!stdout.includes("gradients-flow"));
    const without = await runCommand(["check", model(BROKEN), "--no-config"], { cwd });
    assertEquals(without.code, 1);
  });
});

Deno.test("check --print-config shows what is in force and measures nothing", async () => {
  const files = { "gradient-health.json": { extends: "init", models: [{ path: "none.ts" }] } };
  await withGateFolder([], files, async (cwd) => {
    const { code, stdout } = await runCommand(
      ["check", "--print-config", "--max-warnings", "3"],
      { cwd },
    );
    assertEquals(code, 0);
    const settings = JSON.parse(stdout);
    assertEquals([settings.file, settings.extends], ["gradient-health.json", "init"]);
    assertEquals([settings.models[0].name, settings.maxWarnings], ["none.ts", 3]);
    assertEquals(settings.rules.baseline.level, "off");
    assertEquals(settings.rules["dead-units"].thresholds.deadFraction, 0.5);
  });
});

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

for (const [what, code] of [[model(HEALTHY), 0], [model(BROKEN), 1], ["none.json", 2]] as const) {
  Deno.test(`check exits with ${code} on a full disk behind stderr`, async () => {
    await withGateFolder([HEALTHY, BROKEN], {}, async (cwd) => {
      const main = new URL("../../mod.ts", import.meta.url).pathname;
      const outcome = await new Deno.Command("bash", {
        args: ["-c", `"$DENO" run --no-check -A ${main} check ${what} 2> /dev/full`],
        cwd,
        env: { DENO: Deno.execPath(), NO_COLOR: "1" },
      }).output();
      assertEquals(outcome.code, code);
    });
  });
}

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
    assertStringIncludes(stdout, "Gate failed: 2 models, 4 runs");
    assertStringIncludes(stdout, "1 run could");
    assertEquals(stderr.split("\n").length, 2, stderr);
    assertStringIncludes(stderr, "error: none/model.json");
    const loud = await runCommand(["check"], { cwd });
    const [missing, fine] = loud.stderr.split("\n").filter((line) => line.startsWith("["));
    assertMatch(missing, /^\[1\/5\] none\/model.json, seed 0: failed after [\d.]+ s$/);
    assertMatch(fine, /^\[2\/5\] fine, seed 0: [\d.]+ s$/);
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
    const args = ["check", ...models, "--seeds", "3", "--jobs", "2", "--quiet"];
    const { code, stdout, stderr } = await runCommand(args, { cwd });
    assertEquals(code, 2, stderr);
    assertStringIncludes(stdout, "Gate failed: 1 model, 3 runs;");
    for (const name of ["end.js", "close.js"]) {
      assertStringIncludes(stderr, `error: ${name}: The model's code terminated its worker`);
    }
    assertStringIncludes(stderr, "error: die.js: an error in its code was not caught: late");
  });
});

Deno.test("check writes every reporter that is asked for in one run", async () => {
  await withGateFolder([BROKEN], {}, async (cwd) => {
    const summary = `${cwd}/summary.md`;
    await Deno.writeTextFile(summary, "before\n");
    const reporters = [
      "text",
      "github",
      "json=a.json",
      "junit=a.xml",
      "markdown=a.md",
      "sarif=a.sarif",
    ];
    const { code, stdout } = await runCommand(
      ["check", model(BROKEN), "--quiet", ...reporters.flatMap((name) => ["--reporter", name])],
      { cwd, env: { GITHUB_STEP_SUMMARY: summary } },
    );
    assertEquals(code, 1);
    assertStringIncludes(stdout, "ERROR dead-units");
    assertStringIncludes(stdout, "\n::error file=relu_dead_layer/model.json,line=");
    const read = (name: string) => Deno.readTextFileSync(`${cwd}/${name}`);
    assertEquals(JSON.parse(read("a.json")).passed, false);
    assertStringIncludes(read("a.xml"), "<testsuites name=");
    assertEquals(JSON.parse(read("a.sarif")).version, "2.1.0");
    assert(read("a.md").startsWith("### ❌ gradient-health"));
    assertEquals(read("summary.md"), `before\n\n${read("a.md")}`);
  });
});

Deno.test("check keeps the step summary below the size that GitHub takes", async () => {
  await withGateFolder([BROKEN], {}, async (cwd) => {
    const summary = `${cwd}/summary.md`;
    const size = 1024 * 1024 - 4000;
    await Deno.writeFile(summary, new Uint8Array(size).fill(65));
    await runCommand(
      ["check", model(BROKEN), "--quiet", "--reporter", "github"],
      { cwd, env: { GITHUB_STEP_SUMMARY: summary } },
    );
    const written = (await Deno.stat(summary)).size;
    assert(written > size && written <= 1024 * 1024, `${written - size} bytes`);
  });
});

Deno.test("check reports suppressions that are past their day or match nothing", async () => {
  const files = {
    "gradient-health.json": {
      models: [{ name: "fine", path: model(HEALTHY) }],
      suppressions: [
        { rule: "dead-units", layer: "dense_1", reason: "gone" },
        { rule: "dead-units", layer: "dense_1", reason: "old", until: "2020-01-01" },
      ],
    },
  };
  await withGateFolder([HEALTHY], files, async (cwd) => {
    const { code, stdout } = await runCommand(["check", "--quiet", "--max-warnings", "1"], { cwd });
    assertEquals(code, 1);
    assertStringIncludes(stdout, "WARNING unused-suppression: the configuration");
    assertStringIncludes(stdout, "WARNING expired-suppression: the configuration");
  });
});

Deno.test("check ends quietly when its reader has seen enough", async () => {
  await withGateFolder([BROKEN], {}, async (cwd) => {
    const main = new URL("../../mod.ts", import.meta.url).pathname;
    const script =
      `"$DENO" run --no-check -A ${main} check ${
        model(BROKEN)
      } --quiet --reporter json | head -c 1; ` +
      `echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", script],
      cwd,
      env: { DENO: Deno.execPath(), NO_COLOR: "1" },
    }).output();
    assertEquals(new TextDecoder().decode(stdout), "{1\n");
    assertEquals(new TextDecoder().decode(stderr), "");
  });
});
