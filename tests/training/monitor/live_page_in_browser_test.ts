import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { healthMonitor } from "../../../src/training/monitor/health_monitor.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { Tensor } from "../../../src/engine/tensorflow.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { exerciseModel } from "../../../src/core/model/layers/exercise_model.ts";
import { CHROMIUM, launch } from "../../pages/browser.ts";

const objective = "meanSquaredError";

Deno.test({
  name: "the page of a running training shows loss, layers and causes as they arise, and its end",
  ignore: CHROMIUM === null,
  fn: async () => {
    await using engine = await startEngine();
    const { tf } = engine;
    const model = exerciseModel({ depth: 3, std: 1 / Math.sqrt(20), seed: 5 });
    const optimizer = tf.train.sgd(0.02);
    const batch = randomBatch(model, { objective });
    const inputs = batch.inputs as Tensor;
    const targets = batch.targets as Tensor;
    const onFinding = "keep";
    const options = {
      batch,
      objective,
      model,
      optimizer,
      onFinding,
      every: 5,
      live: true,
    } as const;
    const monitor = healthMonitor(options);
    const train = async (steps: number, shown = inputs) => {
      for (let step = 0; step < steps; step++) {
        const loss = optimizer.minimize(
          () => tf.losses.meanSquaredError(targets, model.apply(inputs) as Tensor),
          true,
        )!;
        await monitor.step({ loss, inputs: shown });
        loss.dispose();
      }
    };
    await train(5);
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(monitor.url!);
      const training = page.frameLocator("iframe");
      const text = () => training.locator("body").innerText();
      await training.getByText("5 steps").first().waitFor();
      const before = await text();
      // Curves of the loss and of the updates, a row for each layer of the heat maps.
      for (const shown of ["held-out loss", "largest update ratio", "layer by layer", "dense_4"]) {
        assertStringIncludes(before, shown);
      }
      assert(await training.locator("svg").count() >= 4);
      assert(!before.includes("largest input"));
      await train(20);
      await train(5, tf.mul(inputs, 100) as Tensor);
      await training.getByText("times the largest of all batches before").first().waitFor();
      assertStringIncludes(await text(), "30 steps");
      assert(asked.filter((url) => url.endsWith("/page")).length > 1);
      assertEquals(asked.filter((url) => !url.startsWith(monitor.url!)), []);
      await train(1);
      await monitor.end();
      await training.getByText("31 steps").first().waitFor();
      await training.getByRole("link", { name: "Layer by layer" }).click();
      assertStringIncludes(await text(), "layer by layer");
    } finally {
      await browser.close();
    }
    tf.dispose([inputs, targets]);
    model.dispose();
  },
});
