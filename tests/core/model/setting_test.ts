import { assertEquals } from "@std/assert";
import { refusal } from "./refusal.ts";
import { startEngine } from "../../../src/engine/mod.ts";

const { tf } = await startEngine();

/** Returns true if a Permute of these axes is refused for them. */
async function isRefused(dims: unknown): Promise<boolean> {
  const model = tf.sequential({
    layers: [tf.layers.permute({ dims: [2, 1], inputShape: [3, 4] }), tf.layers.flatten()],
  });
  const said = await refusal({
    edit: (json) => {
      const [permute] = json.modelTopology.config.layers.filter(
        ({ class_name }: { class_name: string }) => class_name === "Permute",
      );
      permute.config.dims = dims;
      // Refused for this, where the axes are not.
      delete json.modelTopology.config.layers.at(-1).class_name;
      return json;
    },
  }, model);
  model.dispose();
  return said.includes("dims");
}

Deno.test("loadModel() takes axes of a Permute counted from 1, each once", async () => {
  const refused = await Promise.all([[2, 1], [1, 2]].map(isRefused));
  assertEquals(refused, [false, false]);
  for (const dims of [[0, 1], [2, 3], [1, 1], [1.5, 1], "21"]) {
    assertEquals(await isRefused(dims), true, String(dims));
  }
});
