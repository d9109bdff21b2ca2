import { type MadeTensor, writeCheckpoint } from "../checkpoint/write_checkpoint.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

/** A module whose network has four layers with kernels of this size. */
const network = (std: number, more = "", name = "(i) => `fc${i}`") => `
const name = ${name};
export const createModel = ({ tf, seed }) => {
  const dense = (i, inputShape) => tf.layers.dense({
    units: 32, inputShape, name: name(i), activation: "tanh",
    kernelInitializer: tf.initializers.randomNormal({ stddev: ${std}, seed: 10 * seed + i }),
  });
  return tf.sequential({ layers: [dense(1, [32]), ${more} dense(2), dense(3), dense(4)] });
};
`;

const BASE = ["--quiet", "--trial", "off"];

const diff = async (cwd: string, ...args: string[]) => {
  const { code, stdout, stderr } = await runCommand(["diff", ...args, ...BASE], { cwd });
  assertEquals([code, stderr], [0, ""]);
  return stdout;
};

Deno.test("diff says what moved between two models, and what became of the causes", () =>
  withGateFolder([], { "a.js": network(0.6), "b.js": network(0.15) }, async (cwd) => {
    const text = await diff(cwd, "a.js", "b.js");
    assert(text.startsWith("The kernels of fc1 ... fc4 are 4 times smaller; "), text);
    assertMatch(text, /^A: a\.js: (SICK|HEALTHY).*\nB: b\.js: HEALTHY$/m);
    assertMatch(text, /^No longer: The kernels of fc1/m);
    assertMatch(text, /^layer +kernel/m);
    assertEquals(text.match(/^fc\d +1\/4 /gm)!.length, 4);
    assert(text.split("\n").every((line) => line.length <= 80), text);
    const back = await diff(cwd, "b.js", "a.js");
    assert(back.startsWith("The kernels of fc1 ... fc4 are 4 times larger; "), back);
    assertMatch(back, /^New: The kernels of fc1/m);
  }));

Deno.test("diff compares a model with itself, and with itself under two seeds", () =>
  withGateFolder([], { "a.js": network(0.15) }, async (cwd) => {
    assertStringIncludes(await diff(cwd, "a.js", "a.js"), "All figures are the same.");
    const seeds = await diff(cwd, "a.js", "--seeds", "0,1");
    assert(seeds.startsWith("No figure moved by more than chance.\n"), seeds);
    assertMatch(seeds, /^A: a\.js, seed 0: HEALTHY\nB: a\.js, seed 1: HEALTHY$/m);
    assertMatch(seeds, /^4 layers unchanged\.$/m);
  }));

Deno.test("diff knows a JSON report by its content, and compares it with a report or a model", () =>
  withGateFolder([], { "a.js": network(0.6), "b.js": network(0.15) }, async (cwd) => {
    for (const name of ["a", "b"]) {
      await runCommand(
        ["report", `${name}.js`, "--format", "json", "--out", `${name}.json`, ...BASE],
        { cwd },
      );
    }
    const [live, ...stored] = await Promise.all(
      [["a.js", "b.js"], ["a.json", "b.json"], ["a.json", "b.js"]]
        .map((sides) => diff(cwd, ...sides)),
    );
    for (const text of stored) {
      assertEquals(text.replaceAll(".json", ".js"), live);
    }
  }));

Deno.test("diff matches layers that TensorFlow.js named, and names the one that was added", () => {
  const auto = "() => undefined";
  const files = {
    "a.js": network(0.15, "", auto),
    "b.js": network(
      0.15,
      "tf.layers.dense({ units: 32, activation: 'relu', useBias: false }),",
      auto,
    ),
    "c.js": network(0.15, "tf.layers.dropout({ rate: 0.5, name: 'drop' }),", auto),
  };
  return withGateFolder([], files, async (cwd) => {
    assertMatch(await diff(cwd, "a.js", "b.js"), /^Only in B: dense_2$/m);
    const text = await diff(cwd, "c.js", "a.js");
    assertMatch(text, /^Only in A: drop$/m);
    assert(text.startsWith("No figure of the layers that both have moved by more than chance."));
    assert(!text.includes("Only in B"), text);
  });
});

Deno.test("diff writes JSON and Markdown, into a file as well", () =>
  withGateFolder([], { "a.js": network(0.6), "b.js": network(0.15) }, async (cwd) => {
    await diff(cwd, "a.js", "b.js", "--format", "json", "--out", "d.json");
    const document = JSON.parse(await Deno.readTextFile(`${cwd}/d.json`));
    assertEquals(document.before.name, "a.js");
    assertEquals(document.layers.length, 4);
    assertEquals(document.layers[0].figures.kernel.factor.toFixed(2), "0.25");
    // A result replaces an earlier one, in whatever format.
    await diff(cwd, "a.js", "a.js", "--format", "json", "--out", "d.json");
    assertEquals(JSON.parse(await Deno.readTextFile(`${cwd}/d.json`)).same, true);
    await diff(cwd, "a.js", "b.js", "--format", "text", "--out", "d.json");
    assertMatch(await Deno.readTextFile(`${cwd}/d.json`), /\ngenerator: gradient-health\n$/);
    assertMatch(await diff(cwd, "a.js", "b.js", "--format", "markdown"), /^\| layer \| kernel /m);
  }));

Deno.test("diff refuses what it cannot compare in one sentence", () => {
  const files = {
    "a.js": network(0.15),
    "gate.json": '{ "version": 1, "passed": true }',
    "study.json": '{ "format": "gradient-health study" }',
    "broken.json": '{ "version": 1, "model": 3 }',
    "old.json": '{ "version": 2, "model": {} }',
    "other.json": '{ "a": 1 }',
  };
  return withGateFolder(["relu_he"], files, async (cwd) => {
    await runCommand(["report", "a.js", "--format", "json", "--out", "r.json", ...BASE], { cwd });
    const cases: [args: string[], includes: string | string[]][] = [
      [[], "MODEL is missing"],
      [["a.js"], "MODEL is given once, expected two, or one with two --seeds"],
      [["a.js", "a.js", "a.js"], "MODEL is given 3 times, expected twice at most"],
      [["a.js", "a.js", "--seeds", "0,1"], "MODEL is given twice, expected once with --seeds"],
      [["a.js", "--seeds", "3"], "--seeds names 3, expected two"],
      [["a.js", "--seeds", "0,1", "--seed", "1"], "--seed and --seeds are both given"],
      [["r.json", "--seeds", "0,1"], "a JSON report, expected a model to draw"],
      [["a.js", "gate.json"], "gate.json holds a JSON result of check, expected a model or a JSON"],
      [["study.json", "a.js"], "study.json holds a study"],
      [["broken.json", "r.json"], ["broken.json: ", "model is 3, expected an object"]],
      [["old.json", "r.json"], ["old.json: ", "version is 2, expected 1"]],
      [["other.json", "r.json"], "other.json"],
      [["missing.json", "r.json"], "missing.json"],
      [["r.json", "missing.js"], "missing.js"],
    ];
    for (const [args, includes] of cases) {
      await assertRefuses(["diff", ...args, ...BASE], includes, { cwd });
    }
  });
});

Deno.test("diff rejects a missing second model before it measures the first", () => {
  const loud = network(0.15).replace("=> {", '=> { console.error("created");');
  return withGateFolder([], { "a.js": loud }, async (cwd) => {
    for (const missing of ["missing.js", "missing.json"]) {
      const { code, stderr } = await runCommand(["diff", "a.js", missing, ...BASE], { cwd });
      assertEquals(code, 2);
      assertMatch(stderr, /^error: .*missing/);
    }
  });
});

Deno.test("diff pairs tensors without a prefix, whose layers are then not missing, and says what was 0", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const names = ["fc.weight", "fc.bias"];
    const of = (prefix: string, std: number): MadeTensor[] =>
      names.map((name, i) => ({ name: prefix + name, dtype: "F32", shape: [8, 8], std: i * std }));
    await writeCheckpoint(`${folder}/a.safetensors`, of("model.", 0), 1);
    await writeCheckpoint(`${folder}/b.safetensors`, of("", 0.02), 1);
    const text = await diff(folder, "a.safetensors", "b.safetensors");
    assert(text.startsWith("1 of 2 tensors differs"), text);
    assert(!text.includes("Only in"), text);
    assertMatch(text, /^fc\.bias +was 0 +- +100%$/m);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("diff compares two files of weights tensor by tensor, in every format", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const tensors = Array.from({ length: 5 }, (_, block): MadeTensor => ({
      name: `layers.${block}.up.weight`,
      dtype: "F32",
      shape: [40, 30],
    }));
    await writeCheckpoint(`${folder}/a.safetensors`, tensors, 1);
    await writeCheckpoint(
      `${folder}/b.safetensors`,
      tensors.map((one, block) => block === 3 ? { ...one, std: 0.021 } : one),
      1,
    );
    const sides = ["a.safetensors", "b.safetensors"];
    const text = await diff(folder, ...sides);
    assert(text.startsWith("1 of 5 tensors differs; the first is layers.3.up.weight.\n"), text);
    assertMatch(text, /^Of the blocks of layers, 3 differs; 0 to 2, 4 are equal to the bit\.$/m);
    assertMatch(text, /^layers\.3\.up\.weight +0\.05 +1\.000000 +100%$/m);
    const { weights } = JSON.parse(await diff(folder, ...sides, "--format", "json"));
    assertEquals(weights.first, "layers.3.up.weight");
    assertEquals(weights.tensors.length, 5);
    assertEquals(weights.tensors[0].relativeChange, 0);
    const markdown = await diff(folder, ...sides, "--format", "markdown");
    assertMatch(markdown, /^\| `layers\.3\.up\.weight` \| 0\.05 \|/m);
    const page = await diff(folder, ...sides, "--format", "html");
    assertStringIncludes(page, "Changes of the blocks</h2>");
    assertMatch(page, /<bdi>layers\.3<\/bdi><td>1 of 1<td>0\.05/);
    assertEquals(
      (await diff(folder, "a.safetensors", "a.safetensors")).split("\n")[0],
      "All 5 tensors are equal to the bit.",
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
