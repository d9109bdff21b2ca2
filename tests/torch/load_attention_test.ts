import { startEngine } from "../../src/engine/mod.ts";
import type { Tensor } from "../../src/engine/tensorflow.ts";
import { kerasLayers } from "../../src/keras/layers/mod.ts";
import { loadWeights, ModelError } from "../../src/load/mod.ts";
import { fixture } from "./fixture.ts";
import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";

const { tf } = await startEngine();
const { EinsumDense, MultiHeadAttention } = kerasLayers(tf);

/** The network of bench/peers/make_torch_attention.py. */
function network(isNamed: boolean) {
  const named = (name: string) => isNamed ? { name } : {};
  const x = tf.input({ shape: [5, 8] }), memory = tf.input({ shape: [4, 6] });
  const norm = (name: string, of: typeof x) =>
    tf.layers.layerNormalization({ epsilon: 1e-5, ...named(name) }).apply(of) as typeof x;
  const y = norm("norm1", x);
  const own = new MultiHeadAttention({
    numHeads: 2,
    keyDim: 4,
    useCausalMask: true,
    ...named("own"),
  });
  const first = tf.layers.add().apply([x, own.apply([y, y]) as typeof x]) as typeof x;
  const cross = new MultiHeadAttention({ numHeads: 4, keyDim: 2, ...named("cross") });
  const attended = cross.apply([norm("norm2", first), memory]) as typeof x;
  const second = tf.layers.add().apply([first, attended]);
  const head = tf.layers.dense({ units: 3, ...named("head") }).apply(second) as typeof x;
  return tf.model({ inputs: [x, memory], outputs: head });
}

const CASES: [file: string, isNamed: boolean][] = [
  ["attention.pt", false],
  ["attention.pt", true],
  ["attention.safetensors", true],
];

for (const [file, isNamed] of CASES) {
  const how = isNamed ? "by names" : "by shapes and order";
  Deno.test(`loadWeights() of ${file} ${how} gives the outputs of PyTorch's attentions`, async () => {
    const figures = JSON.parse(await Deno.readTextFile(fixture("attention.json")));
    const model = network(isNamed);
    const { layers } = await loadWeights(model, fixture(file), { layout: "pytorch" });
    assertEquals(layers.filter(({ from }) => from.startsWith("own")).map(({ from }) => from), [
      "own.query",
      "own.key",
      "own.value",
      "own.attention_output",
    ]);
    tf.tidy(() => {
      const inputs = [tf.tensor(figures.x, [2, 5, 8]), tf.tensor(figures.memory, [2, 4, 6])];
      const found = (model.predict(inputs) as Tensor).dataSync();
      assertEquals(found.length, figures.outputs.length);
      found.forEach((value, i) =>
        assertAlmostEquals(value, figures.outputs[i], 3e-6, `output ${i}`)
      );
    });
    model.dispose();
  });
}

Deno.test("loadWeights() refuses a kernel that PyTorch has as no matrix", async () => {
  const model = tf.sequential();
  model.add(
    new EinsumDense({
      name: "turned",
      equation: "ab,cb->ac",
      outputShape: 3,
      inputShape: [4],
    }),
  );
  const error = await assertRejects(
    () => loadWeights(model, fixture("attention.pt"), { layout: "pytorch" }),
    ModelError,
  );
  assertEquals(
    error.message.replace(fixture("attention.pt"), "FILE"),
    'FILE: Layer "turned" has a kernel of shape [3, 4] that is summed over other axes than the first, ' +
      "expected one that PyTorch has as a matrix",
  );
  model.dispose();
});
