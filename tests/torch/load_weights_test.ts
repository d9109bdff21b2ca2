import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import { loadWeights } from "../../src/load/mod.ts";
import { fixture, readExpected } from "./fixture.ts";
import { TORCH_MODELS } from "./torch_models.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

const { passes } = await readExpected();

const CASES: [file: string, model: string, named: boolean][] = [
  ["mlp.safetensors", "mlp", false],
  ["mlp.pt", "mlp", false],
  ["mlp_legacy.pth", "mlp", false],
  ["digits.safetensors", "digits", true],
  ["digits_checkpoint.pt", "digits", true],
  ["digits_checkpoint.pt", "digits", false],
  ["reader.pt", "reader", false],
  ["flat.pt", "flat", true],
  ["flat.pt", "flat", false],
  ["flat.safetensors", "flat", true],
];

for (const [file, name, named] of CASES) {
  const how = named ? "by names" : "by shapes and order";
  Deno.test(`loadWeights() of ${file} ${how} gives PyTorch's outputs`, async () => {
    await using engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const model = TORCH_MODELS[name](tf, named);
    const loaded = await loadWeights(model, fixture(file), { layout: "pytorch" });
    assertEquals(loaded.layers.length > 2, true);
    const { inputs, outputs } = passes[name];
    const shape = model.inputs[0].shape.slice(1) as number[];
    const examples = inputs.length / shape.reduce((a, b) => a * b, 1);
    const batch = tf.tensor(inputs, [examples, ...shape]);
    const output = model.predict(batch) as Tensor;
    const is = [...output.dataSync()];
    assertEquals(is.length, outputs.length);
    is.forEach((value, i) => assertAlmostEquals(value, outputs[i], 2e-6, `output ${i}`));
    tf.dispose([batch, output]);
    model.dispose();
  });
}
