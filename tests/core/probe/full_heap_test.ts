import { assertEquals, assertRejects } from "@std/assert";
import { liveDataOf } from "../../../src/engine/heap/live_data.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { tryTraining } from "../../../src/core/probe/mod.ts";

/** Every tenth or so allocation is tried; no divisor of what one step allocates. */
const STRIDE = 17;

Deno.test("A trial that the heap has no room for leaves no tensor and the weights as they were", async () => {
  await using engine = await startEngine({ threads: 1 });
  const { tf } = engine;
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.dense({ units: 4, inputShape: [3], activation: "tanh", kernelRegularizer: "l1l2" }),
      layers.batchNormalization({}),
      layers.dense({ units: 1 }),
    ],
  });
  model.compile({ optimizer: "sgd", loss: "meanSquaredError" });
  const batch = {
    inputs: tf.randomNormal([8, 3], 0, 1, "float32", 1),
    targets: tf.randomNormal([8, 1], 0, 1, "float32", 2),
  };
  const { wasm } = tf.backend() as unknown as { wasm: { _malloc(bytes: number): number } };
  const allocate = wasm._malloc;
  /** Trains with a heap that refuses one allocation, and counts them all. */
  async function train(refused: number): Promise<number> {
    let count = 0;
    wasm._malloc = (bytes) => {
      if (++count === refused) throw new RangeError("The heap has no room");
      return allocate(bytes);
    };
    try {
      await tryTraining(model, batch, { steps: 1 });
    } finally {
      wasm._malloc = allocate;
    }
    return count;
  }
  const state = () => ({
    tensors: tf.memory().numTensors,
    bytes: liveDataOf(tf.backend()).bytes,
    weights: model.getWeights().map((weight) => [...weight.dataSync()]),
  });

  // The first trial also fills what is kept for the next.
  await train(0);
  const allocations = await train(0);
  const before = state();
  for (let refused = 1; refused <= allocations; refused += STRIDE) {
    await assertRejects(() => train(refused), Error, "has no room");
    assertEquals(state(), before, `after allocation ${refused} was refused`);
  }
  assertEquals(await train(0), allocations);
  tf.dispose(batch);
  model.dispose();
});
