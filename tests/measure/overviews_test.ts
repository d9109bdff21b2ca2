import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { activations, gradients, measure } from "../../src/measure/mod.ts";
import { getWeights } from "../../src/load/mod.ts";

const { tf } = await startEngine();

Deno.test("measure(), activations(), gradients() and getWeights() print what they found in a line each", async () => {
  const x = tf.input({ shape: [2] });
  const twice = tf.layers.dense({ name: "d", units: 2, kernelInitializer: "ones" });
  const outputs = twice.apply(twice.apply(x)) as typeof x;
  const model = tf.model({ inputs: x, outputs, name: "m" });
  const inputs = tf.ones([3, 2]);
  const printed = (value: unknown) => Deno.inspect(value).split("\n").map((line) => line.trim());
  const objective = "sum" as const;
  assertEquals(printed(await measure(model, { inputs }, { objective })), [
    "m: 1 layer, 6 parameters; 3 examples; J = 24 (sum)",
    "layer  class  activation  mean |dJ/dkernel|  mean |a|  mean |delta|  stuck  dead",
    "d      Dense  linear                     12         3           1.5  -      -",
  ]);
  using found = await activations(model, { inputs });
  assertEquals(printed(found), [
    "2 activations",
    "activation  shape   mean |a|  std  largest  zero",
    "d           [3, 2]         2    0        2  0%",
    "d, call 2   [3, 2]         4    0        4  0%",
  ]);
  using slopes = await gradients(model, { inputs }, { objective });
  assertEquals(printed(slopes), [
    "2 gradients",
    "gradient  shape   mean |dJ/dw|  std  largest  zero",
    "d/kernel  [2, 2]            12    0       12  0%",
    "d/bias    [2]                9    0        9  0%",
  ]);
  assertEquals(printed(getWeights(model)), [
    "2 weights with 6 entries",
    "weight    shape   mean |w|  largest |w|",
    "d/kernel  [2, 2]         1            1",
    "d/bias    [2]            0            0",
  ]);
  inputs.dispose();
  model.dispose();
});
