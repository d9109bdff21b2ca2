import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Tensor } from "../../src/engine/mod.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { measure, MeasureError } from "../../src/measure/mod.ts";
import { customLayer } from "../probe/custom_layer.ts";
import { dense, leavesNoTensors, uniform } from "./small_models.ts";

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
    const error = await assertRejects(() => measure(model, { inputs }), MeasureError);
    assertEquals(
      error.message,
      phase === "forward"
        ? "The forward pass failed in layer fragile (Failing): no way on"
        : "The gradient of layer fragile (Failing) cannot be computed: no way back",
    );
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
    "Its output has no entries: its shape is [6, 0]",
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
