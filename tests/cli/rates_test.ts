import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

const NETWORK = `export const createModel = ({ tf }) => {
  const dense = (units, seed, activation) => tf.layers.dense({
    units, activation, inputShape: [8], kernelInitializer: tf.initializers.glorotNormal({ seed }),
  });
  const model = tf.sequential({ layers: [dense(8, 1, "tanh"), dense(3, 2, "softmax")] });
  model.compile({ optimizer: tf.train.momentum(RATE, 0.9), loss: "categoricalCrossentropy" });
  return model;
};
`;

async function withNetwork(rate: number, body: (path: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const path = `${folder}/network.ts`;
    await Deno.writeTextFile(path, NETWORK.replace("RATE", String(rate)));
    await body(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("report --rates shows the loss over learning rate as text, as JSON and in the page", async () => {
  await withNetwork(0.1, async (path) => {
    const text = await runCommand(["report", path, "--rates", "--quiet"]);
    assertEquals([text.code, text.stderr], [0, ""]);
    assertMatch(text.stdout, /Learning rates of SGD with momentum: .+ are usable, .+ is best\./);
    assertMatch(text.stdout, /^ {2}0\.1 +[\d.e-]+ \|#+.* (best|usable), compiled$/m);
    assertEquals(text.stdout.split("\n").filter((line) => line.length > 80), []);

    const json = await runCommand(["report", path, "--rates", "--quiet", "--format", "json"]);
    const { said, search } = JSON.parse(json.stdout).diagnosis.rates;
    assertStringIncludes(text.stdout.replaceAll(/\s+/g, " "), said);
    assertEquals([search.steps, search.rates.length], [40, 11]);
    const page = path.replace(".ts", ".html");
    const html = await runCommand(["report", path, "--rates", "--quiet", "--out", page]);
    assertEquals(html.code, 0, html.stderr);
    assertMatch(
      (await Deno.readTextFile(page)).replaceAll(/\s+/g, " "),
      /<h2[^>]*>Learning rate<.*<b>Loss over learning rate<\/b>.*<svg/,
    );
  });
});

Deno.test("report shows learning rates unasked only if the compiled one is at fault", async () => {
  for (const [rate, isShown] of [[0.1, false], [30, true]] as const) {
    await withNetwork(rate, async (path) => {
      const { stdout } = await runCommand(["report", path, "--quiet"]);
      assertEquals(stdout.includes("Loss over learning rate"), isShown, stdout);
      assertEquals(stdout.startsWith("SICK"), isShown, stdout);
    });
  }
});

Deno.test("report --rates refuses a file of weights alone", async () => {
  await assertRefuses(["report", "net.safetensors", "--rates"], "--rates is given with MODEL");
});
