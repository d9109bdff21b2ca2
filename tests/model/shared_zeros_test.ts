import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { SharedZeros } from "../../src/model/shared_zeros.ts";

Deno.test("SharedZeros holds one set of entries for each shape and type, and weights keep theirs", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const before = tf.memory();
  const zeros = new SharedZeros(tf);
  const a = zeros.apply([2, 3], "float32");
  const b = zeros.apply([2, 3], "float32");
  const wide = zeros.apply([3, 2], "float32");
  const whole = zeros.apply([2, 3], "int32");
  assert(a.dataId === b.dataId);
  assertEquals(tf.memory().numDataBuffers - before.numDataBuffers, 3);
  zeros.dispose();
  a.dispose();
  assertEquals([...b.dataSync()], [0, 0, 0, 0, 0, 0]);
  assertEquals([wide.shape, whole.dtype], [[3, 2], "int32"]);
  tf.dispose([b, wide, whole]);
  assertEquals(tf.memory().numTensors, before.numTensors);
});
