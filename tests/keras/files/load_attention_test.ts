import { startEngine } from "../../../src/engine/mod.ts";
import { getWeights, loadModel, ModelError, randomBatch } from "../../../src/entry/model.ts";
import { gradients } from "../../../src/entry/measure.ts";
import { roundTrip } from "../../load/round_trip.ts";
import { bytesOf, figuresOf, FILES, FOLDER, type SavedTensor, withFile } from "./fixtures.ts";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { type Parts, parts, partsOf } from "../../assert_refused.ts";

const { tf } = await startEngine();

const isRegistered = (name: string) =>
  Object.hasOwn(tf.serialization.SerializationMap.getMap().classNameMap, name);

const load = (name: string) => withFile("a.keras", bytesOf(name), (path) => loadModel(path));

Deno.test("loadModel() registers Keras's layers where a file names one", async () => {
  const plain = await load("residual.keras");
  assert(!isRegistered("MultiHeadAttention"));
  const attention = await load("transformer.keras");
  assert(isRegistered("MultiHeadAttention"));
  plain.model.dispose();
  attention.model.dispose();
});

const tensor = ({ shape, values }: SavedTensor, dtype = "float32") =>
  tf.tensor(values, shape, dtype as "float32");

const files = FILES.filter((name) =>
  name.endsWith(".keras") && figuresOf(name).gradientsAlong !== undefined
);

Deno.test("there are files of every attention", () => assertEquals(files.length, 13));

for (const file of files) {
  Deno.test(`gradients() of ${file} point where Keras's do`, async () => {
    const { model } = await load(file);
    const figures = figuresOf(file);
    const inputs = figures.inputs.map((one, i) => tensor(one, model.inputs[i].dtype));
    const targets = figures.targets.map((one) => tensor(one));
    {
      using found = await gradients(model, { inputs, targets }, {
        objective: "meanSquaredError",
        batchNormalization: "inference",
      });
      const own = new Map(found.map(({ name, tensor }) => [
        name,
        Array.from(tensor.dataSync()).reduce((sum, g, i) => sum + g * Math.cos(i), 0),
      ]));
      const expected = Object.entries(figures.gradientsAlong!);
      assertEquals([...own.keys()].toSorted(), expected.map(([name]) => name).toSorted());
      const scale = Math.max(...expected.map(([, value]) => Math.abs(value)));
      for (const [name, value] of expected) {
        assertAlmostEquals(own.get(name)!, value, 1e-5 * scale, name);
      }
    }
    tf.dispose([...inputs, ...targets]);
    model.dispose();
  });

  Deno.test(`loadModel() reads ${file} again as TensorFlow.js saves it`, async () => {
    const { model } = await load(file);
    const { inputs } = randomBatch(model, { examples: 3 });
    const run = (one: typeof model) =>
      tf.tidy(() => [one.predict(inputs)].flat().map((y) => [...y.dataSync()]));
    await roundTrip(model, (loaded) => {
      assertEquals(run(loaded), run(model));
      assertEquals(getWeights(loaded), getWeights(model));
    });
    tf.dispose([inputs].flat());
    model.dispose();
  });
}

/** The topology of grouped queries with a change in it, refused. */
async function refusal(edit: (text: string) => string): Promise<Parts> {
  const text = Deno.readTextFileSync(new URL("grouped_query.topology.json", FOLDER));
  const changed = edit(text);
  assert(changed !== text, "nothing was changed");
  const bytes = new TextEncoder().encode(changed);
  const before = tf.memory().numTensors;
  const said = await withFile(
    "topology.json",
    bytes,
    async (path) => partsOf(await assertRejects(() => loadModel(path), ModelError), path),
  );
  assertEquals(tf.memory().numTensors, before, "a failed load leaves tensors");
  return said;
}

Deno.test("loadModel() says in one sentence what is wrong with an attention", async () => {
  assertEquals(
    await refusal((text) => text.replace('"num_query_heads": 4', '"num_query_heads": 0')),
    parts(
      "topology.config.layers[2].config.num_query_heads",
      "0",
      "a whole number from 1 to 2147483647",
    ),
  );
  assertEquals(
    await refusal((text) => text.replace('"num_key_value_heads": 2', '"num_key_value_heads": 3')),
    parts(
      "topology.config.layers[2].config is not a configuration of GroupQueryAttention: numKeyValueHeads",
      "3",
      "a divisor of numQueryHeads, 4",
    ),
  );
  assertEquals(
    await refusal((text) => text.replace('"use_causal_mask": true', '"use_causal_mask": "yes"')),
    parts(
      "topology.config.layers[2].inbound_nodes[0].kwargs.use_causal_mask",
      '"yes"',
      "true or false",
    ),
  );
  assertEquals(
    await refusal((text) => text.replace('"use_causal_mask": true', '"use_magic": true')),
    parts(
      "topology.config.layers[2].inbound_nodes[0].kwargs.use_magic",
      "true",
      "null: GroupQueryAttention of TensorFlow.js is not called with it",
    ),
  );
  assertEquals(
    await refusal((text) =>
      text.replaceAll(/"class_name": "GroupQueryAttention"/g, '"class_name": "LinearAttention"')
    ),
    parts(
      "topology.config.layers[2].class_name",
      '"LinearAttention", a class that TensorFlow.js does not have',
      "one that it has or that --register FILE supplies (a module that exports register({ tf }))",
    ),
  );
});

Deno.test("loadModel() refuses an attention that is called in two ways", async () => {
  const text = Deno.readTextFileSync(new URL("grouped_query.topology.json", FOLDER));
  const json = JSON.parse(text);
  const node = json.config.layers[2].inbound_nodes[0];
  json.config.layers[2].inbound_nodes.push({ ...node, kwargs: {} });
  const said = await refusal(() => JSON.stringify(json));
  assertEquals(
    said,
    parts(
      "topology.config.layers[2].inbound_nodes[1]",
      '"grouped" with other settings than topology.config.layers[2].inbound_nodes[0]',
      "the same in every call",
    ),
  );
});
