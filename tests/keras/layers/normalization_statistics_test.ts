import { InputError } from "../../../src/words/input_error.ts";
import { startEngine } from "../../../src/engine/mod.ts";
import { kerasLayers } from "../../../src/keras/layers/mod.ts";
import { assertThrows } from "@std/assert";

const { tf } = await startEngine();
const { Normalization } = kerasLayers(tf);

Deno.test("Normalization refuses a mean whose entries are no numbers, or of no one shape", () => {
  for (const mean of [[1, { name: "float32" }], [1, "2"], [[1, 2], [3]], [1, 2, 3]]) {
    const layer = new Normalization({ mean: mean as never, variance: 1, name: "scaled" });
    assertThrows(() => layer.build([null, 2]), InputError, "mean of scaled is ");
  }
  new Normalization({ mean: [1, 2], variance: 1 }).build([null, 2]);
});
