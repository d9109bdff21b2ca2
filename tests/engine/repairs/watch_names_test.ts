import { importTensorFlow } from "../../../src/engine/start/import_tensorflow.ts";
import { isNameMadeUp, watchNames } from "../../../src/engine/repairs/watch_names.ts";
import type { Layer } from "../../../src/engine/tensorflow.ts";
import { assertEquals } from "@std/assert";

const tf = await importTensorFlow();
const { prototype } = tf.layers.Layer;

const dense = (name?: string) => tf.layers.dense({ units: 1, name });

Deno.test("isNameMadeUp() tells given names from others while names are watched", () => {
  const stop = watchNames(tf);
  const input = tf.input({ shape: [1] });
  const model = (name?: string) => tf.model({ inputs: input, outputs: input, name });
  const both: [Layer, Layer][] = [
    [dense("dense_Dense1"), dense()],
    [model("model1"), model()],
    [tf.sequential({ name: "net" }), tf.sequential()],
  ];
  for (const [given, made] of both) {
    assertEquals([isNameMadeUp(given), isNameMadeUp(made)], [false, true], made.name);
  }
  stop();
  // Names that were seen stay known.
  for (const [given, made] of both) {
    assertEquals([isNameMadeUp(given), isNameMadeUp(made)], [false, true], made.name);
  }
});

Deno.test("isNameMadeUp() knows nothing of layers that were made unwatched", () => {
  const before = dense();
  const stop = watchNames(tf);
  const between = dense();
  stop();
  stop();
  assertEquals([before, between, dense()].map(isNameMadeUp), [null, true, null]);
});

Deno.test("watchNames() leaves names and layers as they are, and takes itself back", () => {
  assertEquals(Object.hasOwn(prototype, "getClassName"), false);
  const stop = watchNames(tf);
  const model = tf.sequential();
  assertEquals(Object.getOwnPropertyDescriptor(model, "name"), {
    value: model.name,
    writable: true,
    enumerable: true,
    configurable: true,
  });
  const number = Number(model.name.slice("sequential_".length));
  assertEquals(tf.sequential().name, `sequential_${number + 1}`);
  assertEquals(model.getClassName(), "Sequential");
  stop();
  assertEquals(Object.hasOwn(prototype, "getClassName"), false);
});

Deno.test("a sequential that was given another number than the next keeps its name", () => {
  const stop = watchNames(tf);
  const number = Number(tf.sequential().name.slice("sequential_".length));
  const names = [number, number + 2, null, number + 1]
    .map((n) => n === null ? undefined : `sequential_${n}`);
  const models = names.map((name) => tf.sequential({ name }));
  assertEquals(models.map(isNameMadeUp), [false, false, true, false]);
  stop();
});
