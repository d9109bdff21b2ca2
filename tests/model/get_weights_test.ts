import { assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { getWeights } from "../../src/load/mod.ts";

const { tf } = await startEngine();

Deno.test("getWeights() prints how many weights and entries there are, and how large they are", () => {
  const printed = (units: number) => {
    const model = tf.sequential({
      layers: [tf.layers.dense({ name: "d", units, useBias: false, inputShape: [1] })],
    });
    model.layers[0].setWeights([tf.tensor2d([Array.from({ length: units }, (_, i) => i - 3)])]);
    const lines = Deno.inspect(getWeights(model)).split("\n").map((line) => line.trim());
    model.dispose();
    return lines;
  };
  assertEquals(printed(1), [
    "1 weight with 1 entry",
    "weight    shape   mean |w|  largest |w|",
    "d/kernel  [1, 1]         3            3",
  ]);
  assertEquals(printed(2), [
    "1 weight with 2 entries",
    "weight    shape   mean |w|  largest |w|",
    "d/kernel  [1, 2]       2.5            3",
  ]);
});
