import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { startEngine } from "../../src/engine/mod.ts";
import { exerciseModel, getWeights } from "../../src/entry/model.ts";
import { roundTrip } from "./round_trip.ts";

const { tf } = await startEngine();

Deno.test("loadModel() joins shards wherever they are cut", async () => {
  const model = exerciseModel({ width: 5, depth: 2 });
  for (const shard of [1000, 100, 7]) {
    await roundTrip(model, (loaded) => {
      assertEquals(getWeights(loaded), getWeights(model));
    }, { shard });
  }
  model.dispose();
});

Deno.test("loadModel() leaves the weights and no other tensor", async () => {
  const model = exerciseModel({ width: 3, depth: 2 });
  const before = tf.memory().numTensors;
  await roundTrip(model, () => assertEquals(tf.memory().numTensors - before, 6));
  assertEquals(tf.memory().numTensors, before);
  model.dispose();
});

Deno.test("loadModel() leaves the optimizer's weights out", async () => {
  const model = exerciseModel({ width: 2, depth: 1 });
  await roundTrip(model, (loaded) => assertEquals(getWeights(loaded), getWeights(model)), {
    edit: (json) => {
      json.weightsManifest[0].weights.splice(1, 0, {
        name: "dense_1/kernel/m",
        shape: [3],
        dtype: "float32",
        group: "optimizer",
      });
      return json;
    },
    editWeights: (bytes) => {
      // The kernel is 16 bytes; the optimizer's 12 follow it.
      return new Uint8Array([...bytes.slice(0, 16), ...new Uint8Array(12), ...bytes.slice(16)]);
    },
  });
  model.dispose();
});

/** IEEE half precision, from its bits. */
function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0
    ? sign * fraction * 2 ** -24
    : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

Deno.test("loadModel() unpacks quantised weights as their definition says", async () => {
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [4], useBias: false })],
  });
  const packed = fc.constantFrom("uint8", "uint16", "float16");
  const finite = fc.float({ min: -1e3, max: 1e3, noNaN: true });
  await fc.assert(
    fc.asyncProperty(
      packed,
      fc.array(fc.integer({ min: 0, max: 65535 }), { minLength: 4, maxLength: 4 }),
      finite,
      finite,
      async (dtype, bits, scale, min) => {
        const raw = dtype === "uint8" ? Uint8Array.from(bits) : Uint16Array.from(bits);
        await roundTrip(model, (loaded) => {
          const { values } = Object.values(getWeights(loaded))[0];
          const expected = dtype === "float16"
            ? bits.map(half)
            : [...raw].map((value) => Math.fround(value * scale + min));
          assertEquals([...values], expected);
        }, {
          edit: (json) => {
            json.weightsManifest[0].weights[0].quantization = dtype === "float16"
              ? { dtype }
              : { dtype, scale, min };
            return json;
          },
          editWeights: () => new Uint8Array(raw.buffer),
        });
      },
    ),
    { numRuns: 30 },
  );
  model.dispose();
});
