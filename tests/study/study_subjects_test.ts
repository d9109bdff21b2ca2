import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { denseNetwork } from "../../src/study/open_subject.ts";
import { renderStudyJson } from "../../src/study/text/study_json.ts";
import { study } from "../../src/study/study.ts";
import { type CreateStudyModel, StudyError } from "../../src/study/study_options.ts";
import { saveModel, withFolder } from "../core/model/save_model.ts";
import { small } from "../networks/studies.ts";

Deno.test("study() hands a function what the grid varies", async () => {
  const seen: unknown[] = [];
  const create: CreateStudyModel = (context) => {
    const { tf: _, ...rest } = context;
    seen.push(rest);
    return small(context);
  };
  const { model, points } = await study(create, {
    scales: [1, 2],
    seeds: [7],
    activations: ["relu", "elu"],
  });
  assertEquals(model.name, "create");
  assertEquals(points.map(({ layers }) => layers[0].activation), ["relu", "relu", "elu", "elu"]);
  const own = { initializer: null, depth: null, width: null, seed: 7 };
  // One model for both scales.
  assertEquals(seen, [{ ...own, activation: "relu" }, { ...own, activation: "elu" }]);
});

Deno.test("study() scales only the layers that are asked for", async () => {
  const { points } = await study(small, { scales: [1, 10] }, { scaleLayers: /head/ });
  const [one, ten] = points.map(({ layers }) => layers.map(({ sigma }) => sigma!));
  assertEquals(ten[0], one[0]);
  assertAlmostEquals(ten[1] / one[1], 10, 1e-6);
  await assertRejects(
    () => study(small, { scales: [1] }, { scaleLayers: /nothing/ }),
    StudyError,
    "scaleLayers is /nothing/, expected the name of a layer with a kernel",
  );
});

Deno.test("study() sweeps a model.json on its own weights, and swaps what it is asked to", async () => {
  await withFolder(async (folder) => {
    await using engine = await startEngine();
    const made = await small({
      tf: engine.tf,
      seed: 0,
      activation: null,
      initializer: null,
      depth: null,
      width: null,
    });
    const path = await saveModel(engine.tf, made, folder);
    made.dispose();
    const own = await study({ model: path }, { scales: [1, 2], seeds: 2 });
    assertEquals(own.model.source, path);
    const sigma = (i: number) => own.points[i].layers[0].sigma!;
    assertAlmostEquals(sigma(1) / sigma(0), 2, 1e-6);
    assertEquals(sigma(2), sigma(0));
    assert(own.points[2].objective !== own.points[0].objective);
    const swapped = await study({ model: path }, {
      scales: [1],
      seeds: 2,
      activations: ["relu", "sigmoid"],
      initializers: ["orthogonal"],
    });
    const [relu, sigmoid, again] = swapped.points;
    assertEquals(relu.layers.map(({ activation }) => activation), ["relu", "linear"]);
    assertEquals(sigmoid.layers[0].activation, "sigmoid");
    assertEquals(relu.layers[0].sigma, sigmoid.layers[0].sigma);
    assertAlmostEquals(relu.layers[0].sigma!, Math.sqrt(3 / 4), 1e-6);
    assert(again.objective !== relu.objective);
    assertEquals(
      renderStudyJson(await study({ model: path }, { scales: [1, 2], seeds: 2 }, { jobs: 2 })),
      renderStudyJson(own),
    );
  });
});

Deno.test("study() swaps no activation of a hidden layer that is linear", async () => {
  await withFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/model.ts`,
      `export const createModel = ({ tf }) =>
  tf.sequential({
    layers: ["tanh", "linear", "tanh", "linear"].map((activation) =>
      tf.layers.dense({ units: 2, inputShape: [2], activation, kernelInitializer: "ones" })
    ),
  });
`,
    );
    const { points } = await study(
      { model: `${folder}/model.ts` },
      { scales: [1], activations: ["relu"] },
    );
    assertEquals(
      points[0].layers.map(({ activation }) => activation),
      ["relu", "linear", "relu", "linear"],
    );
  });
});

Deno.test("study() tells models of the same weights and other layers apart", async () => {
  const fingerprint = async (activation: string | null, own: object) => {
    const create: CreateStudyModel = ({ tf }) =>
      tf.sequential({
        layers: [
          tf.layers.dense({
            units: 4,
            inputShape: [3],
            activation: (activation ?? "tanh") as "tanh",
            kernelInitializer: "ones",
          }),
          tf.layers.leakyReLU(own),
          tf.layers.dense({ units: 1, kernelInitializer: "ones" }),
        ],
      });
    return (await study(create, { scales: [1] })).model.fingerprint;
  };
  const one = await fingerprint("tanh", { alpha: 0.1 });
  // Layers without a name of their own have another one each time.
  assertEquals(await fingerprint("tanh", { alpha: 0.1 }), one);
  assert(await fingerprint("relu", { alpha: 0.1 }) !== one);
  assert(await fingerprint("tanh", { alpha: 0.2 }) !== one);
});

Deno.test("study() differentiates the losses that a model was compiled with, one for each head or a function", async () => {
  const module = (loss: string) =>
    `export function createModel({ tf }) {
      const input = tf.input({ shape: [6] });
      const hidden = tf.layers.dense({ units: 8, activation: "tanh" }).apply(input);
      const head = (units, activation) => tf.layers.dense({ units, activation }).apply(hidden);
      const model = tf.model({ inputs: input, outputs: [head(3, "softmax"), head(1, "linear")] });
      ${loss === "" ? "" : `model.compile({ optimizer: "sgd", loss: ${loss} });`}
      return model;
    }`;
  const losses = {
    '["categoricalCrossentropy", "meanSquaredError"]': "categoricalCrossentropy + meanSquaredError",
    "tf.losses.meanSquaredError": "meanSquaredError",
    '"meanSquaredError"': "meanSquaredError",
    // Nothing is compiled: what fits the heads, because the sum of a softmax says nothing.
    "": "categoricalCrossentropy + meanSquaredError",
  };
  await withFolder(async (folder) => {
    for (const [i, [loss, name]] of Object.entries(losses).entries()) {
      const path = `${folder}/model_${i}.mjs`;
      await Deno.writeTextFile(path, module(loss));
      const { objective, points: [point] } = await study({ model: path }, {
        scales: [1],
        seeds: [0],
      });
      assertEquals(objective, name, loss);
      // The sum of a softmax is constant: its head would have gradients of some 1e-8.
      assert(point.layers[1].gradient! > 1e-4, `${point.layers[1].gradient} for ${loss}`);
    }
  });
});

/** Module whose model has ones as kernels, and as many hidden layers and units as it is told. */
const SIZED = `export function createModel({ tf, width, depth }) {
  if (width === undefined || depth === undefined) throw new Error("no size");
  const dense = (units) => tf.layers.dense({ units, kernelInitializer: "ones" });
  const hidden = Array.from({ length: depth }, () => dense(width));
  const first = tf.layers.dense({ units: width, inputShape: [2] });
  return tf.sequential({ layers: [first, ...hidden, dense(1)] });
}
`;

Deno.test("study() gives a module the widths and depths of the grid, and a fixed model none", async () => {
  await withFolder(async (folder) => {
    await using engine = await startEngine();
    const path = `${folder}/sized.ts`;
    await Deno.writeTextFile(path, SIZED);
    const { points } = await study({ model: path }, { scales: [1], widths: [4, 9], depths: [1] });
    // A kernel of ones has the deviation 1, times the root of its fan-in.
    assertEquals(points.map(({ layers }) => layers.at(-1)!.sigma), [2, 3]);
    assertEquals(points.map(({ layers }) => layers.length), [3, 3]);
    const deep = await study({ model: path }, { scales: [1], widths: [4], depths: [2, 3] });
    assertEquals(deep.points.map(({ layers }) => layers.length), [4, 5]);
    const model = engine.tf.sequential({
      layers: [engine.tf.layers.dense({ units: 1, inputShape: [2] })],
    });
    const json = await saveModel(engine.tf, model, folder);
    model.dispose();
    const subjects = [{ model: json }, { model: path, weights: "w.safetensors" }];
    for (const subject of subjects) {
      for (const sizes of [{ widths: [4] }, { depths: [4] }]) {
        await assertRejects(
          () => study(subject, { scales: [1], ...sizes }),
          StudyError,
          "a model from a file has a fixed depth and width",
        );
      }
    }
  });
});

Deno.test("study() builds a dense network of ten layers of 64 units unless the grid says otherwise", async () => {
  await using engine = await startEngine();
  const own = { seed: 0, activation: null, initializer: null };
  const sizes = (depth: number | null, width: number | null) => {
    const model = denseNetwork({ tf: engine.tf, ...own, depth, width });
    const kernels = model.trainableWeights.filter(({ shape }) => shape.length === 2);
    const shapes = kernels.map(({ shape }) => shape.join(" x "));
    model.dispose();
    return [shapes.length, new Set(shapes.slice(0, -1))];
  };
  assertEquals(sizes(null, null), [11, new Set(["64 x 64"])]);
  assertEquals(sizes(3, 5), [4, new Set(["5 x 5"])]);
});
