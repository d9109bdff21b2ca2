import { startEngine } from "../../../src/engine/mod.ts";
import { loadModel } from "../../../src/load/load_model.ts";
import { readBatch } from "../../../src/load/read_batch.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";
import { theoryLayers } from "../../../src/core/rules/network/theory_layers.ts";
import { saturatedActivations } from "../../../src/core/rules/signal/saturated_activations.ts";
import { programPath } from "./edited_program.ts";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";

const { tf } = await startEngine({ threads: 1 });

/** Figures of a part of a cell, as PyTorch computes them. */
type Part = Record<"z" | "a" | "delta" | "gradient", number>;

/** Measures `gated.pt2`, of which weights may be changed first. */
async function measureGated(change: (name: string, values: Float32Array) => void = () => {}) {
  const loaded = await loadModel(programPath("gated.pt2"));
  for (const weight of loaded.model.weights) {
    const { stateDictName } = weight as unknown as { stateDictName: string };
    const before = weight.read();
    const values = before.dataSync().slice() as Float32Array;
    change(stateDictName, values);
    const changed = tf.tensor(values, before.shape);
    weight.write(changed);
    changed.dispose();
  }
  const batch = await readBatch(programPath("gated.npz"), loaded.model, {
    objective: "cross_entropy",
  });
  const measured = await measure(loaded.model, batch, { objective: "cross_entropy" });
  tf.dispose(batch as never);
  loaded.model.dispose();
  return measured;
}

Deno.test("gates, candidates and outputs of PyTorch's LSTM and GRU are those that PyTorch computes", async () => {
  const golden: { parts: Record<string, Part>; gradients: Record<string, number> } = JSON.parse(
    await Deno.readTextFile(programPath("gated.json")),
  );
  const { layers } = await measureGated();
  const rows = new Map(layers.map((layer) => [layer.name, layer]));
  assertEquals(
    layers.filter(({ kind }) => kind === "cell").map(({ name }) => name).toSorted(),
    Object.keys(golden.parts).toSorted(),
  );
  const figuresOf = (layer: LayerMeasurements): Part => ({
    z: layer.preActivations!.rms,
    a: layer.activations!.rms,
    delta: layer.preActivationGradients!.l2,
    gradient: layer.activationGradients!.l2,
  });
  for (const [name, part] of Object.entries(golden.parts)) {
    const found = figuresOf(rows.get(name)!);
    for (const key of ["z", "a", "delta", "gradient"] as const) {
      assertAlmostEquals(found[key] / part[key], 1, 1e-5, `${name} ${key}`);
    }
    assertEquals(rows.get(name)!.activation, name.endsWith("gates") ? "sigmoid" : "tanh");
  }
  const found = new Map(layers.flatMap(({ weights }) => weights).map((one) => [one.name, one]));
  for (const [weight, expected] of Object.entries(golden.gradients)) {
    assertAlmostEquals(found.get(weight)!.gradients!.meanAbs, expected, 1e-4 * expected, weight);
  }
});

Deno.test("theory follows a recurrent layer of PyTorch of one cell as it follows one of Keras", async () => {
  const measured = await measureGated();
  const network = networkOf(measured);
  const layer = theoryLayers(network).find(({ name }) => name === "single")!;
  const { preActivations } = network.theory.local.get("single")!;
  // Four units: a single draw is far from the mean.
  const ratio = layer.preActivations!.rms ** 2 / preActivations!;
  assert(ratio > 0.4 && ratio < 2.5, `${ratio}`);
  assertEquals(network.biases, "drawn");
  assertEquals(network.recurrentKernels.map(({ layer, gated }) => [layer.name, gated]), [
    ...["deep", "deep", "deep", "deep", "gru", "gru", "gru", "gru", "projected", "single"]
      .map((name) => [name, true]),
    ["simple", false],
    ["cell", true],
  ]);
});

Deno.test("gates of a PyTorch LSTM are judged as those of Keras: shut ones are saturated", async () => {
  const rowsOf = (findings: readonly { layer: string | null; severity: string }[]) =>
    findings.filter(({ severity }) => severity !== "note").map(({ layer }) => layer);
  assertEquals(rowsOf(saturatedActivations.run(await measureGated())), []);
  const shut = await measureGated((name, values) => {
    // Input, forget, candidate, output: the candidate stays.
    if (name === "single.bias_ih_l0") values.fill(-40, 0, 8).fill(-40, 12, 16);
  });
  assertEquals(rowsOf(saturatedActivations.run(shut)), ["single/gates"]);
});
