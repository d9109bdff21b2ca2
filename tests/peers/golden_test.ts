import { assert, assertEquals } from "@std/assert";
import { compareFigures } from "../../bench/peers/compare_figures.ts";
import { type Figures, toolFigures } from "../../bench/peers/figures.ts";
import type { NetworkFacts } from "../../bench/peers/loss_of.ts";
import type { Golden } from "../../bench/peers/write_golden.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { measure } from "../../src/entry/measure.ts";
import {
  getWeights,
  type LayersModel,
  loadModel,
  loadWeights,
  readBatch,
  setWeights,
} from "../../src/entry/model.ts";

const FOLDER = new URL("../../fixtures/files/peers/", import.meta.url).pathname;
const read = <T>(name: string): T => JSON.parse(Deno.readTextFileSync(`${FOLDER}${name}.json`));

const NETWORKS = read<Record<string, NetworkFacts>>("networks");

const { tf } = await startEngine({ threads: 1 });

type Loose = Omit<Figures, "versions">;

async function figuresOf(name: string, change: (model: LayersModel) => void | Promise<void>) {
  const { model } = await loadModel(`${FOLDER}${name}.keras`);
  await change(model);
  const batch = await readBatch(`${FOLDER}${name}.npz`, model);
  const { training } = NETWORKS[name];
  const { objective, layers } = await measure(model, batch, {
    batchNormalization: training ? "training" : "inference",
  });
  tf.dispose(batch as never);
  model.dispose();
  return toolFigures(objective.value, layers);
}

function assertAgrees(own: Loose, name: string) {
  const golden = read<Golden>(name);
  const exact = golden["PyTorch, float64"];
  // A figure that PyTorch itself gets wrong in float32 cannot be right in another program's
  // float32.
  const lost = compareFigures(golden["PyTorch"], exact).apart;
  for (const [peer, theirs] of Object.entries(golden)) {
    const { missing, apart, worst } = compareFigures(own, theirs);
    const what = `${peer} ${JSON.stringify(theirs.versions)}`;
    const wrong = theirs === exact ? apart.filter((figure) => !lost.includes(figure)) : apart;
    assertEquals(wrong, [], `${what}: differs by ${worst} at most`);
    // Keras on JAX computes a cross-entropy from the probabilities, every other one from the logits before them.
    const isPassed = peer === "Keras on JAX" && NETWORKS[name].loss === "crossentropy";
    const left = isPassed ? ["head da"] : [];
    assertEquals(missing, left, `${what}: figures that nothing was compared with`);
  }
}

Deno.test("PyTorch's float32 loses nothing of its float64 but behind saturated tanh units", () => {
  for (const name of Object.keys(NETWORKS)) {
    const golden = read<Golden>(name);
    const { apart } = compareFigures(golden["PyTorch"], golden["PyTorch, float64"]);
    assertEquals(apart, name === "exercise" ? ["dense_9 da", "dense_10 delta"] : [], name);
  }
});

for (const name of Object.keys(NETWORKS)) {
  Deno.test(`measure() of ${name}.keras gives the figures of Keras and PyTorch`, async () => {
    assertAgrees(await figuresOf(name, () => {}), name);
  });
  for (const end of [".pt", ".safetensors"]) {
    Deno.test(`measure() of ${name}${end} gives the figures of Keras and PyTorch`, async () => {
      const own = await figuresOf(name, async (model) => {
        // Nothing of the Keras file may be left.
        const zeros = Object.entries(getWeights(model)).map(([weight, { values }]) => [
          weight,
          values.map(() => 0),
        ]);
        setWeights(model, Object.fromEntries(zeros));
        await loadWeights(model, `${FOLDER}${name}${end}`);
      });
      assertAgrees(own, name);
    });
  }
}

Deno.test("compareFigures() notices a figure that is wrong by more than 1e-4", async () => {
  const own = await figuresOf("dense", () => {});
  const wrong = structuredClone(own);
  wrong.layers["dense_4"].delta *= 1.0002;
  assertEquals(compareFigures(own, wrong, own).apart, ["dense_4 delta"]);
  assertEquals(compareFigures(own, wrong, own).nearer, { own: 1, other: 0, unknown: 0 });
  assertEquals(compareFigures(own, wrong, wrong).nearer, { own: 0, other: 1, unknown: 0 });
  assert(compareFigures(own, wrong).worst > 1e-4);
  wrong.layers["dense_4"].delta = NaN;
  assertEquals(compareFigures(own, wrong).apart, ["dense_4 delta"]);
});
