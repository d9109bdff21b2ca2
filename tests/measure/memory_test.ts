import { assert, assertEquals, assertRejects } from "@std/assert";
import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import { measure } from "../../src/measure/mod.ts";
import { checkMemory } from "../../src/measure/check_memory.ts";
import { leafLayers } from "../../src/model/mod.ts";
import { estimateMemory } from "../../src/measure/estimate_memory.ts";

const GIB = 2 ** 30;

Deno.test("estimateMemory() counts weights, the largest gradient and what the layers keep", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [4, 2] }),
      tf.layers.dense({ units: 3, activation: "tanh" }),
    ],
  });
  assertEquals(estimateMemory(leafLayers(model), 10), 4 * (8 * 3 + 3 + 8 * 3 + 2.5 * 10 * 3));
  model.dispose();
});

Deno.test("a pass beyond the heap's limit is refused with the estimate, one within it is not", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    name: "large",
    layers: [tf.layers.dense({ units: 1000, inputShape: [10] })],
  });
  const most = Math.floor(1.25 * 4 * GIB / (4 * 2.5 * 1000));
  checkMemory(model, leafLayers(model), most - 10);
  const inputs = { shape: [most + 10, 10], dataSync: () => [] } as unknown as Tensor;
  await assertRejects(
    () => measure(model, { inputs }),
    RangeError,
    "the pass would take some 5 GiB, and the WASM heap can have 4 GiB",
  );
  model.dispose();
});

Deno.test("a full heap is an error, and the engine computes on", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const before = tf.memory().numTensors;
  const held: Tensor[] = [];
  let message = "";
  try {
    // Never written to, so the system gives no memory for it.
    while (held.length < 10) held.push(tf.engine().makeTensorFromTensorInfo(allocate(GIB / 2)));
  } catch (error) {
    message = (error as Error).message;
  }
  assert(held.length < 9, "more than 4 GiB");
  assertEquals(
    message,
    "The WASM heap, which can have 4 GiB, has no room for another 512 MiB: " +
      "use fewer examples, or dispose tensors",
  );
  assertEquals(tf.tidy(() => tf.tensor1d([1, 2]).add(1).dataSync()), new Float32Array([2, 3]));
  tf.dispose(held);
  assertEquals(tf.memory().numTensors, before);

  function allocate(bytes: number) {
    const backend = tf.backend() as unknown as {
      makeOutput(shape: number[], dtype: "float32"): Parameters<
        ReturnType<typeof tf.engine>["makeTensorFromTensorInfo"]
      >[0];
    };
    return backend.makeOutput([bytes / 4], "float32");
  }
});
