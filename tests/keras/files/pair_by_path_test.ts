import { type LayersModel, startEngine } from "../../../src/engine/mod.ts";
import { requireSure, type WeightPair } from "../../../src/keras/files/pair_by_path.ts";
import { leafLayers, ModelError } from "../../../src/entry/model.ts";
import { assertEquals, assertThrows } from "@std/assert";

const { tf } = await startEngine();
const { layers } = tf;

const dense = () => layers.dense({ units: 2, inputShape: [2] });

/** Returns true if weights of equal shapes can be told apart by the order of the layers. */
function isSure(model: LayersModel): boolean {
  const pairs = leafLayers(model).filter(({ layer }) => layer.weights.length > 0)
    .map(({ layer, path }) => ({ layer, array: { path, shape: [2, 2] } }) as unknown as WeightPair);
  assertEquals(pairs.length > 1, true);
  try {
    requireSure(model, pairs);
    return true;
  } catch (error) {
    assertThrows(
      () => {
        throw error;
      },
      ModelError,
      " both fit layers ",
    );
    return false;
  } finally {
    model.dispose();
  }
}

Deno.test("requireSure() takes the order of a chain, with chains of its own in it, and of nothing else", () => {
  const chain = () => tf.sequential({ layers: [dense(), dense()] });
  assertEquals(isSure(chain()), true);
  assertEquals(isSure(tf.sequential({ layers: [chain(), dense()] })), true);
  assertEquals(isSure(tf.sequential({ layers: [dense(), chain(), chain()] })), true);
  const branched = () => {
    const x = tf.input({ shape: [2] });
    const both = [0, 1].map(() => dense().apply(x)) as typeof x[];
    return tf.model({ inputs: x, outputs: layers.add().apply(both) as typeof x });
  };
  assertEquals(isSure(branched()), false);
  assertEquals(isSure(tf.sequential({ layers: [dense(), branched()] })), false);
  // A chain that is called twice is none.
  const x = tf.input({ shape: [2] });
  const twice = chain();
  const outputs = dense().apply(twice.apply(twice.apply(x))) as typeof x;
  assertEquals(isSure(tf.model({ inputs: x, outputs })), false);
  const two = dense().apply(x) as typeof x;
  assertEquals(
    isSure(tf.model({ inputs: x, outputs: [two, dense().apply(two) as typeof x] })),
    false,
  );
});
