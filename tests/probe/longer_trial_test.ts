import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { resolveLosses } from "../../src/measure/resolve_objective.ts";
import { fitScale } from "../../src/probe/fit.ts";
import type { Trial } from "../../src/probe/trial.ts";
import { tryTraining } from "../../src/probe/try_training.ts";
import { classes, classifier } from "../networks/trained_models.ts";

async function tried(
  tf: TensorFlow,
  model: LayersModel,
  { steps, rate }: { steps?: number; rate?: number } = {},
): Promise<Trial["attempts"]> {
  const { labels: _, ...batch } = classes(tf);
  const optimizer = rate === undefined ? undefined : tf.train.adam(rate);
  const trial = await tryTraining(model, batch, { steps, optimizer });
  assert("attempts" in trial);
  return trial.attempts;
}

Deno.test("tryTraining() goes on, three times as long at most, while the loss falls", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // Each step helps, and six are too few.
  const [short] = await tried(tf, classifier(tf), { steps: 2, rate: 5e-4 });
  assertEquals([short.steps, short.verdict], [6, "fails"]);
  const [long] = await tried(tf, classifier(tf), { rate: 1.5e-4 });
  assertEquals(long.verdict, "learns");
  assert(long.steps > 40 && long.steps < 120, `${long.steps} steps`);
});

Deno.test("tryTraining() stops after the steps that are asked for where the loss stands", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const zeros = { kernelInitializer: "zeros" };
  const attempts = await tried(tf, classifier(tf, { hidden: zeros, head: zeros }), { steps: 7 });
  assertEquals(attempts.map(({ steps }) => steps), [7, 7, 7]);
});

Deno.test("tryTraining() tries a compiled Adam at the rates of Adam alone", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = classifier(tf, { hidden: { kernelInitializer: "zeros" } });
  const rates = async (rate: number) => {
    model.compile({ optimizer: tf.train.adam(rate), loss: "categoricalCrossentropy" });
    return (await tried(tf, model, { steps: 1 })).map(({ learningRate }) => learningRate);
  };
  assertEquals(await rates(1e-3), [1e-3, 3e-3, 1e-2]);
  assertEquals(await rates(1e-5), [1e-5, 3e-3, 1e-2, 1e-3]);
});

Deno.test("fitScale() knows what guessing costs a loss that takes logits", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const fitOf = (loss: "softmaxCrossEntropy" | "sigmoidCrossEntropy", values: number[][]) => {
    const targets = [tf.tensor2d([[1, 0], [1, 0], [0, 1], [1, 0]])];
    const objective = resolveLosses(tf, [tf.losses[loss] as never], targets);
    const outputs = [tf.tensor2d(values)];
    const first = tf.tidy(() => objective.evaluate(outputs).dataSync()[0]);
    const given = { outputs, targets, drawn: false, first, weights: 100 };
    const scale = fitScale(tf, objective, given);
    return { guess: scale.guess, fit: scale.of(outputs, first).fit };
  };
  const entropy = -0.75 * Math.log(0.75) - 0.25 * Math.log(0.25);
  const odds = Math.log(3);
  for (const loss of ["softmaxCrossEntropy", "sigmoidCrossEntropy"] as const) {
    const { guess, fit } = fitOf(loss, Array(4).fill([odds / 2, -odds / 2]));
    assertAlmostEquals(guess!, entropy, 1e-5);
    // Of two sigmoids each is on its own, so that half of the odds is too little for them.
    if (loss === "softmaxCrossEntropy") assertAlmostEquals(fit!, 0, 1e-4);
    else assert(fit! < -0.05, `${fit}`);
    const right = fitOf(loss, [[9, -9], [9, -9], [-9, 9], [9, -9]]);
    assert(right.fit! > 0.99, `${right.fit}`);
  }
});

Deno.test("fitScale() takes few right answers for luck, and most for learning", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  // Four classes, two examples of each; the loss is far above guessing, since one answer is very wrong.
  const labels = [0, 0, 1, 1, 2, 2, 3, 3];
  const targets = [tf.oneHot(tf.tensor1d(labels, "int32"), 4).toFloat()];
  const objective = resolveLosses(tf, ["categoricalCrossentropy"], targets);
  const fitOf = (answers: number[]) => {
    const outputs = [tf.softmax(tf.mul(tf.oneHot(tf.tensor1d(answers, "int32"), 4), 20))];
    const loss = tf.tidy(() => objective.evaluate(outputs).dataSync()[0]);
    const given = { outputs, targets, drawn: false, first: 1.1 * loss, weights: 100 };
    return fitScale(tf, objective, given).of(outputs, loss).fit!;
  };
  // Right answers beyond the most frequent class: 3 of 6, and 2 of 6.
  assertAlmostEquals(fitOf([0, 0, 1, 1, 2, 0, 0, 0]), 0.5, 1e-6);
  assert(fitOf([0, 0, 1, 1, 0, 0, 0, 0]) < -2);
});
