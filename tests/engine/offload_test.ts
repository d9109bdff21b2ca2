import { assert, assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { liveDataOf } from "../../src/engine/heap/live_data.ts";
import { offload } from "../../src/engine/heap/offload.ts";
import type { WasmBackend } from "../../src/engine/native/wasm_backend.ts";
import { patchProperty } from "../../src/engine/patching.ts";
import type { TensorFlow } from "../../src/engine/tensorflow.ts";
import { runPass } from "../../src/core/measure/pass.ts";
import { modelWeights } from "../../src/core/model/weights/model_weights.ts";
import { leafLayers, randomBatch } from "../../src/entry/model.ts";

Deno.test("offload() changes no bit of a pass", async () => {
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
  const limit = resting + 2 ** 19;
  const cpu = tf.engine().findBackend("cpu") as unknown as { move: (...all: unknown[]) => void };
  const { move } = cpu;
  let moved = 0;
  cpu.move = (...all) => {
    moved++;
    move.apply(cpu, all);
  };
  const sweeps = countKernels(tf, ["Relu", "NormalizeColumns"]);
  const offloaded = (() => {
    using _ = offload(tf, pinned, limit);
    return runPass(engine, model, batch, { histograms: true });
  })();
  cpu.move = move;
  assert(moved > 20, `${moved} tensors were moved`);
  assert(sweeps.stop() > 2, "none was computed again");
  assertEquals(offloaded, whole);
  assertEquals(tf.memory().numTensors, before.numTensors);
  assert(live.bytes <= resting);
  model.dispose();
});

/** Counts how often some kernels run. */
function countKernels(tf: TensorFlow, names: readonly string[]) {
  const engine = tf.engine();
  const run = engine.runKernel;
  let count = 0;
  const stop = patchProperty(engine, "runKernel", {
    value(...all: Parameters<typeof run>) {
      if (names.includes(all[0])) count++;
      return run.apply(engine, all);
    },
  });
  return {
    stop() {
      stop();
      return count;
    },
  };
}

Deno.test("offload() keeps what a kernel reads on the heap, and ends when it is disposed of", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const live = liveDataOf(tf.backend());
  const tensors = [1, 2, 3].map((value) => tf.fill([2 ** 16], value));
  const before = live.bytes;
  {
    using _ = offload(tf, [tensors[0]], 0);
    tf.add(tensors[1], tensors[1]).dispose();
    assertEquals(
      live.bytes,
      before - 4 * 2 ** 16,
      "the third went, the pinned and the read stayed",
    );
    assertEquals(tensors[2].dataSync()[5], 3);
  }
  tf.add(tensors[2], tensors[1]).dispose();
  assertEquals(live.bytes, before);
  tf.dispose(tensors);
});

Deno.test("offload() makes room for a kernel where the heap has none, and not for others", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const backend = tf.backend() as unknown as WasmBackend;
  const live = liveDataOf(backend);
  const tensors = [1, 2, 3].map((value) => tf.fill([2 ** 16], value));
  const most = live.bytes;
  const allocate = backend.wasm._malloc;
  backend.wasm._malloc = (bytes) => {
    if (live.bytes + bytes > most) throw new RangeError("no room");
    return allocate(bytes);
  };
  {
    using _ = offload(tf, []);
    const sum = tf.add(tensors[1], tensors[2]);
    assertEquals(live.bytes, most, "the first has left the heap");
    assertEquals(sum.dataSync()[7], 5);
    assertThrows(() => backend.makeOutput([2 ** 16], "float32"), RangeError, "no room");
    assertThrows(() => tf.fill([2 ** 18], 4), RangeError, "no room");
    sum.dispose();
    assertEquals(tensors[0].dataSync()[9], 1);
  }
  backend.wasm._malloc = allocate;
  tf.dispose(tensors);
});
