import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { randomBatch, randomTargets } from "../../../src/entry/model.ts";
import { measure } from "../../../src/entry/measure.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { LAYERS } from "../../../src/ground/traits/layers.ts";
import { registerLayer } from "../../../src/ground/traits/layer_traits.ts";
import { loadedWith, readImports } from "../../read_imports.ts";
import { kindsInSource } from "./kinds_in_source.ts";

/** The errors of a rule against a model on targets that the tool draws itself. */
async function headErrors(model: LayersModel): Promise<string[]> {
  const objective = "meanSquaredError";
  const batch = randomBatch(model);
  const targets = randomTargets(model, objective);
  const measurements = await measure(model, { ...batch, targets }, { objective });
  const findings = runRules(measurements);
  model.dispose();
  for (const tensor of [batch.inputs, targets].flat()) tensor.dispose();
  return findings.filter(({ rule, severity }) => rule === "output-head" && severity === "error")
    .map(({ message }) => message);
}

/** An identity that nobody knows, until it is registered. */
function identityLayer(tf: TensorFlow, className: string) {
  class Identity extends tf.layers.Layer {
    static className = className;
    override call(inputs: Tensor | Tensor[]): Tensor {
      return [inputs].flat()[0].clone();
    }
  }
  tf.serialization.registerClass(Identity);
  return new Identity({});
}

Deno.test("output-head fails no head behind noise or dropout of whichever class on targets it drew", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const noises = {
    dropout: tf.layers.dropout({ rate: 0.3 }),
    gaussianDropout: tf.layers.gaussianDropout({ rate: 0.3 }),
    gaussianNoise: tf.layers.gaussianNoise({ stddev: 0.1 }),
    alphaDropout: tf.layers.alphaDropout({ rate: 0.1 }),
    spatialDropout: tf.layers.repeatVector({ n: 2 }),
  };
  for (const [name, noise] of Object.entries(noises)) {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 64, activation: "relu", inputShape: [20] }),
        tf.layers.dense({ units: 4, activation: "relu" }),
        noise,
      ],
    });
    assertEquals(await headErrors(model), [], name);
  }
});

Deno.test("output-head fails no sigmoid head behind a custom identity that is registered", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  registerLayer("KnownIdentity", { kind: "passesOn" });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 64, activation: "tanh", inputShape: [20] }),
      tf.layers.dense({ units: 4, activation: "sigmoid" }),
      identityLayer(tf, "KnownIdentity"),
    ],
  });
  assertEquals(await headErrors(model), []);
});

Deno.test("measure() writes the kind of each layer, and that which registerLayer() declared", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  registerLayer("Declared", { kind: "normalization" });
  const model = tf.sequential({
    layers: [
      tf.layers.conv2dTranspose({ filters: 2, kernelSize: 2, inputShape: [4, 4, 2] }),
      tf.layers.maxPooling2d({ poolSize: 2 }),
      identityLayer(tf, "Declared"),
      identityLayer(tf, "Undeclared"),
      tf.layers.flatten(),
      tf.layers.dense({ units: 1 }),
    ],
  });
  const { layers } = await measure(model, randomBatch(model));
  assertEquals(
    layers.map(({ kind, kernelLayout }) =>
      kernelLayout === undefined ? kind : [kind, kernelLayout]
    ),
    [
      ["convolution", "transposed"],
      "pool",
      "normalization",
      "opaque",
      "passesOn",
      ["dense", "ordinary"],
    ],
  );
  model.dispose();
});

Deno.test("no rule, theory or estimate asks for a layer class by its name", async () => {
  const names = new RegExp(`["'/(|](${Object.keys(LAYERS).join("|")})\\b`);
  const asked: string[] = [];
  async function searchFile(path: string): Promise<void> {
    const text = await Deno.readTextFile(new URL(path, import.meta.url));
    text.split("\n").forEach((line, i) => {
      const asks = /className|getClassName|\.test\(/.test(line);
      const compares = /ClassName\(\) [!=]==/.test(line);
      if (compares || (asks && names.test(line))) asked.push(`${path}:${i + 1}: ${line.trim()}`);
    });
  }
  async function search(folder: string): Promise<void> {
    for await (const { name, isDirectory } of Deno.readDir(new URL(folder, import.meta.url))) {
      if (isDirectory) await search(`${folder}${name}/`);
      if (name.endsWith(".ts")) await searchFile(`${folder}${name}`);
    }
  }
  await search("../../../src/core/rules/");
  await search("../../../src/ground/theory/");
  for (const name of ["estimate_memory", "measure_weights", "plan_memory"]) {
    await searchFile(`../../../src/core/measure/${name}.ts`);
  }
  assertEquals(asked, []);
});

const ROOT = new URL("../../../", import.meta.url);
const SNAPSHOTS = new URL("__snapshots__/", import.meta.url);

/** Reads which kinds of which rules the snapshots have a sentence of, as `rule/kind`. */
async function kindsInSnapshots(): Promise<Set<string>> {
  const found = new Set<string>();
  for await (const { name } of Deno.readDir(SNAPSHOTS)) {
    const text = await Deno.readTextFile(new URL(name, SNAPSHOTS));
    for (const [, kind] of text.matchAll(/^["']?([\w-]+\/[\w-]+) (?:error|warning|note) /gm)) {
      found.add(kind);
    }
  }
  return found;
}

/** Reads the name of the rule that each file of a rule defines. */
async function namesOfRules(files: Iterable<string>): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const file of files) {
    const text = await Deno.readTextFile(new URL(file, ROOT));
    const record = /\bdefine(?:Model)?Rule\(\{|_RECORD = \{/.exec(text);
    const name = /^ {2}name: "([\w-]+)"/m.exec(text.slice(record?.index))?.[1];
    if (record !== null && name !== undefined) names.set(file, name);
  }
  return names;
}

Deno.test("a snapshot has a sentence of each kind that the source of a rule can give", async () => {
  const imports = await readImports(ROOT, ["src/core/rules/"]);
  const files = new Set(imports.map(({ from }) => from));
  const names = await namesOfRules(files);
  const inSnapshots = await kindsInSnapshots();
  const kinds = await kindsInSource(ROOT, "src/core/rules/");
  assert(kinds.length > 130, "the kinds are read from the source");
  const missing = kinds.filter(({ file, kind }) => {
    const own = names.get(file);
    // A helper's kind needs a sentence of one of the rules that use it.
    const rules = own !== undefined
      ? [own]
      : [...names].filter(([rule]) => loadedWith(imports, [rule]).includes(file))
        .map(([, name]) => name);
    return !rules.some((rule) => inSnapshots.has(`${rule}/${kind}`));
  });
  assertEquals(missing.map(({ file, kind }) => `${file}: ${kind}`), []);
});

Deno.test("kindsInSource() follows choices, templates, constants, parameters and functions", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(
      `${folder}/rule.ts`,
      `
      const chosen = isSmall ? "small" : "large";
      const made = { severity: "error", kind: \`\${fails ? "too-" : ""}\${chosen}\` };
      function verdict(kind: string, side: "low" | "high") {
        return [{ fix: "Do.", kind }, { message: "No.", kind: side }];
      }
      verdict("given", side);
      const layer = { kind: "dense" };
      function nameOf() { if (a) return "one"; return b ? "two" : null; }
      const called = { severity: "note", kind: nameOf() };
      `,
    );
    const root = new URL(`file://${folder}/`);
    assertEquals(
      (await kindsInSource(root, "./")).map(({ kind }) => kind),
      ["given", "high", "large", "low", "one", "small", "too-large", "too-small", "two"],
    );
    await Deno.writeTextFile(`${folder}/other.ts`, `x = { severity: "note", kind: one.two };`);
    const message = await kindsInSource(root, "./").then(() => "", (error) => error.message);
    assertEquals(message, "other.ts: the kind one.two is not followed");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
