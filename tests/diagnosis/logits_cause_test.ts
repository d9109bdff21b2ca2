import { assertEquals } from "@std/assert";
import golden from "../../fixtures/golden/losses.json" with { type: "json" };
import { startEngine } from "../../src/engine/start/start_engine.ts";
import { examine } from "../../src/diagnosis/examine/examine.ts";
import { compileAsInKeras } from "../../src/keras/compile_as_saved.ts";

Deno.test("a softmax under from_logits=True is the first cause, and is removed; a linear head is right", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const loss = { class_name: "SparseCategoricalCrossentropy", config: { from_logits: true } };
  const optimizer = { class_name: "Adam", config: { learning_rate: 0.001 } };
  const inputs = tf.tensor2d([...golden.inputs, ...golden.inputs]);
  const targets = tf.tensor2d([...golden.targets.classes, ...golden.targets.classes]);
  const examined = async (activation: "softmax" | "linear") => {
    const draw = (seed: number) => tf.initializers.heNormal({ seed });
    const model = tf.sequential({
      layers: [
        tf.layers.dense({
          units: 16,
          activation: "relu",
          inputShape: [4],
          kernelInitializer: draw(1),
        }),
        tf.layers.dense({ units: 3, activation, kernelInitializer: draw(2), name: "out" }),
      ],
    });
    compileAsInKeras(tf, model, { loss, optimizer });
    const { diagnosis, measurements } = await examine(model, { inputs, targets }, {
      trial: "always",
    });
    assertEquals(measurements.objective.name, "sparseCategoricalCrossentropyFromLogits");
    model.dispose();
    return diagnosis;
  };
  const { verdict, causes: [cause] } = await examined("softmax");
  assertEquals([verdict, cause.kind, cause.tried?.worked], ["sick", "head", true]);
  assertEquals(cause.fixes[0], {
    kind: "head",
    layer: "out",
    activation: "linear",
    loss: null,
    framework: "keras",
  });
  const linear = await examined("linear");
  assertEquals(linear.causes.filter(({ kind }) => kind === "head"), []);
  tf.dispose([inputs, targets]);
});
