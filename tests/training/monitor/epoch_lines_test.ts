import { assertEquals, assertMatch } from "@std/assert";

const ROOT = new URL("../../../", import.meta.url);

const PROGRAM = `
import { healthMonitor, startEngine } from "${ROOT}mod.ts";
await using engine = await startEngine();
const { tf } = engine;
const inputs = tf.randomNormal([64, 4], 0, 1, "float32", 1);
const targets = inputs.sum(1, true);
const model = tf.sequential({
  layers: [tf.layers.dense({ units: 1, inputShape: [4], kernelInitializer: "zeros" })],
});
model.compile({ optimizer: tf.train.sgd(0.1), loss: "meanSquaredError", metrics: ["mae"] });
await model.fit(inputs, targets, {
  epochs: 2,
  shuffle: false,
  validationData: [inputs, targets],
  callbacks: healthMonitor({ batch: { inputs, targets }, onFinding: "keep" }),
  ...JSON.parse(Deno.args[0]),
});
`;

/** Trains in a pseudo-terminal, or into a pipe. */
async function train(options: Record<string, number>, { isTerminal }: { isTerminal: boolean }) {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(file, PROGRAM);
  const run = ["run", "-A", "--no-check", "--config", `${ROOT.pathname}deno.json`, file];
  const args = [...run, JSON.stringify(options)];
  const quoted = [Deno.execPath(), ...args].map((one) => `'${one}'`).join(" ");
  const command = isTerminal
    ? new Deno.Command("script", { args: ["-qec", quoted, "/dev/null"], stdin: "null" })
    : new Deno.Command(Deno.execPath(), { args });
  const { stdout, stderr, code } = await command.output();
  await Deno.remove(file);
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("");
  assertEquals(code, 0, text);
  return text.replaceAll("\r\n", "\n").split("\n").filter((line) => line.startsWith("epoch "));
}

Deno.test({
  name: "healthMonitor() prints a line per epoch in a terminal, none with verbose: 0",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const lines = await train({}, { isTerminal: true });
    assertEquals(lines.length, 2);
    const figures = String.raw`loss [\d.e-]+, mae [\d.e-]+, val_loss [\d.e-]+, val_mae [\d.e-]+`;
    const update = String.raw`largest update ratio [\d.e-]+`;
    assertMatch(lines[1], new RegExp(`^epoch 2 of 2, step 4: ${figures}, ${update}$`));
    assertEquals(await train({ verbose: 0 }, { isTerminal: true }), []);
  },
});

Deno.test("healthMonitor() prints no line per epoch into a pipe", async () => {
  assertEquals(await train({}, { isTerminal: false }), []);
});
