import { assert, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { takesPixels } from "../../src/model/batches/random_batch.ts";
import { draw } from "./draw_batch.ts";

const { tf } = await startEngine();

const rescaling = (scale: number, more = {}) => tf.layers.rescaling({ scale, ...more } as never);

/** A model that begins with this factor. */
const scaled = (scale: number) =>
  tf.sequential({ layers: [rescaling(scale, { inputShape: [8, 8, 3] }), tf.layers.flatten()] });

Deno.test("randomBatch() draws pixels for an input that a Rescaling brings to about 1", () => {
  for (const scale of [1 / 255, 1 / 127.5, 0.5 / 255, 4 / 255]) {
    const model = scaled(scale);
    assertEquals(takesPixels(model), [true], `${scale}`);
    const [{ values, dtype }] = draw(model, { examples: 16 });
    assert(values.every((value) => Number.isInteger(value) && value >= 0 && value <= 255));
    assertEquals([Math.min(...values), Math.max(...values), dtype], [0, 255, "float32"]);
    model.dispose();
  }
});

Deno.test("randomBatch() draws normal numbers for any other Rescaling, and where more sees the input", () => {
  for (const scale of [1, 0.49 / 255, 4.1 / 255]) {
    const model = scaled(scale);
    assertEquals(takesPixels(model), [false], `${scale}`);
    assert(draw(model)[0].values.some((value) => value < 0));
    model.dispose();
  }
  const input = tf.input({ shape: [4] });
  const both = tf.layers.add().apply([rescaling(1 / 255).apply(input), input] as never[]);
  const model = tf.model({ inputs: input, outputs: both as never });
  assertEquals(takesPixels(model), [false]);
  model.dispose();
});
