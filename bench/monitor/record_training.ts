import { runPass } from "../../src/core/measure/pass.ts";
import { requireEngine } from "../../src/engine/running_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { seedDraws, SeededRandom } from "../../src/core/model/batches/seeded_random.ts";
import { constantAnswerLoss } from "../../src/core/probe/known_answers.ts";
import { StepWatch } from "../../src/core/probe/step_signals.ts";
import { penaltiesOf } from "../../src/core/probe/training_step.ts";
import { kernelOf } from "../../src/core/text/fold_layers.ts";
import { attentionSignals } from "../../src/training/training_pass.ts";
import type { LayerSignals, TrainingStep } from "../../src/training/training_step.ts";
import { buildNetwork } from "../trainability/build_network.ts";
import { batchOf, examplesOfPlan } from "../trainability/examples_of_plan.ts";
import { scoreOf } from "../trainability/score.ts";
import { EXAMPLES, type Examples } from "../trainability/tasks.ts";
import { editBatch, editUpdates, type Fault, FEW } from "./faults.ts";
import type { Drawn } from "./networks.ts";

/** Training of one network, with the signals of its steps. */
export interface Recorded {
  seed: number;
  family: string;
  optimizer: string;
  rate: number;
  fault: Fault | null;
  /** True if the rate is what `learningRates` suggests. */
  suggested: boolean;
  /** Loss of the best constant answer on the held-out batch; `null` if it is not known. */
  constantLoss: number | null;
  /** Score and held-out loss before and after. */
  start: End;
  end: End;
  rows: TrainingStep[];
}

interface End {
  score: number;
  heldOut: number;
}

/** Number of steps. */
const STEPS = 160;
const BATCH = 32;
const HELD_OUT = 128;
/** Steps after which a full pass is made. */
const PASSES = new Set([0, 1, 2, 5, 10, 20, 50, 65, 80, 100, 130, 160]);
/** Steps whose loss is computed once more. */
const AGAIN = 20;

interface Asked extends Drawn {
  seed: number;
  rate: number;
  fault: Fault | null;
  suggested: boolean;
}

/** Trains a network, and logs the signals of each step. */
export async function recordTraining(tf: TensorFlow, asked: Asked): Promise<Recorded> {
  const { plan, optimizer, rate, fault } = asked;
  const examples = await examplesOfPlan(plan);
  const model = await buildNetwork(tf, { ...plan, optimizer: { name: optimizer, rate } });
  const held = batchOf(tf, examples, range(EXAMPLES - HELD_OUT, EXAMPLES));
  const endOf = (): End => ({
    score: rounded(scoreOf(tf, model, plan.head, examples).value),
    heldOut: rounded(heldOutLoss(tf, model, held)),
  });
  const start = endOf();
  const constantLoss = constantAnswerLoss(tf, model, { batch: held, objective: undefined });
  editUpdates(tf, { model, optimizer: model.optimizer, rate, fault });
  const rows = await seedDraws(
    plan.seed,
    "dropout",
    () => train(tf, model, { asked, examples, held }),
  );
  const end = endOf();
  tf.dispose([held.inputs, held.targets]);
  model.optimizer.dispose();
  model.dispose();
  const { seed, suggested } = asked;
  const { family } = plan;
  return { seed, family, optimizer, rate, fault, suggested, constantLoss, start, end, rows };
}

function heldOutLoss(
  tf: TensorFlow,
  model: LayersModel,
  held: { inputs: Tensor; targets: Tensor },
) {
  const loss = model.evaluate(held.inputs, held.targets, { batchSize: HELD_OUT }) as Tensor;
  const value = [loss].flat()[0].dataSync()[0];
  tf.dispose(loss);
  return value;
}

async function train(
  tf: TensorFlow,
  model: LayersModel,
  { asked: { plan, fault, rate }, examples, held }: {
    asked: Asked;
    examples: Examples;
    held: { inputs: Tensor; targets: Tensor };
  },
): Promise<TrainingStep[]> {
  const random = new SeededRandom(plan.seed, "order");
  const watch = new StepWatch(requireEngine(), model);
  watch.attach(model.optimizer);
  const pool = fault === "few examples" ? FEW : EXAMPLES - HELD_OUT;
  const rows: TrainingStep[] = [{ step: 0, ...passOf(model, held) }];
  for (let step = 1; step <= STEPS; step++) {
    const picked = Array.from({ length: BATCH }, () => random.integer(pool));
    const batch = stepBatch(tf, examples, { picked, fault, step, random });
    watch.again = step <= AGAIN;
    watch.moments = step % 10 === 0;
    const loss = await model.trainOnBatch(batch.inputs, batch.targets) as number;
    const { kernels, nonFinite, ...rest } = watch.take()!;
    const { origin: _origin, brokenUpdate: _update, ...others } = rest;
    const { badExamples: _bad, badClasses: _classes, failedExamples: _failed, ...signals } = others;
    const pass = PASSES.has(step) ? passOf(model, held) : { layers: [] };
    const byName = new Map(pass.layers!.map((layer) => [layer.layer, layer]));
    const layers = [...kernels].map(([name, updateRatio]): LayerSignals => ({
      layer: name,
      updateRatio: rounded(updateRatio),
      ...byName.get(name.slice(0, name.lastIndexOf("/"))) as object,
    }));
    rows.push({
      step,
      loss: rounded(loss),
      ...Object.fromEntries(Object.entries(signals).map(([key, value]) => [key, rounded(value)])),
      learningRate: (model.optimizer as unknown as { learningRate: number }).learningRate ?? rate,
      ...largestOf(batch.inputs, batch.targets),
      ...nonFinite.length > 0 ? { nonFinite: { layer: nonFinite.at(-1)!, pass: "backward" } } : {},
      ...pass,
      // The softmax of an attention has no kernel.
      layers: [...layers, ...pass.layers!.filter((one) => one.attentionEntropy !== undefined)],
    });
    tf.dispose([batch.inputs, batch.targets]);
    if (!Number.isFinite(loss) && step > 1 && !Number.isFinite(rows.at(-2)!.loss!)) break;
  }
  watch.dispose();
  return rows;
}

function stepBatch(
  tf: TensorFlow,
  examples: Examples,
  { picked, fault, step, random }: {
    picked: number[];
    fault: Fault | null;
    step: number;
    random: SeededRandom;
  },
) {
  const batch = batchOf(tf, examples, picked);
  const inputs = batch.inputs.dataSync<"float32">().slice();
  const targets = batch.targets.dataSync<"float32">().slice();
  const { outputs } = examples;
  const isTokens = examples.inputShape.length === 1 && inputs.every(Number.isInteger) &&
    Math.max(...inputs) > 1;
  editBatch(fault, step, { inputs, targets, outputs, isTokens }, () => random.uniform());
  const edited = {
    inputs: tf.tensor(inputs, batch.inputs.shape),
    targets: tf.tensor(targets, batch.targets.shape),
  };
  tf.dispose([batch.inputs, batch.targets]);
  return edited;
}

function largestOf(
  inputs: Tensor,
  targets: Tensor,
): Pick<TrainingStep, "largestInput" | "badExamples"> {
  const bad = new Set<number>();
  let largest = 0;
  for (const tensor of [inputs, targets]) {
    const values = tensor.dataSync();
    const each = values.length / tensor.shape[0];
    values.forEach((value, i) => {
      if (!Number.isFinite(value)) bad.add(Math.floor(i / each));
      if (tensor === inputs) largest = Math.max(largest, Math.abs(value));
    });
  }
  return { largestInput: rounded(largest), ...bad.size > 0 ? { badExamples: [...bad] } : {} };
}

/** Signals of a full pass on the held-out batch. */
function passOf(
  model: LayersModel,
  batch: { inputs: Tensor; targets: Tensor },
): Partial<TrainingStep> {
  const engine = requireEngine();
  const { objective, layers } = runPass(engine, model, batch, {});
  const penalty = engine.tf.tidy(() =>
    penaltiesOf(engine.tf, model).reduce((sum, one) => sum + one.dataSync()[0], 0)
  );
  return {
    validationLoss: rounded(objective.value),
    penalty: rounded(penalty / (penalty + objective.value)),
    layers: layers.map((layer) => ({
      layer: layer.name,
      gradient: rounded(kernelOf(layer)?.gradients?.meanAbs ?? null),
      dead: rounded(layer.deadFraction),
      saturated: rounded(layer.saturatedFraction),
      ...Object.fromEntries(
        Object.entries(attentionSignals(layer)).map(([name, value]) => [name, rounded(value)]),
      ),
    })),
  };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** Three digits are enough for rules; what is not finite becomes text, which JSON lacks. */
function rounded<T extends number | null>(value: T): T {
  if (value === null) return value;
  return (Number.isFinite(value) ? Number(value.toPrecision(4)) : String(value)) as T;
}
