import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { seedDraws, SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import type { Fix } from "../../src/core/diagnosis/fix.ts";
import type { Fixed } from "../../src/core/diagnosis/examine/apply_fixes.ts";
import { applyInTurn } from "../../src/core/diagnosis/examine/training_cause.ts";
import { buildNetwork, lossOf } from "./build_network.ts";
import { batchOf, examplesOfPlan } from "./examples_of_plan.ts";
import { type OptimizerName, optimizerOf } from "./optimizers.ts";
import type { Head, Loss, Plan } from "./plan.ts";
import { scoreOf } from "./score.ts";
import { EXAMPLES, type Examples } from "./tasks.ts";

/** After how many steps a network is looked at. */
export const CHECKS = [50, 100, 200, 300] as const;

const BATCH = 64;

/** Options of a training. */
export interface Training {
  name: OptimizerName;
  rate: number;
  /** Returns true if the training is to stop, from the scores so far. */
  enough(scores: readonly number[]): boolean;
  /** After how many steps to look. Default: {@linkcode CHECKS}. */
  checks?: readonly number[];
}

/**
 * Trains the network of a plan from its own weights, as `model.fit` does: with its loss, its penalties,
 * its dropout and whatever is frozen. It ends early where it does well enough, where the loss is no longer
 * a number, and where after the second check no output has moved by a millionth of their size: nothing
 * will move it then.
 *
 * @returns The score at each check that was reached.
 */
export async function train(tf: TensorFlow, plan: Plan, training: Training): Promise<number[]> {
  return (await trainFixed(tf, plan, training, []))!;
}

/**
 * Trains the network of a plan with fixes applied to it and to all examples.
 *
 * @returns The score at each check that was reached; `null` if a fix asks for another model.
 */
export async function trainFixed(
  tf: TensorFlow,
  plan: Plan,
  training: Training,
  fixes: readonly Fix[],
): Promise<number[] | null> {
  const drawn = await examplesOfPlan(plan);
  const model = await buildNetwork(tf, plan);
  const compiled = model.optimizer;
  const optimizer = optimizerOf(tf, training.name, training.rate);
  const done: Fixed[] = [];
  try {
    const examples = fixes.length === 0
      ? drawn
      : applyAll(tf, model, { examples: drawn, fixes }, done);
    if (examples === null) return null;
    const head = headOf(plan, fixes);
    model.compile({ optimizer, loss: lossOf(tf, head.loss) as "hinge" });
    const trained = { ...plan, head };
    return await seedDraws(
      plan.seed,
      "dropout",
      () => run(tf, model, trained, examples, training),
    );
  } finally {
    for (const fixed of done.reverse()) fixed.undo();
    model.dispose();
    compiled.dispose();
    optimizer.dispose();
  }
}

/**
 * Applies fixes to a model and to all examples.
 *
 * @param done Receives what was applied, to be undone.
 * @returns The examples then; `null` if a fix asks for another model.
 */
function applyAll(
  tf: TensorFlow,
  model: LayersModel,
  { examples, fixes }: { examples: Examples; fixes: readonly Fix[] },
  done: Fixed[],
): Examples | null {
  const batch = batchOf(tf, examples, Array.from({ length: EXAMPLES }, (_, i) => i));
  try {
    const fixed = applyInTurn(tf, { model, batch, objective: undefined }, fixes);
    if (fixed === null) return null;
    done.push(fixed);
    const { subject } = fixed;
    const [inputs, targets] = [subject.batch.inputs, subject.batch.targets] as Tensor[];
    return {
      ...examples,
      inputs: inputs.dataSync<"float32">().slice(),
      targets: targets.dataSync<"float32">().slice(),
    };
  } finally {
    tf.dispose([batch.inputs, batch.targets]);
  }
}

/** Returns what a network ends in, and its loss, with the fixes. */
function headOf({ head }: Plan, fixes: readonly Fix[]): Head {
  const fix = fixes.find((fix) => fix.kind === "head");
  if (fix === undefined) return head;
  const loss = fix.loss === null ? head.loss : LOSS_OF[fix.loss] ?? fix.loss as Loss;
  return { ...head, activation: fix.activation ?? head.activation, loss };
}

/** Names that fixes give losses, if they are others than those of plans. */
const LOSS_OF: Readonly<Record<string, Loss>> = {
  categoricalCrossentropyFromLogits: "softmaxCrossEntropy",
  binaryCrossentropyFromLogits: "sigmoidCrossEntropy",
};

async function run(
  tf: TensorFlow,
  model: LayersModel,
  { head, seed }: Plan,
  examples: Examples,
  { enough, checks = CHECKS }: Training,
): Promise<number[]> {
  const random = new SeededRandom(seed, "order");
  const start = scoreOf(tf, model, head, examples);
  // Nothing can be differentiated with respect to nothing.
  if (model.trainableWeights.length === 0) return checks.map(() => start.value);
  const scores: number[] = [];
  let order: number[] = [];
  for (let step = 1; step <= checks.at(-1)!; step++) {
    if (order.length === 0) order = shuffled(random);
    const batch = batchOf(tf, examples, order.splice(0, BATCH));
    const loss = await model.trainOnBatch(batch.inputs, batch.targets) as number;
    tf.dispose(batch as Record<string, Tensor>);
    const numeric = Number.isFinite(loss);
    if (numeric && !checks.includes(step)) continue;
    const score = scoreOf(tf, model, head, examples);
    scores.push(score.value);
    if (!numeric || enough(scores)) break;
    if (scores.length === 2 && stands(start.outputs, score.outputs)) break;
  }
  return scores;
}

function shuffled(random: SeededRandom): number[] {
  const order = Array.from({ length: EXAMPLES }, (_, i) => i);
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function stands(before: Float32Array, after: Float32Array): boolean {
  const size = Math.max(...before.map(Math.abs));
  return before.every((value, i) => Math.abs(value - after[i]) <= 1e-6 * size);
}
