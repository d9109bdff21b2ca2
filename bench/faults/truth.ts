import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";
import { seedDraws, SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { outcomeOf } from "../trainability/truth.ts";
import { asTrained, buildProgram, countOf, rowsOf } from "./build_program.ts";
import { drawData, type Drawn } from "./data.ts";
import type { Facts } from "./facts.ts";
import { constantScore, scoreOf } from "./score.ts";

/** Largest number of examples that are scored. */
const JUDGED = 256;

/** From this progress on, training ends. */
const ENOUGH = 0.9;

/** Largest number of steps of a program with convolutions or recurrent layers, and of any other. */
const MOST_STEPS = { slow: 100, quick: 1500 };

/** Largest batch of a program with convolutions. */
const MOST_EXAMPLES = 32;

/** Fewest steps: short published trainings are "too few epochs", which no file shows. */
const LEAST_STEPS = 300;

/** Number of times that a training is scored. */
const LOOKS = 6;

/** Result of training a program as compiled. */
export interface Truth {
  outcome: ReturnType<typeof outcomeOf>;
  /** Best progress: 0 is the best constant answer, 1 the best attainable one. */
  progress: number;
  /** Score at each look: accuracy or R2. */
  scores: number[];
  /** Score of the best constant answer. */
  constant: number;
  /** Steps taken. */
  steps: number;
}

/** Returns for how many steps, and in batches of how many examples, a program is trained. */
export function scheduleOf({ layers, steps, batch }: Facts): { steps: number; batch: number } {
  const isSlow = layers.some(({ type }) => type === "conv2d" || type === "bidirectional");
  const most = isSlow ? MOST_STEPS.slow : MOST_STEPS.quick;
  return {
    steps: Math.min(most, Math.max(steps, LEAST_STEPS)),
    batch: isSlow ? Math.min(batch, MOST_EXAMPLES) : batch,
  };
}

/**
 * Trains a program as compiled, from the weights that the check sees, with Keras's optimizer and Keras's
 * loss. The outcome has the limits of `bench/trainability`.
 */
export async function trainProgram(tf: TensorFlow, facts: Facts): Promise<Truth> {
  const drawn = await drawData(facts.data);
  const trained = await buildProgram(tf, asTrained(facts), drawn);
  const shown = await buildProgram(tf, facts, drawn);
  try {
    return await seedDraws(1, "dropout", () => run(tf, { trained, shown, facts, drawn }));
  } finally {
    for (const model of [trained, shown]) {
      model.optimizer.dispose();
      model.dispose();
    }
  }
}

interface Run {
  /** Model that is trained, which may end in logits. */
  trained: LayersModel;
  /** Model that the user sees, which answers. */
  shown: LayersModel;
  facts: Facts;
  drawn: Drawn;
}

async function run(tf: TensorFlow, { trained, shown, facts, drawn }: Run): Promise<Truth> {
  const random = new SeededRandom(1, "order");
  const constant = constantScore(drawn);
  const { steps: most, batch: size } = scheduleOf(facts);
  const count = countOf(drawn);
  const scores: number[] = [];
  let best = 0;
  let order: number[] = [];
  let step = 0;
  while (step < most && best < ENOUGH) {
    step++;
    if (order.length === 0) order = shuffled(count, random);
    const batch = rowsOf(tf, drawn, order.splice(0, size));
    const loss = await trained.trainOnBatch(batch.inputs, batch.targets);
    tf.dispose([batch.inputs, batch.targets]);
    const isNumber = Number.isFinite([loss].flat()[0]);
    const isLook = step % Math.ceil(most / LOOKS) === 0 || step === most;
    if (isNumber && !isLook) continue;
    const score = judge(tf, { trained, shown, facts, drawn });
    scores.push(Number(score.toPrecision(4)));
    best = Math.max(best, (score - constant) / (drawn.ceiling - constant));
    if (!isNumber) break;
  }
  // A network that has learnt nothing in the end does not train, whatever it reached on the way.
  const last = (scores.at(-1)! - constant) / (drawn.ceiling - constant);
  const progress = Number(Math.max(-1, (best + last) / 2).toPrecision(3));
  return { outcome: outcomeOf(progress), progress, scores, constant, steps: step };
}

function judge(tf: TensorFlow, { trained, shown, facts, drawn }: Run): number {
  shown.setWeights(trained.getWeights());
  const count = Math.min(JUDGED, countOf(drawn));
  const rows = rowsOf(tf, drawn, Array.from({ length: count }, (_, i) => i));
  const outputs = tf.tidy(() => {
    const predicted = shown.predict(rows.inputs, { batchSize: 64 });
    return [predicted].flat()[0].dataSync<"float32">().slice();
  });
  const targets = rows.targets.dataSync<"float32">().slice();
  tf.dispose([rows.inputs, rows.targets]);
  // A program that ends in logits says yes above 0.
  const endsInLogits = facts.layers.at(-1)!.config.activation === "linear" &&
    typeof facts.loss !== "string";
  return scoreOf(outputs, { ...drawn, targets }, endsInLogits ? 0 : 0.5);
}

function shuffled(count: number, random: SeededRandom): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const kept = order[i];
    order[i] = order[j];
    order[j] = kept;
  }
  return order;
}
