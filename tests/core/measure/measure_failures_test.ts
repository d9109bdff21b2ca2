import { assert, assertEquals, assertRejects } from "@std/assert";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { liveDataOf } from "../../../src/engine/heap/live_data.ts";
import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import type { WasmBackend } from "../../../src/engine/native/wasm_backend.ts";
import { shadowMethod } from "../../../src/engine/patching.ts";
import type { LayersModel } from "../../../src/engine/tensorflow.ts";
import { measure, MeasureError } from "../../../src/entry/measure.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { customLayer } from "../../networks/trained_models.ts";
import { dense, leavesNoTensors, uniform } from "../../networks/small_models.ts";

const { tf } = await startEngine();

/** A layer that fails forward, or whose gradient does. */
function failing(phase: "forward" | "backward") {
  class Failing extends tf.layers.Layer {
    static className = "Failing";
    constructor() {
      super({ name: "fragile" });
    }
    override call(inputs: Tensor | Tensor[]): Tensor {
      const x = [inputs].flat()[0];
      if (phase === "forward") throw new Error("no way on");
      return tf.customGrad((...args: unknown[]) => ({
        value: (args[0] as Tensor).clone(),
        gradFunc: () => {
          throw new Error("no way back");
        },
      }))(x);
    }
  }
  return tf.sequential({
    layers: [dense(5, "tanh", { inputShape: [4] }), new Failing(), dense(2)],
  });
}

for (const phase of ["forward", "backward"] as const) {
  Deno.test(`measure() names the layer and frees every tensor when the ${phase} pass throws`, async () => {
    const model = failing(phase);
    const inputs = uniform([6, 4]);
    for (const options of [{}, { microBatch: 4 }]) {
      const error = await assertRejects(() => measure(model, { inputs }, options), MeasureError);
      assertEquals(
        error.message,
        phase === "forward"
          ? "The forward pass failed in layer fragile (Failing): no way on"
          : "The gradient of layer fragile (Failing) cannot be computed: no way back",
      );
    }
    await leavesNoTensors(() => assertRejects(() => measure(model, { inputs }), MeasureError));
    assert(!Object.hasOwn(model.layers[0], "call"));
    model.dispose();
    inputs.dispose();
  });
}

const broken: Record<string, [call: (x: Tensor) => unknown, reason: string]> = {
  "returns nothing": [() => {}, "The layer returned undefined, expected a tensor"],
  "returns no tensors": [(x) => [x, 1], "The layer returned number, expected a tensor"],
  "returns what it disposed of": [(x) => {
    const y = tf.tanh(x);
    y.dispose();
    return y;
  }, "The layer returned a tensor that was disposed of, expected a live one"],
  "returns nothing of its input": [
    (x) => tf.slice(x, [0, 0], [6, 0]),
    "The layer returned a tensor of shape [6, 0], expected entries",
  ],
  "normalises without a scale": [
    (x) => tf.batchNorm(x, tf.zeros([5]) as never, tf.ones([5]) as never),
    "A batchNorm without scale or offset has no gradient in TensorFlow.js: give it both, " +
    "tf.ones(...) and tf.zeros(...) for none",
  ],
};

for (const [what, [call, reason]] of Object.entries(broken)) {
  Deno.test(`measure() names a layer that ${what}, and frees every tensor`, async () => {
    const layer = customLayer(tf, "broken", (x) => x);
    layer.call = (inputs) => call([inputs].flat()[0] as Tensor) as Tensor;
    const model = tf.sequential({ layers: [dense(5, "tanh", { inputShape: [4] }), layer] });
    const inputs = uniform([6, 4]);
    const fails = () => assertRejects(() => measure(model, { inputs }), MeasureError);
    await leavesNoTensors(async () => {
      const { message } = await fails();
      assertEquals(message, `The forward pass failed in layer broken (Custom): ${reason}`);
    });
    model.dispose();
    inputs.dispose();
  });
}

Deno.test("measure() blames no objective for outputs that the next layer does not take", async () => {
  const layer = customLayer(tf, "shaper", (x) => tf.sum(x, 1));
  layer.computeOutputShape = (shape) => shape;
  const model = tf.sequential({ layers: [dense(5, "tanh", { inputShape: [4] }), layer, dense(2)] });
  const inputs = uniform([6, 4]);
  for (const options of [{}, { microBatch: 4 }]) {
    const { message } = await assertRejects(
      () => measure(model, { inputs }, options),
      MeasureError,
    );
    assert(message.startsWith("The forward pass failed"), message);
  }
  model.dispose();
  inputs.dispose();
});

/** Networks whose kernels make several tensors, or go by several steps. */
const MANY_OUTPUTS: Record<string, () => LayersModel> = {
  recurrent: () =>
    tf.sequential({
      layers: [
        tf.layers.lstm({ units: 6, returnSequences: true, inputShape: [5, 4] }),
        tf.layers.gru({ units: 3 }),
      ] as never,
    }),
  normalised: () =>
    tf.sequential({
      layers: [
        dense(7, "tanh", { inputShape: [10] }),
        tf.layers.batchNormalization(),
        tf.layers.layerNormalization(),
        dense(3, "sigmoid"),
      ],
    }),
  attention: () => {
    const { MultiHeadAttention } = kerasLayers(tf);
    const x = tf.input({ shape: [5, 6] });
    const y = new MultiHeadAttention({ numHeads: 2, keyDim: 3 }).apply([x, x]);
    return tf.model({ inputs: x, outputs: tf.layers.dense({ units: 2 }).apply(y) as typeof x });
  },
};

for (const [name, make] of Object.entries(MANY_OUTPUTS)) {
  Deno.test(`measure() frees all of the heap wherever it finds no more room: ${name}`, async () => {
    const model = make();
    const batch = randomBatch(model, { examples: 5 });
    const live = liveDataOf(tf.backend());
    const { wasm } = tf.backend() as unknown as WasmBackend;
    for (const microBatch of ["auto", 3] as const) {
      const options = { microBatch, batchNormalization: "training" } as const;
      const before = JSON.stringify(await measure(model, batch, options));
      const { bytes } = live;
      let count = 0, last = Infinity;
      for (let failAt = 1; failAt <= last; failAt += 3) {
        count = 0;
        const restore = shadowMethod(wasm, "_malloc", (allocate) => (size: number) => {
          if (++count === failAt) throw new RangeError("no room");
          return allocate(size);
        });
        const error = await measure(model, batch, options).then(() => null, (error) => error);
        restore();
        if (error === null) last = failAt;
        assertEquals(live.bytes, bytes, `${microBatch}, request ${failAt}`);
      }
      assert(last > 30, `${last}`);
      assertEquals(JSON.stringify(await measure(model, batch, options)), before);
    }
    model.dispose();
    tf.dispose(batch.inputs);
  });
}
