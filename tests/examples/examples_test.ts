import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { commandsOf, runDeno, runShown } from "./run_deno.ts";

/** Runs the only command that an example's first lines have. */
function run(example: string) {
  const commands = commandsOf(example);
  assertEquals(commands.length, 1, example);
  return runShown(commands[0]);
}

Deno.test("each example says in its first lines how it is run", async () => {
  for await (const { name } of Deno.readDir(new URL("../../examples/", import.meta.url))) {
    // The script of the notebook is the notebook's own text, whose first cell says how it is run.
    if (!name.endsWith(".ts") || name === "extracting_weights_and_gradients.ts") continue;
    const named = commandsOf(name).filter((args) => args.includes(`examples/${name}`));
    assert(named.length > 0, name);
  }
});

const HEALTHY = [
  "convnet.ts",
  "digits.ts",
  "digits_trained.ts",
  "gan/discriminator.ts",
  "lstm.ts",
  "resnet.ts",
  "transformer.ts",
];
for (const example of HEALTHY) {
  Deno.test(`examples/${example} is healthy, without a warning`, async () => {
    const { code, stdout, stderr } = await run(example);
    assertEquals(code, 0, stderr);
    // A warning would follow it.
    assertMatch(stdout, /^HEALTHY\n[^]*\nHEALTHY\n$/);
  });
}

Deno.test("examples/gan/ passes the strict gate with the one suppression that it needs", async () => {
  const [report, check] = commandsOf("gan/generator.ts");
  const { code, stdout, stderr } = await runShown(check);
  assertEquals(code, 0, stderr);
  assertStringIncludes(
    stdout,
    "Gate passed. Both models are healthy. 3 findings are suppressed.\n",
  );
  const alone = await runShown(report);
  assertEquals(alone.code, 0, alone.stderr);
  assertMatch(alone.stdout, /^WEAK: 1 warning\n1\. discriminator\/.* are\n {3}frozen/);
});

Deno.test("examples/custom_loop.ts measures at step 0 and every 10 steps, while the loss falls", async () => {
  const { code, stdout, stderr } = await run("custom_loop.ts");
  assertEquals([code, stderr], [0, ""]);
  const lines = stdout.trimEnd().split("\n");
  const figures = lines.map((line) => {
    const [, step, loss, errors] = line.match(/^step (\d+): loss (\S+), .* (\d+) errors$/)!;
    return { step: Number(step), loss: Number(loss), errors: Number(errors) };
  });
  assertEquals(figures.map(({ step }) => step), [0, 10, 20, 30, 40]);
  assertEquals(figures.map(({ errors }) => errors), [0, 0, 0, 0, 0]);
  assert(figures[0].loss > 2 && figures[4].loss < 1, stdout);
});

Deno.test("examples/monitored_training.ts ends a run whose learning rate is too large, and says so", async () => {
  const page = await Deno.makeTempFile({ suffix: ".html" });
  const [fine, stopped] = await Promise.all(
    commandsOf("monitored_training.ts").map((args) =>
      runDeno(args.map((arg) => arg === "training.html" ? page : arg))
    ),
  );
  assertStringIncludes(await Deno.readTextFile(page), "The learning rate of 50 is too high");
  await Deno.remove(page);
  assertEquals([fine.code, fine.stderr], [0, ""]);
  assertMatch(fine.stdout, /^after 0 batches: loss 2\.\d+\n[^]*after 15 batches: loss 1\.\d+\n$/);
  assertEquals(stopped.code, 1);
  assertMatch(stopped.stdout, /^after 0 batches: .*\nafter 5 batches: .*\n$/);
  assertMatch(
    stopped.stderr,
    /^After 5 batches, .*\n.* is SICK: 1 cause\n1\. The learning rate of 50 is too high: /,
  );
});

Deno.test("examples/five_trainings.ts has one healthy training, and four that are named", async () => {
  const said: Record<string, [said: RegExp, end: number]> = {
    "healthy": [/^$/, 60],
    "rate-too-high": [/after 5 batches: The learning rate of 0\.1 is too high: /, 5],
    "rate-too-low": [/after 10 batches: The learning rate of 1e-8 is too low: /, 10],
    "nan": [
      /after 18 batches: Batch 18 of epoch 1 holds NaN or infinite entries in the example with index 5/,
      18,
    ],
    "overfitting": [/after 40 batches: The network has overfitted since step 20: /, 60],
  };
  for (const [name, [message, end]] of Object.entries(said)) {
    const { code, stdout, stderr } = await runDeno([
      "run",
      "-A",
      "--no-check",
      "examples/five_trainings.ts",
      name,
    ]);
    assertEquals(code, 0, stderr);
    assertMatch(stderr, message);
    assertMatch(stdout, new RegExp(`^${name}: ends after ${end} of 60 batches, held-out loss `));
  }
});

Deno.test("examples/digits_test.ts passes", async () => {
  const [[command, ...args]] = commandsOf("digits_test.ts");
  const { code, stdout } = await runDeno([command, "--no-check", ...args]);
  assertEquals(code, 0, stdout);
  assertMatch(stdout, /^ok \| 5 passed \(\d+ steps\) \| 0 failed/m);
});
