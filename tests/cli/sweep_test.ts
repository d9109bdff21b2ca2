import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { engineFileUrl } from "../../src/engine/engine_files.ts";
import { withFolder } from "../model/save_model.ts";
import { assertRefuses } from "./refuses.ts";
import { COMMANDS } from "../../src/cli/overview.ts";
import { runCommand } from "./run_command.ts";

const SMALL = ["--depth", "3", "--width", "8", "--scale", "0.1,1,10", "--seeds", "2", "--quiet"];
const ROOT = new URL("../../", import.meta.url);

Deno.test("sweep answers the exercise's question for four activations", async () => {
  const { code, stdout, stderr } = await runCommand([
    "sweep",
    "--seeds=2",
    "--scale=0.1..10",
    "--jobs=1",
  ]);
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^tanh +0\.\d+ \.\. 1\.\d+ +\S+ +gradients vanish +units saturate$/m);
  assertMatch(stdout, /^relu +1\.\d+ \.\. 1\.\d+ +\S+ +gradients vanish +gradients explode$/m);
  assertMatch(stdout, /^sigmoid +none/m);
  assertMatch(stdout, /^selu +0\.\d+ \.\. 1\.\d+/m);
  assertMatch(stdout, /- tanh: healthy from 0\.\d+ to 1\.\d+ \/ sqrt\(fan-in\), best at/);
  for (const title of ["RELU", "TANH", "SIGMOID", "SELU"]) {
    assertMatch(stdout, RegExp(`^${title}: `, "m"));
  }
  assert(stdout.split("\n").every((line) => line.length <= 80));
  assertMatch(stderr, /^168 of 168 points, after \d+ s\n$/);
});

Deno.test("sweep --exercise finds the band near 1/894", async () => {
  const { code, stdout } = await runCommand([
    "sweep",
    "--exercise",
    "--activation=tanh",
    "--scale=1/20000..1/30:15",
    "--jobs=1",
  ]);
  assertEquals(code, 0);
  assertStringIncludes(
    stdout.replaceAll("\n", " "),
    "kernels of dense_2 ... dense_10 are multiplied",
  );
  const [, from, to] = /healthy from 1\/(\d+)\s+to 1\/(\d+)\s+times\s+its\s+weights/.exec(stdout)!;
  assert(Number(from) > 894 && Number(to) < 894, `${from} ${to}`);
});

Deno.test("sweep gives the same bytes as JSON whatever the jobs, on stdout and in --out", async () => {
  await withFolder(async (folder) => {
    const json = ["--format", "json"];
    const one = await runCommand(["sweep", ...SMALL, ...json, "--jobs", "1"]);
    assertEquals(one.stderr, "");
    const two = await runCommand(["sweep", ...SMALL, ...json, "--jobs", "2"]);
    assertEquals(two.stdout, one.stdout);
    const out = await runCommand(["sweep", ...SMALL, ...json, "--out", `${folder}/a.json`]);
    assertEquals(out.stdout, one.stdout);
    assertEquals(await Deno.readTextFile(`${folder}/a.json`), one.stdout);
    const { points, total } = JSON.parse(one.stdout);
    assertEquals([points.length, total], [24, 24]);
  });
});

Deno.test("sweep writes CSV and Markdown", async () => {
  const csv = await runCommand(["sweep", ...SMALL, "--format", "csv", "--activation", "relu"]);
  // Two seeds, three scales, four layers, and the heading.
  assertEquals(csv.stdout.trimEnd().split("\n").length, 2 * 3 * 4 + 1);
  const markdown = await runCommand(["sweep", ...SMALL, "--format", "markdown"]);
  assertStringIncludes(markdown.stdout, "| activation | healthy scales |");
});

Deno.test("sweep writes medians, quartiles and shares of healthy draws as JSON", async () => {
  const flags = ["--depth=3", "--width=8", "--scale=0.01,1", "--seeds=3", "--activation=tanh"];
  const read = async (format: string) => {
    const { stdout, stderr } = await runCommand(["sweep", ...flags, "--quiet", "--format", format]);
    assertEquals(stderr, "");
    return JSON.parse(stdout);
  };
  const [{ points }, { variants, ...header }] = [await read("json"), await read("summary")];
  assertEquals([variants.length, variants[0].scales.length, header.points], [1, 2, 6]);
  for (const { scale, draws, healthy, layers } of variants[0].scales) {
    const own = points.filter((point: { scale: number }) => point.scale === scale);
    assertEquals(draws, 3);
    assertEquals(healthy, own.filter((point: { healthy: boolean }) => point.healthy).length);
    const deltas: number[] = own.map((point: { layers: { delta: number }[] }) =>
      point.layers[0].delta
    );
    const [least, median, most] = deltas.sort((a, b) => a - b);
    assertEquals(layers[0].figures.delta, {
      lower: (least + median) / 2,
      median,
      upper: (median + most) / 2,
    });
  }
  assertEquals(variants[0].best, 1);
});

Deno.test("sweep takes a module, other activations and initialisers, and a loss", async () => {
  const { code, stdout, stderr } = await runCommand([
    "sweep",
    "examples/digits.ts",
    "--scale=0.5,1",
    "--seeds=1",
    "--activation=tanh,selu",
    "--initializer=orthogonal",
    "--examples=16",
    "--format=json",
    "--quiet",
  ]);
  assertEquals(code, 0, stderr);
  const study = JSON.parse(stdout);
  assertEquals(study.objective, "categoricalCrossentropy");
  assertEquals(study.examples, 16);
  assertEquals(study.model.source, "examples/digits.ts");
  const activations = study.points.map((
    { layers }: { layers: { activation: string }[] },
  ) => layers.map(({ activation }) => activation));
  assertEquals(activations[0], [null, "tanh", "tanh", "softmax"]);
  assertEquals(activations[3], [null, "selu", "selu", "softmax"]);
});

/**
 * Starts a sweep and interrupts it once there is something in its folder; twice, as Ctrl-C arrives
 * under npx, which passes on what the terminal has sent already.
 *
 * @param isUnderWay Whether a file's name and size say that it has come so far. Default: the first
 * points are in its journal.
 */
async function interrupt(
  folder: string,
  args: string[],
  isUnderWay = (name: string, size: number) => name.endsWith(".journal") && size > 0,
): Promise<{ code: number; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("mod.ts", ROOT).href, "sweep", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const sizeOf = (name: string) => {
    try {
      return Deno.statSync(`${folder}/${name}`).size;
    } catch {
      // A temporary file that was there when the folder was read.
      return 0;
    }
  };
  const isReached = () =>
    [...Deno.readDirSync(folder)].some(({ name }) => isUnderWay(name, sizeOf(name)));
  const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
  let ended = false;
  child.status.then(() => ended = true);
  while (!ended && !isReached()) await pause();
  if (!ended) child.kill("SIGINT");
  await pause();
  try {
    child.kill("SIGINT");
  } catch {
    // It has ended at the first.
  }
  const { code, stderr } = await child.output();
  return { code, stderr: new TextDecoder().decode(stderr) };
}

for (const jobs of ["1", "2"]) {
  Deno.test(`sweep keeps what is done at Ctrl-C and goes on with it, with --jobs ${jobs}`, async () => {
    await withFolder(async (folder) => {
      const out = `${folder}/study.json`;
      const grid = ["--depth=3", "--width=8", "--scale=0.1..10:20", "--seeds=4", `--jobs=${jobs}`];
      const { code, stderr } = await interrupt(folder, [...grid, "--out", out]);
      assertEquals(code, 130, stderr);
      assertStringIncludes(stderr, `interrupted: go on with --out ${out} --resume`);
      const { points, total } = JSON.parse(await Deno.readTextFile(out));
      assert(points.length > 0 && points.length < total, `${points.length} of ${total}`);
      assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["study.json"]);

      const resumed = await runCommand(["sweep", ...grid, "--out", out, "--resume"]);
      assertEquals(resumed.code, 0, resumed.stderr);
      const whole = await runCommand(["sweep", ...grid, "--quiet", "--format=json"]);
      assertEquals(await Deno.readTextFile(out), whole.stdout);
      // The same text as well, and nothing is measured a third time.
      const again = await runCommand(["sweep", ...grid, "--out", out, "--resume"]);
      assertEquals(again.stdout, resumed.stdout);
      assertEquals(await Deno.readTextFile(out), whole.stdout);
    });
  });
}

/** A module that leaves a file when it is asked for the model of a seed, which never comes. */
async function writeHanging(folder: string, seed: number): Promise<string> {
  await Deno.writeTextFile(
    `${folder}/model.ts`,
    `export function createModel({ tf, seed }) {
  if (seed === ${seed}) {
    Deno.writeTextFileSync(${JSON.stringify(`${folder}/mark`)}, "");
    return new Promise((resolve) => setTimeout(resolve, 1e6));
  }
  return tf.sequential({
    layers: [1, 2].map((units) => tf.layers.dense({ units, inputShape: [1], activation: "tanh" })),
  });
}
`,
  );
  return `${folder}/model.ts`;
}

for (const jobs of ["1", "2"]) {
  Deno.test(`sweep ends at Ctrl-C though a model does not come, with --jobs ${jobs}`, async () => {
    const asksForFirst = (name: string) => name === "mark";
    for (const [seed, kept, isUnderWay] of [[0, null, asksForFirst], [1, 1, undefined]] as const) {
      await withFolder(async (folder) => {
        const model = await writeHanging(folder, seed);
        const args = [model, "--scale=1", "--seeds=2", `--jobs=${jobs}`, `--out=${folder}/a.json`];
        const { code, stderr } = await interrupt(folder, args, isUnderWay);
        assertEquals(code, 130, stderr);
        const file = await Deno.readTextFile(`${folder}/a.json`).catch(() => null);
        assertEquals(file === null ? null : JSON.parse(file).points.length, kept);
      });
    }
  });
}

Deno.test("sweep says that it cannot end where a model never comes", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/model.ts`,
      "export const createModel = () => new Promise(() => {});\n",
    );
    await assertRefuses(
      ["sweep", `${folder}/model.ts`],
      `no result: the code of ${folder}/model.ts ended the process, or awaits`,
    );
  });
});

Deno.test("sweep --resume starts where there is no file yet, and refuses another study's", async () => {
  await withFolder(async (folder) => {
    const out = ["--out", `${folder}/a.json`, "--resume"];
    const first = await runCommand(["sweep", ...SMALL, ...out]);
    assertEquals(first.code, 0, first.stderr);
    const before = await Deno.readTextFile(`${folder}/a.json`);
    await assertRefuses(
      ["sweep", ...SMALL.with(5, "0.1,1"), ...out],
      ["a.json is another study, which --resume cannot go on with", "grid.scales"],
    );
    await assertRefuses(["sweep", ...SMALL, ...out, "--examples=8"], "examples is 32 and 8");
    await assertRefuses(["sweep", ...SMALL.with(1, "4"), ...out], "grid.depths is [3] and [4]");
    await assertRefuses(
      ["sweep", ...SMALL, ...out, "--shard=1/2"],
      "it is the whole study, and shard 1/2 is asked for",
    );
    assertEquals(await Deno.readTextFile(`${folder}/a.json`), before);
    await Deno.writeTextFile(`${folder}/a.json`, "{}");
    await assertRefuses(["sweep", ...SMALL, ...out], "a.json, which holds no result");
  });
});

Deno.test("sweep reports a worker that died on stderr, and goes on", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/model.ts`,
      `import process from "node:process";
export function createModel({ tf, seed }) {
  const mark = ${JSON.stringify(`${folder}/mark`)};
  if (seed === 1 && !Deno.readDirSync(${
        JSON.stringify(folder)
      }).some(({ name }) => name === "mark")) {
    Deno.writeTextFileSync(mark, "");
    process.exit(1);
  }
  return tf.sequential({
    layers: [1, 2].map((units) => tf.layers.dense({ units, inputShape: [1], activation: "tanh" })),
  });
}
`,
    );
    const { code, stdout, stderr } = await runCommand([
      "sweep",
      `${folder}/model.ts`,
      "--scale=2",
      "--seeds=3",
      "--jobs=2",
      "--format=csv",
    ]);
    assertEquals(code, 0, stderr);
    assertStringIncludes(stderr, "warning: A worker died at point 1 (seed 1, scale 2)");
    assertEquals(stdout.trimEnd().split("\n").length, 3 * 2 + 1);
  });
});

Deno.test("sweep runs with the permissions that its help names, and no others", async () => {
  const wasm = fileURLToPath(engineFileUrl("single"));
  const folder = fileURLToPath(ROOT);
  await withFolder(async (out) => {
    const run = (permissions: string[], ...args: string[]) =>
      runCommand(["sweep", ...SMALL, ...args], { permissions: ["--no-prompt", ...permissions] });
    const alone = await run([`--allow-read=${wasm}`]);
    assertEquals(alone.code, 0, alone.stderr);
    const file = await run(
      [`--allow-read=${wasm},${out}`, `--allow-write=${out}`],
      `--out=${out}/a.json`,
    );
    assertEquals(file.code, 0, file.stderr);
    assertEquals(file.stdout, alone.stdout);
    const workers = await run([`--allow-read=${wasm},${folder}`], "--jobs=2");
    assertEquals(workers.code, 0, workers.stderr);
    assertEquals(workers.stdout, alone.stdout);
    const none = await run([]);
    assertEquals(none.code, 2);
    assertStringIncludes(none.stderr, "--allow-read");
  });
});

Deno.test("sweep refuses what it cannot carry out, in one sentence", async () => {
  const wrong: [string[], string][] = [
    [["--scale", "10..1"], '--scale is "10..1", expected a range'],
    [["--scale", "1,1"], "--scale has 1 twice, expected it once"],
    [["--activation", "relo"], 'did you mean "relu"'],
    [["--activation", "relu,,tanh"], '--activation is "relu,,tanh", expected a list'],
    [["--initializer", "leCunNormal,lecunNormal"], '--initializer has "lecunNormal" twice'],
    [["--initializer", "heNorml"], 'did you mean "heNormal"'],
    [["--seeds", "0"], '--seeds is "0", expected how many draws (10), or seeds (1,2,5 or 0..9)'],
    [["--seeds", "-1"], '--seeds is "-1", expected how many draws'],
    [["--scale", "-1"], '--scale is "-1", expected a range'],
    [["--width", "-5"], '--width is "-5", expected a whole number, 1 to 100000'],
    [["--columns", "39"], '--columns is "39", expected a whole number, 40 to 1000'],
    [["--objective", "meanSquareError"], 'did you mean "meanSquaredError"'],
    [["--width", "100000"], "of depth 10 and width 100000 takes 1117.6 GiB"],
    [["--exercise", "--width", "20000"], "of depth 10 and width 20000 takes 44.7 GiB"],
    [["--depth", "3,x"], '--depth is "x", expected a whole number, 1 to 1000'],
    [["--shard", "4/3"], '--shard is "4/3", expected I/N'],
    [["--jobs", "0"], '--jobs is "0", expected a whole number, 1 to 256, or auto'],
    [["--resume"], "expected --out too"],
    [["--format", "xml"], '--format is "xml", expected text, json, csv, markdown or summary'],
    [["--scale-layers", "("], '--scale-layers is "(", expected a regular expression'],
    [
      ["--scale-layers", "nothing"],
      "scaleLayers is /nothing/, expected the name of a layer with a kernel to match it",
    ],
    [["examples/digits.ts", "--depth", "3"], "found MODEL examples/digits.ts"],
    [["a.json", "b.json"], "MODEL is given 2 times"],
    [["no.json"], "no.json: there is no such file"],
    [["no.json", "--jobs", "2"], "no.json: there is no such file"],
    [["--register", "x.ts"], "expected MODEL too"],
    [["--out", "/dev/null/a.json"], "/dev/null/a.json cannot be written"],
  ];
  await Promise.all(
    wrong.map(([args, message]) => assertRefuses(["sweep", ...args], message)),
  );
});

Deno.test("sweep and check mean the same by --seeds, and their help says what", async () => {
  const sweep = async (seeds: string) => {
    const { stdout } = await runCommand(
      ["sweep", "--scale", "1", "--activation", "tanh", "--seeds", seeds, "--format", "json"],
    );
    return JSON.parse(stdout).points.map(({ seed }: { seed: number }) => seed);
  };
  const check = async (seeds: string) => {
    const { stdout } = await runCommand(
      ["check", "examples/digits.ts", "--no-config", "--seeds", seeds, "--format", "json"],
    );
    return JSON.parse(stdout).runs.map(({ seed }: { seed: number }) => seed);
  };
  for (const [text, seeds] of [["2", [0, 1]], ["4,2", [4, 2]], ["3..4", [3, 4]]] as const) {
    assertEquals(await sweep(text), [...seeds]);
    assertEquals(await check(text), [...seeds]);
  }
  for (const subcommand of ["sweep", "check"]) {
    const { stdout } = await runCommand([subcommand, "--help"]);
    const [, help] = /--seeds N\|LIST\n([^-]*(?:- 1[^-]*)?)/.exec(stdout) ?? [];
    assertStringIncludes(help.replaceAll(/\s+/g, " "), "(seeds 0 to N - 1), or");
  }
});

Deno.test("--width, --scale and --layers mean one thing each", async () => {
  const commands = await Promise.all(["report", "check", "sweep", "merge", "explain"].map(
    async (name) => ({ name, flags: (await COMMANDS[name].load()).flags }),
  ));
  const having = (key: string) =>
    commands.filter(({ flags }) => Object.hasOwn(flags, key)).map(({ name }) => name);
  assertEquals(["width", "scale", "layers", "scaleLayers", "axis"].map(having), [
    ["sweep"],
    ["sweep"],
    ["report"],
    ["sweep"],
    ["report"],
  ]);
  assertEquals(having("columns"), ["report", "check", "sweep", "merge", "explain"]);
});

Deno.test("sweep ends when the reader of its points has seen enough", async () => {
  // A thousand draws take minutes; the test runner would say so.
  const script = `"$DENO" run --no-check -A mod.ts sweep --seeds 1000 --format csv | head -n 1
echo "\${PIPESTATUS[0]}"`;
  const { stdout, stderr } = await new Deno.Command("bash", {
    args: ["-c", script],
    cwd: ROOT,
    env: { DENO: Deno.execPath(), NO_COLOR: "1" },
  }).output();
  const [heading, code] = new TextDecoder().decode(stdout).trim().split("\n");
  assert(heading.startsWith("index,seed,"));
  assertEquals(code, "0");
  const [, measured] = /(\d+) of 244000 points/.exec(new TextDecoder().decode(stderr)) ?? [];
  assert(Number(measured) > 0 && Number(measured) < 10_000, `${measured} points`);
});
