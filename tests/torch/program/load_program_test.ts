import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { readBatch } from "../../../src/load/read_batch.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { Objective } from "../../../src/core/model/objective.ts";
import { keepModel, openProbe, probeObjective } from "../../../src/core/probe/open_probe.ts";
import type { Trial } from "../../../src/core/probe/trial.ts";
import { tryTraining } from "../../../src/core/probe/try_training.ts";
import { trainingStep, updateOf } from "../../../src/core/probe/training_step.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";
import { explodingGradients } from "../../../src/core/rules/signal/exploding_gradients.ts";
import { outputHead } from "../../../src/core/rules/task/output_head.ts";
import { vanishingGradients } from "../../../src/core/rules/signal/vanishing_gradients.ts";
import { architecture } from "../../../src/core/rules/weights/architecture.ts";
import type { ProgramLayer } from "../../../src/torch/program/program_layer.ts";
import { editedProgram, programPath } from "./edited_program.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { getWeights, setWeights } from "../../../src/core/model/weights/model_weights.ts";
import { rewriteProgram } from "../../../src/torch/program/load_program.ts";

const { tf } = await startEngine({ threads: 1 });

/** Results of PyTorch. */
interface Golden {
  loss: Objective | null;
  objective: number;
  gradients: Record<string, number>;
  /** Losses of five steps of SGD. */
  steps?: number[];
}

async function measureProgram(name: string) {
  const golden: Golden = JSON.parse(await Deno.readTextFile(programPath(`${name}.json`)));
  const loaded = await loadModel(programPath(`${name}.pt2`));
  const objective = golden.loss ?? loaded.objective ?? undefined;
  const batch = await readBatch(programPath(`${name}.npz`), loaded.model, { objective });
  const measured = await measure(loaded.model, batch, { objective });
  return { golden, loaded, batch, measured };
}

for (
  const name of [
    "mlp",
    "cnn",
    "segmenter",
    "tied",
    "sequence",
    "with_loss",
    "shrunk",
    "guarded",
    "attending",
    "scaled",
    // Whole numbers between layers, and inputs of 7 nodes and 2 ends of edges.
    "routed",
    // A batch normalisation of weights has no running statistics, and a slice no entries.
    "standardised",
    // Complex numbers.
    "waves",
    // The layout before PyTorch 2.9: weights, constants and inputs are pickles.
    "torch_2_8/sequence",
    // Counters, positions, a mask and a mean that is written in place.
    "counted",
    // A queue of whole columns that are written in place, and its place.
    "queued",
    // Slices of complex numbers that are assigned, weights that are products, and views in place.
    "spectral",
    // Weights bounded in place, gradients that end at whole numbers, and integers that wrap.
    "bounded",
    "doubled",
    "gated",
  ]
) {
  Deno.test(`loadModel() runs ${name}.pt2 as PyTorch does: objective and every gradient`, async () => {
    const { golden, loaded, batch, measured } = await measureProgram(name);
    assertAlmostEquals(measured.objective.value, golden.objective, 1e-5);
    const found = new Map(
      measured.layers.flatMap(({ weights }) => weights).map((weight) => [weight.name, weight]),
    );
    const largest = Math.max(...Object.values(golden.gradients));
    for (const [weight, expected] of Object.entries(golden.gradients)) {
      const meanAbs = found.get(weight)?.gradients?.meanAbs;
      assert(meanAbs !== undefined, `${weight} is missing`);
      // The bias before a batch normalisation has a gradient of rounding errors alone.
      assertAlmostEquals(meanAbs, expected, 1e-4 * expected + 1e-7 * largest, weight);
    }
    tf.dispose(batch as never);
    loaded.model.dispose();
  });
}

Deno.test("loadModel() names the layers of a program by their modules, with their traits", async () => {
  const { loaded, batch, measured } = await measureProgram("cnn");
  assertEquals(
    measured.layers.map(({ name, className, kind, activation }) => [
      name,
      className,
      kind,
      activation,
    ]),
    [
      ["stem", "Conv2d", "convolution", null],
      ["block.conv1", "Conv2d", "convolution", null],
      ["block.bn1", "BatchNorm2d", "normalization", null],
      ["block.relu", "ReLU", "activation", "relu"],
      ["block.conv2", "Conv2d", "convolution", null],
      ["block.bn2", "BatchNorm2d", "normalization", null],
      ["block.add", "add", "addition", null],
      ["block.relu_1", "ReLU", "activation", "relu"],
      ["pool", "MaxPool2d", "pool", null],
      ["flatten", "flatten", "passesOn", null],
      ["head", "Linear", "dense", null],
    ],
  );
  const [stem, , norm, , grouped] = measured.layers;
  assertEquals([stem.kernelLayout, stem.shape], ["einsum oiii", [4, 8, 7, 7]]);
  assertEquals([norm.normalization, norm.settings], ["batch", { epsilon: 1e-5 }]);
  assertEquals(grouped.weights.map(({ name, shape }) => [name, shape]), [
    ["block.conv2.weight", [8, 4, 3, 3]],
    ["block.conv2.bias", [8]],
  ]);
  tf.dispose(batch as never);
  loaded.model.dispose();
});

Deno.test("a LayerScale that is written out is known as one, and what it shrinks does not explode", async () => {
  const { loaded, batch, measured } = await measureProgram("scaled");
  const scales = measured.layers.filter(({ kind }) => kind === "rescaling");
  assertEquals(scales.map(({ name, weights }) => [name, weights.map(({ name }) => name)]), [
    ["blocks.0.layer_scale", ["blocks.0.gamma"]],
    ["blocks.1.layer_scale", ["blocks.1.gamma"]],
  ]);
  const signals = networkOf(measured).signalPath();
  const [stem, ...branches] = signals.map(({ layer }) => layer.preActivationGradients!.l2);
  assert(branches.every((size) => size < 1e-3 * stem));
  assert(signals.every(({ signal }) => signal > 1e-3 * stem));
  assertEquals(explodingGradients.run(measured), []);
  // A floor that the gradients of the branches are below, but not before they are scaled.
  const floorOf = ([first, ...rest]: typeof signals) => {
    const { gradients } = first.layer.weights[0];
    return rest.reduce(
      (least, { layer, scale }) => Math.min(least, layer.weights[0].gradients!.meanAbs / scale),
      gradients!.meanAbs,
    );
  };
  const floors = (vanishingFloor: number) =>
    vanishingGradients.run(measured, { vanishingFloor })
      .filter(({ kind }) => kind === "floor");
  assertEquals(floors(floorOf(signals) * 0.99), []);
  assert(floors(floorOf(signals) * 1.01).length > 0);
  assertEquals(
    architecture.run(measured).filter(({ layer }) => layer?.endsWith("depthwise")),
    [],
  );
  tf.dispose(batch as never);
  loaded.model.dispose();
});

Deno.test("loadModel() takes a module that is called twice as one layer, and tied weights as one", async () => {
  const { loaded, batch, measured } = await measureProgram("tied");
  const mix = measured.layers.filter(({ name }) => name.startsWith("mix"));
  assertEquals(mix.map(({ name, calls }) => [name, calls]), [["mix", 2]]);
  assertEquals(loaded.notes, [
    "2 parameters take no part in the output that is judged: unused.weight, unused.bias.",
  ]);
  const names = measured.layers.flatMap(({ weights }) => weights.map(({ name }) => name));
  assertEquals(names.filter((name) => /^(embed|head)/.test(name)), ["embed.weight"]);
  tf.dispose(batch as never);
  loaded.model.dispose();
});

Deno.test("a head of PyTorch that is a convolution has a unit for each class", async () => {
  const { loaded, batch, measured } = await measureProgram("standardised");
  assertEquals(networkOf(measured).head?.units, 4);
  assertEquals(outputHead.run(measured), []);
  assertEquals(loaded.notes, [
    "2 parameters take no part in the output that is judged: spare.weight, spare.bias.",
  ]);
  tf.dispose(batch as never);
  loaded.model.dispose();
});

Deno.test("loadModel() gives a program its sample inputs as its batch", async () => {
  const { model, createBatch } = await loadModel(programPath("mlp.pt2"));
  const { inputs, targets } = await createBatch!(32, 0, "mse_loss");
  assertEquals([inputs].flat().map(({ shape }) => shape), [[6, 8]]);
  assertEquals([targets ?? []].flat().map(({ shape }) => shape), [[6, 3]]);
  assertEquals(model.inputs.map(({ shape }) => shape), [[6, 8]]);
  tf.dispose([inputs, targets ?? []].flat());
  model.dispose();
});

Deno.test("loadModel() leaves no tensor behind once a program is disposed of", async () => {
  const before = tf.memory().numTensors;
  const { loaded, batch } = await measureProgram("cnn");
  tf.dispose(batch as never);
  loaded.model.dispose();
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("a pass leaves every buffer of a program as it was", async () => {
  const { loaded, batch, measured } = await measureProgram("counted");
  assertEquals(loaded.notes, []);
  const again = await measure(loaded.model, batch, { objective: "cross_entropy" });
  assertEquals(again.objective.value, measured.objective.value);
  tf.tidy(() => void loaded.model.apply(batch.inputs, { training: true }));
  const statistics = loaded.model.layers.flatMap(({ nonTrainableWeights }) => nonTrainableWeights);
  const buffers = loaded.model.layers.flatMap((layer) =>
    (layer as ProgramLayer).carriedState ?? []
  );
  const values = () =>
    [...statistics.map((weight) => weight.read()), ...buffers].map((one) => [...one.dataSync()]);
  // Training moves statistics and buffers, and a pass puts them back.
  const before = values();
  assertEquals(before.slice(2).map(({ length }) => length), [6, 1]);
  assertEquals(before[3], [1]);
  assert(before.flat().some((value) => value !== 0 && value !== 1));
  await measure(loaded.model, batch, { objective: "cross_entropy" });
  assertEquals(values(), before);
  tf.dispose(batch as never);
  loaded.model.dispose();
});

for (const name of ["bounded", "counted", "queued"]) {
  Deno.test(`buffers of ${name}.pt2, and weights that it bounds, move from step to step as in PyTorch, and are put back`, async () => {
    const { golden, loaded, batch, measured } = await measureProgram(name);
    const objective = golden.loss ?? loaded.objective!;
    const tensors = tf.memory().numTensors;
    const kept = keepModel(await openProbe(loaded.model, batch, { seed: 0 }));
    const optimizer = tf.train.sgd(0.5);
    const losses = golden.steps!.map(() =>
      trainingStep(kept, {
        objective: probeObjective(kept, objective),
        update: updateOf(optimizer),
      }).loss
    );
    losses.forEach((loss, i) => assertAlmostEquals(loss, golden.steps![i], 1e-5));
    kept.restore();
    optimizer.dispose();
    assertEquals(tf.memory().numTensors, tensors);
    const again = await measure(loaded.model, batch, { objective });
    assertEquals(again.objective.value, measured.objective.value);
    tf.dispose(batch as never);
    loaded.model.dispose();
  });
}

Deno.test("a trial holds buffers in which one batch over and over hides what is to be learned", async () => {
  const { loaded, batch } = await measureProgram("queued");
  const { verdict } = await tryTraining(loaded.model, batch, {
    objective: loaded.objective!,
    always: true,
  }) as Trial;
  assert(verdict !== "fails", verdict);
  tf.dispose(batch as never);
  loaded.model.dispose();
});

Deno.test("a program drops nothing in a pass, drops in training, and moves its statistics only there", async () => {
  const { model, createBatch } = await loadModel(programPath("mlp.pt2"));
  const { inputs } = await createBatch!(6, 0);
  const run = (training: boolean) =>
    tf.tidy(
      () => [...(model.apply(inputs, { training }) as typeof model.weights[0]["val"]).dataSync()],
    );
  assertEquals(run(false), run(false));
  assert(run(true).join() !== run(true).join());
  tf.dispose(inputs);
  model.dispose();

  const cnn = await loadModel(programPath("cnn.pt2"));
  const batch = await cnn.createBatch!(4, 0);
  const moved = () => {
    const [mean] = cnn.model.layers.flatMap(({ nonTrainableWeights }) => nonTrainableWeights);
    return mean.read().dataSync().some((value) => value !== 0);
  };
  await measure(cnn.model, batch);
  assertEquals(moved(), false);
  tf.tidy(() => void cnn.model.apply(batch.inputs, { training: true }));
  assertEquals(moved(), true);
  tf.dispose(batch.inputs);
  cnn.model.dispose();
});

Deno.test("loadModel() gives each layer of a program its line in the user's code", async () => {
  const { loaded, batch, measured } = await measureProgram("cnn");
  const text = await Deno.readTextFile(programPath("networks.py"));
  const lineOf = (code: string) => text.slice(0, text.indexOf(code)).split("\n").length;
  const file = "fixtures/torch_programs/networks.py";
  const sources = new Map(measured.layers.map(({ name, source }) => [name, source]));
  assertEquals(sources.get("stem"), {
    module: "stem",
    moduleClass: "Conv2d",
    file,
    line: lineOf("return self.head(torch.flatten(self.pool"),
  });
  assertEquals(sources.get("block.add"), {
    module: "block",
    moduleClass: "Block",
    file,
    line: lineOf("y += x"),
  });
  assertEquals(measured.model.framework, "pytorch");
  tf.dispose(batch as never);
  loaded.model.dispose();
});

Deno.test("loadModel() shows the rows of attentions: fused ones without what their masks close", async () => {
  const { loaded, batch, measured } = await measureProgram("attending");
  const attended = measured.layers.filter(({ attention }) => attention !== undefined);
  assertEquals(attended.map(({ name, className }) => [name, className]), [
    ["AttentionWeights", "AttentionWeights"],
    ["cross.softmax", "softmax"],
  ]);
  const [causal, padded] = attended.map(({ attention }) => attention!);
  // Rows of one key do not count: 5 of 6 queries, of 2 to 6 keys, in 3 examples and 2 heads.
  assertAlmostEquals(causal.keys, 4, 1e-9);
  assertEquals(causal.rows, 30);
  assertAlmostEquals(padded.keys, 5, 1e-9);
  assertEquals(padded.rows, 36);
  for (const { entropy } of [causal, padded]) assert(entropy > 0.9 && entropy <= 1, `${entropy}`);
  assertEquals(
    measured.layers.filter(({ className }) => className.startsWith("Attention"))
      .map(({ className }) => className),
    ["AttentionScores", "AttentionWeights", "AttentionContext"],
  );
  tf.dispose(batch as never);
  loaded.model.dispose();
});

Deno.test("rewriteProgram() keeps the changes of two weights that lie in one file", async () => {
  await using _engine = await startEngine();
  // 16 x 8 entries of one weight, and 3 x 16 of the other behind them.
  const storage = new Float32Array(16 * 8 + 3 * 16).fill(0.5);
  const path = await editedProgram("mlp", {
    weights({ config }) {
      config["head.weight"].path_name = config["hidden.weight"].path_name;
      config["head.weight"].tensor_meta.storage_offset.as_int = 16 * 8;
    },
    file: { "weights/weight_0": new Uint8Array(storage.buffer) },
  });
  const { model } = await loadModel(path);
  const names = ["hidden.weight", "head.weight"];
  const before = getWeights(model);
  setWeights(
    model,
    Object.fromEntries(
      names.map((name, i) => [name, new Float32Array(before[name].values.length).fill(i + 1)]),
    ),
  );
  const { bytes } = await rewriteProgram(model, path);
  model.dispose();
  await Deno.writeFile(path, bytes as Uint8Array<ArrayBuffer>);
  const { model: again } = await loadModel(path);
  const after = getWeights(again);
  assertEquals(names.map((name) => [...new Set(after[name].values)]), [[1], [2]]);
  again.dispose();
});
