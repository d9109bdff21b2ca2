import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { engineFileUrl } from "../../src/engine/start/engine_files.ts";
import { withFolder } from "../core/model/save_model.ts";
import { assertRefuses } from "./refuses.ts";
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
  assertMatch(stdout, /^tanh +0\.\d+ \.\. 1\.\d+ +\S+ +activations fade +activations grow$/m);
  assertMatch(stdout, /^relu +1\.\d+ \.\. 1\.\d+ +\S+ +activations fade +activations grow$/m);
  assertMatch(stdout, /^sigmoid +none/m);
  assertMatch(stdout, /^selu +0\.\d+ \.\. 1\.\d+/m);
  assertMatch(stdout, /- tanh: healthy from 0\.\d+ to 1\.\d+ \/ sqrt\(fan-in\), best at/);
  for (const title of ["RELU", "TANH", "SIGMOID", "SELU"]) {
    assertMatch(stdout, RegExp(`^${title}: `, "m"));
  }
  assert(stdout.split("\n").every((line) => line.length <= 80));
  assertMatch(stderr, /^184 of 184 points, after \d+ s\n$/m);
});

Deno.test("sweep finds the healthy scale of relu that a coarse range steps over", async () => {
  const flags = ["sweep", "--activation=relu", "--seeds=2", "--jobs=1", "--quiet"];
  // 1 and 1.778 stand to either side of sqrt(2).
  const range = await runCommand([...flags, "--scale=0.1..10:9"]);
  assertMatch(range.stdout, /^relu +1\.\d+ \.\. 1\.\d+ +1\.41 /m);
  const list = await runCommand([...flags, "--scale=0.1,0.1778,0.3162,0.5623,1,1.778,3.162"]);
  assertMatch(list.stdout, /^relu +none/m);
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
  const { points } = await read("json");
  const { variants, ...header } = await read("summary");
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

Deno.test("sweep --resume starts where there is no file yet, and refuses another study's", async () => {
  await withFolder(async (folder) => {
    const out = ["--out", `${folder}/a.json`, "--resume"];
    const first = await runCommand(["sweep", ...SMALL, ...out]);
    assertEquals(first.code, 0, first.stderr);
    const before = await Deno.readTextFile(`${folder}/a.json`);
    await assertRefuses(
      ["sweep", ...SMALL.with(5, "0.1,1"), ...out],
      ["a.json is another study, which --resume cannot continue", "grid.scales"],
    );
    await assertRefuses(["sweep", ...SMALL, ...out, "--examples=8"], "examples is 32 and 8");
    await assertRefuses(["sweep", ...SMALL.with(1, "4"), ...out], "grid.depths is [3] and [4]");
    await assertRefuses(
      ["sweep", ...SMALL, ...out, "--shard=1/2"],
      "it is the whole study, but shard 1/2 was requested",
    );
    assertEquals(await Deno.readTextFile(`${folder}/a.json`), before);
    await Deno.writeTextFile(`${folder}/a.json`, "{}");
    await assertRefuses(["sweep", ...SMALL, ...out], "a.json, which carries no marker of a result");
  });
});

Deno.test("sweep runs with the permissions that its help names, and no others", async () => {
  const wasm = fileURLToPath(engineFileUrl("single"));
  const folder = fileURLToPath(ROOT);
  await withFolder(async (out) => {
    const run = (permissions: string[], ...args: string[]) =>
      runCommand(["sweep", ...SMALL, ...args], { permissions: ["--no-prompt", ...permissions] });
    const alone = await run([`--allow-read=${folder},${wasm}`]);
    assertEquals(alone.code, 0, alone.stderr);
    const file = await run(
      [`--allow-read=${folder},${wasm},${out}`, `--allow-write=${out}`],
      `--out=${out}/a.json`,
    );
    assertEquals(file.code, 0, file.stderr);
    assertEquals(file.stdout, alone.stdout);
    const workers = await run([`--allow-read=${folder},${wasm}`], "--jobs=2");
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
    [["--resume"], "--resume is given without --out FILE"],
    [["--format", "xml"], '--format is "xml", expected text, json, csv, markdown, html or summary'],
    [["--scale-layers", "("], '--scale-layers is "(", expected a regular expression'],
    [
      ["--scale-layers", "nothing"],
      "scaleLayers is /nothing/, expected the name of a layer with a kernel",
    ],
    [["examples/digits.ts", "--depth", "3"], "given with MODEL examples/digits.ts"],
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
