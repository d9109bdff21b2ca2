import { assertEquals, assertStringIncludes } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Layer } from "../../src/engine/tensorflow.ts";
import { saveModel, withFolder } from "../model/save_model.ts";
import { runCommand } from "./run_command.ts";

Deno.test("fix says where TensorFlow.js by itself does not read the copy as it is", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { classNameMap } = tf.serialization.SerializationMap.getMap() as never as {
    classNameMap: Record<string, [unknown, (cls: unknown, config: object) => Layer]>;
  };
  const [cls, fromConfig] = classNameMap.GRU;
  for (const resetAfter of [true, false]) {
    await withFolder(async (folder) => {
      const model = tf.sequential({
        layers: [
          fromConfig(cls, {
            units: 16,
            resetAfter,
            recurrentActivation: "sigmoid",
            inputShape: [6, 8],
          }),
          tf.layers.dense({
            units: 32,
            activation: "relu",
            biasInitializer: tf.initializers.constant({ value: -100 }),
          }),
          tf.layers.dense({ units: 1 }),
        ],
      });
      await saveModel(tf, model, folder);
      model.dispose();
      const args = ["fix", "model.json", "--out", "fixed", "--quiet", "--columns", "1000"];
      const { code, stdout, stderr } = await runCommand(args, { cwd: folder });
      assertEquals([code, stderr], [0, ""]);
      assertStringIncludes(stdout, "Wrote into fixed: model.json");
      assertEquals(
        stdout.includes(
          "Read model.json with loadModel() of this package: " +
            "TensorFlow.js by itself refuses or ignores resetAfter of GRU.\n",
        ),
        resetAfter,
      );
    });
  }
});
