import { assert, assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { liveDataOf } from "../../src/engine/live_data.ts";
import { withOffload } from "../../src/engine/offload.ts";
import { runPass } from "../../src/measure/run_pass.ts";
import { modelWeights } from "../../src/model/model_weights.ts";
import { leafLayers, randomBatch } from "../../src/model/mod.ts";

Deno.test("withOffload() changes no bit of a pass", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { layers } = tf;
  const input = tf.input({ shape: [32, 32, 3] });
  const convolution = () => layers.conv2d({ filters: 16, kernelSize: 3, padding: "same" });
  const first = convolution().apply(input);
  const inner = layers.reLU().apply(layers.batchNormalization().apply(convolution().apply(first)));
  const sum = layers.add().apply([first, inner] as never);
  const lstm = layers.lstm({ units: 40 }).apply(
    layers.reshape({ targetShape: [32, 512] }).apply(sum),
  );
  const model = tf.model({ inputs: input, outputs: lstm as typeof input });
  const batch = randomBatch(model, { examples: 8 });
  const whole = runPass(engine, model, batch, { histograms: true });
  const before = tf.memory();
  const pinned = modelWeights(model, leafLayers(model)).map(({ variable }) => variable.read());
  const live = liveDataOf(tf.backend());
  const resting = live.bytes;
  const limit = resting + 2 ** 20;
  const cpu = tf.engine().findBackend("cpu") as unknown as { move: (...all: unknown[]) => void };
  const { move } = cpu;
  let moved = 0;
  cpu.move = (...all) => {
    moved++;
    move.apply(cpu, all);
  };
  const offloaded = withOffload(
    tf,
    pinned,
    () => runPass(engine, model, batch, { histograms: true }),
    limit,
  );
  cpu.move = move;
  assert(moved > 20, `${moved} tensors were moved`);
  assertEquals(offloaded, whole);
  assertEquals(tf.memory().numTensors, before.numTensors);
  assert(live.bytes <= resting);
  model.dispose();
});

Deno.test("withOffload() keeps what a kernel reads, and ends when its work does", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const live = liveDataOf(tf.backend());
  const tensors = [1, 2, 3].map((value) => tf.fill([2 ** 16], value));
  const before = live.bytes;
  withOffload(tf, [tensors[0]], () => {
    tf.add(tensors[1], tensors[1]).dispose();
    assertEquals(
      live.bytes,
      before - 4 * 2 ** 16,
      "the third went, the pinned and the read stayed",
    );
    assertEquals(tensors[2].dataSync()[5], 3);
  }, 0);
  assertThrows(
    () =>
      withOffload(tf, [], () => {
        throw new Error("work failed");
      }, 0),
    Error,
    "work failed",
  );
  tf.add(tensors[2], tensors[1]).dispose();
  assertEquals(live.bytes, before);
  tf.dispose(tensors);
});
