import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertNoDeadUnits } from "../../../src/core/assert/assertions.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import type { Layer, LayersModel } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import {
  getWeights,
  rescaleWeights,
  setWeights,
} from "../../../src/core/model/weights/model_weights.ts";
import { leafLayers } from "../../../src/core/model/layers/leaf_layers.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { uniqueNames } from "../../../src/core/model/names.ts";
import { probeInputDependence } from "../../../src/core/probe/probe_dependence.ts";
import { runCommand } from "../../cli/run_command.ts";
import { saveModel, withFolder } from "./save_model.ts";

const { tf } = await startEngine();
const { layers } = tf;

const paths = (model: LayersModel) => leafLayers(model).map(({ path }) => path);

const dense = (name?: string) => layers.dense({ units: 2, name, inputShape: [2] });

/** Chain of layers with the given names. */
function chain(...parts: Layer[]): LayersModel {
  return tf.sequential({ layers: parts });
}

/** The relu layer `dense_1` is dead, and stands behind `dense_2`. */
function misnumbered(): LayersModel {
  const biasInitializer = tf.initializers.constant({ value: -100 });
  return chain(
    layers.dense({ name: "dense_2", units: 32, activation: "relu", inputShape: [8] }),
    layers.dense({ name: "dense_1", units: 32, activation: "relu", biasInitializer }),
    layers.dense({ name: "dense_3", units: 1 }),
  );
}

Deno.test("leafLayers() keeps names that a program gave, also where they end in a number", () => {
  const names = ["dense_2", "dense0", "dense_1", "dense1", "Dense3", "dense", "dense_Dense"];
  const model = chain(...names.map(dense));
  assertEquals(paths(model), names);
  model.dispose();
});

Deno.test("leafLayers() keeps given names of recurrent and convolutional layers", () => {
  const model = chain(
    layers.conv1d({ name: "conv1d_4", filters: 2, kernelSize: 1, inputShape: [3, 2] }),
    layers.lstm({ name: "lstm1", units: 2, returnSequences: true }),
    layers.leakyReLU({ name: "leaky_re_lu_9" }),
    layers.timeDistributed({ name: "time_distributed_3", layer: dense("dense_7") }),
    layers.bidirectional({
      name: "bidirectional_2",
      layer: layers.gru({ name: "gru_5", units: 2 }) as never,
      mergeMode: "concat",
    }),
  );
  assertEquals(paths(model), [
    "conv1d_4",
    "lstm1",
    "leaky_re_lu_9",
    "time_distributed_3/dense_7",
    "bidirectional_2/forward_gru_5",
    "bidirectional_2/backward_gru_5",
  ]);
  model.dispose();
});

Deno.test("leafLayers() tells a model called model1 from one that TensorFlow.js called so", () => {
  const nested = (name?: string) => {
    const input = tf.input({ shape: [2] });
    const output = dense().apply(input) as typeof input;
    return tf.model({ inputs: input, outputs: output, name });
  };
  const number = Number(nested().name.slice("model".length));
  const model = chain(nested(`model${number + 9}`), nested(), nested("model_1"), nested());
  assertEquals(paths(model), [
    `model${number + 9}/dense_1`,
    "model_2/dense_1",
    "model_1/dense_1",
    "model_3/dense_1",
  ]);
  model.dispose();
});

Deno.test("leafLayers() keeps the name of a nested sequential that was given one", () => {
  const nested = (name?: string) => tf.sequential({ name, layers: [dense()] });
  const made = Number(nested().name.slice("sequential_".length));
  const far = `sequential_${made + 7}`;
  const used = `sequential_${made}`;
  const model = chain(nested(far), nested(), nested(used), nested());
  assertEquals(paths(model), [
    `${far}/dense_1`,
    "sequential_1/dense_1",
    `${used}/dense_1`,
    `sequential_${used === "sequential_2" ? 3 : 2}/dense_1`,
  ]);
  model.dispose();
});

Deno.test("leafLayers() gives a layer without a name none that another one was given", () => {
  const model = chain(dense(), dense("dense_1"), dense(), dense("dense_3"), dense());
  assertEquals(paths(model), ["dense_2", "dense_1", "dense_4", "dense_3", "dense_5"]);
  model.dispose();
});

Deno.test("leafLayers() lets a given path be, and moves the made-up one that is like it", () => {
  const nested = tf.sequential({ name: "a", layers: [dense()] });
  const model = chain(nested, dense("a/dense_1"), dense("a/dense_1_2"));
  assertEquals(paths(model), ["a/dense_1_3", "a/dense_1", "a/dense_1_2"]);
  model.dispose();
});

Deno.test("leafLayers() numbers layers of one program alike in each of its models", () => {
  const create = () => chain(dense(), layers.reLU(), tf.sequential({ layers: [dense()] }));
  const first = create();
  const second = create();
  assertEquals(paths(first), ["dense_1", "re_lu_1", "sequential_1/dense_1"]);
  assertEquals(paths(second), paths(first));
  first.dispose();
  second.dispose();
});

class Scale extends layers.Layer {
  static className = "Scale9";
  override call(inputs: unknown) {
    return inputs as never;
  }
}

/** Older programs say so what a layer's class is. */
class Shift extends Scale {
  override getClassName() {
    return "Shift";
  }
}

/** TensorFlow.js puts "private" before the underscore. */
class _Hidden extends Scale {
  override getClassName() {
    return "_Hidden";
  }
}

Deno.test("leafLayers() numbers custom layers without a name, and keeps the names of others", () => {
  const model = chain(
    dense("first"),
    new Scale({}),
    new Scale({ name: "scale9_Scale97" }),
    new Shift({}),
    new Shift({ name: "shift_1" }),
    new _Hidden({}),
  );
  assertEquals(
    paths(model),
    ["first", "scale9_1", "scale9_Scale97", "shift_2", "shift_1", "private__hidden_1"],
  );
  model.dispose();
});

Deno.test("a name that stands in a file stays, also one that TensorFlow.js made up", async () => {
  await withFolder(async (folder) => {
    const gru = layers.gru({ units: 2 }) as never;
    const model = chain(
      layers.dense({ units: 2, inputShape: [3, 2] }),
      tf.sequential({ layers: [layers.dense({ units: 2, inputShape: [3, 2] })] }),
      layers.bidirectional({ layer: gru, mergeMode: "concat" }),
      dense("dense_1"),
    );
    const inFile: string[] = [];
    const path = await saveModel(tf, model, folder, {
      edit(json) {
        const [first, nested, both] = json.modelTopology.config.layers
          // deno-lint-ignore no-explicit-any -- JSON
          .map(({ config }: any) => config);
        const rnn = both.layer.config.name;
        inFile.push(first.name, `${nested.name}/${nested.layers[0].config.name}`);
        inFile.push(`${both.name}/forward_${rnn}`, `${both.name}/backward_${rnn}`, "dense_1");
        return json;
      },
    });
    assert(inFile[0].startsWith("dense_Dense"));
    const { model: loaded } = await loadModel(path);
    assertEquals(paths(loaded), inFile);
    // A program that loads the file itself sees the same.
    const json = JSON.parse(await Deno.readTextFile(path));
    const own = await tf.models.modelFromJSON(json.modelTopology);
    assertEquals(paths(own), inFile);
    for (const each of [model, loaded, own]) each.dispose();
  });
});

Deno.test("a finding blames the layer that has the name", async () => {
  const model = misnumbered();
  const inputs = tf.randomNormal([32, 8], 0, 1, "float32", 1);
  const measurements = await measure(model, { inputs });
  assertEquals(measurements.layers.map(({ name }) => name), ["dense_2", "dense_1", "dense_3"]);
  assertThrows(() => assertNoDeadUnits(measurements), Error, "relu units of dense_1 are off");
  inputs.dispose();
  model.dispose();
});

Deno.test("rescaleWeights(), getWeights() and setWeights() take the layer that has the name", () => {
  const model = misnumbered();
  const [first, second] = model.layers.map((layer) => () => [...layer.getWeights()[0].dataSync()]);
  const before = [first(), second()];
  assertEquals(rescaleWeights(model, 2, { layers: ["dense_1"] }), ["dense_1/kernel"]);
  assertEquals([first(), second()], [before[0], before[1].map((weight) => 2 * weight)]);
  assertEquals([...getWeights(model)["dense_1/kernel"].values], second());
  setWeights(model, { "dense_2/kernel": new Float32Array(8 * 32) });
  assertEquals(first().every((weight) => weight === 0), true);
  assertEquals(second(), before[1].map((weight) => 2 * weight));
  model.dispose();
});

Deno.test("inputs and outputs are called after layers that were given a name", async () => {
  for (const name of ["dense_Dense77", undefined]) {
    const input = tf.input({ shape: [2] });
    const output = dense(name).apply(input) as typeof input;
    const model = tf.model({ inputs: input, outputs: output });
    const inputs = tf.tensor2d([[1, 2], [3, 4]]);
    const probe = await probeInputDependence(model, { inputs });
    assertEquals([probe.inputs[0].name, probe.outputs], ["input", [name ?? "output"]]);
    inputs.dispose();
    model.dispose();
  }
});

Deno.test("the command line finds, suppresses and stores layers under the names in a module", async () => {
  await withFolder(async (cwd) => {
    await Deno.writeTextFile(
      `${cwd}/net.ts`,
      `// deno-lint-ignore-file no-explicit-any
export const createModel = ({ tf, seed }: any) => tf.sequential({ layers: [
  tf.layers.dense({ name: "dense1", units: 32, activation: "relu", inputShape: [8] }),
  tf.layers.dense({ name: "dense0", units: 32, activation: "relu",
    biasInitializer: tf.initializers.constant({ value: -100 }) }),
  tf.layers.dense({ name: "dense2", units: 1 }),
] });`,
    );
    const shown = await runCommand(["report", "net.ts", "--layers", "^dense0$"], { cwd });
    assertEquals([shown.code, shown.stdout.includes("dense0 ")], [0, true], shown.stderr);
    await Deno.writeTextFile(
      `${cwd}/gradient-health.json`,
      JSON.stringify({
        models: [{ name: "net", path: "net.ts" }],
        suppressions: [{ rule: "dead-units", layer: "dense0", reason: "known" }],
      }),
    );
    const { stdout } = await runCommand(["check", "--update-baseline"], { cwd });
    assert(!stdout.includes("matches no finding"), stdout);
    assert(!/ERROR dead-units/.test(stdout), stdout);
    const file = await Deno.readTextFile(`${cwd}/gradient-health.baseline.json`);
    const stored = JSON.parse(file).models.net[0].layers;
    assertEquals([stored.dense0.dead, stored.dense1.dead], [1, 0]);
  });
});

Deno.test("uniqueNames() puts suffixes on repeated names, none that stands elsewhere", () => {
  assertEquals(uniqueNames(["a", "b", "a", "a"]), ["a", "b", "a_2", "a_3"]);
  assertEquals(uniqueNames(["a", "a", "a_2"]), ["a", "a_3", "a_2"]);
  assertEquals(uniqueNames(["a", "a"], (i) => i === 1), ["a_2", "a"]);
});
