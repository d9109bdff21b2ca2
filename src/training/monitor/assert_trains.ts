import { requireEngine } from "../../engine/running_engine.ts";
import type { LayersModel, Tensor } from "../../engine/tensorflow.ts";
import { requireModelBatch } from "../../core/measure/plan_pass.ts";
import type { Batch } from "../../core/model/batches/batch.ts";
import { SeededRandom } from "../../core/model/batches/seeded_random.ts";
import { requireOptions } from "../../core/rules/require_measurements.ts";
import type { TrainingStep } from "../training_step.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { numberFrom, positive, requireValue } from "../../ground/words/shape.ts";
import { failureOf } from "../../core/assert/failure_message.ts";
import { type HealthMonitor, healthMonitor, type HealthMonitorOptions } from "./health_monitor.ts";
import { MONITOR_OPTIONS, requireThresholds } from "../../core/assert/require_options.ts";

/** Options of {@linkcode assertTrains}. */
export interface AssertTrainsOptions
  extends Omit<HealthMonitorOptions, "batch" | "onFinding" | "model" | "optimizer"> {
  /** Number of steps. Default: 100. */
  steps?: number;
  /** Number of examples in a batch. Default: 32. */
  batchSize?: number;
  /**
   * Held-out batch. Default: the last quarter of the data, which is then not trained on. The others
   * are trained on in an order that is random, and the same in each run.
   */
  batch?: Batch;
  /** Share of the first held-out loss that training must remove. Default: 0.1. */
  leastFall?: number;
}

/** A test asks for the cause, whatever that costs. */
const DEFAULTS = { steps: 100, batchSize: 32, leastFall: 0.1, budget: 1 };
/** Share of the data that is held out. */
const HELD_OUT = 0.25;
/** Broken examples whose indices a message has. */
const MAX_EXAMPLES_SHOWN = 5;

/**
 * Asserts that a compiled model trains on your data: trains it for some steps under
 * {@linkcode healthMonitor}, and fails with the cause if something goes wrong, or if the held-out
 * loss has not fallen. The weights are trained afterwards.
 *
 * @param model A compiled model.
 * @param data Inputs and targets; they are not disposed.
 * @param options Number of steps, and options of {@linkcode healthMonitor}.
 * @throws {AssertionError} If the training goes wrong: the message has the step, the cause, its
 * figures and a fix.
 * @throws {InputError} If the model is not compiled, the data have no targets, or an option is
 * wrong.
 *
 * @example A training that fails, and says why
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertTrains } from "@gradient-health/gradient-health/assert";
 * import { assertRejects } from "@std/assert";
 *
 * await using engine = await startEngine();
 * const objective = "meanSquaredError";
 * const model = exerciseModel({ depth: 3, std: 1 / Math.sqrt(20) });
 * const data = randomBatch(model, { objective, examples: 64 });
 * model.compile({ optimizer: engine.tf.train.sgd(1e-9), loss: objective });
 * await assertRejects(() => assertTrains(model, data), Error, "learning rate of 1e-9 is too low");
 * model.dispose();
 * ```
 */
export async function assertTrains(
  model: LayersModel,
  data: Batch,
  options: AssertTrainsOptions = {},
): Promise<void> {
  const fail = failureOf(assertTrains);
  requireTrainsOptions(options);
  const { steps, batchSize, leastFall, batch, ...monitored } = { ...DEFAULTS, ...options };
  const examples = requireData(model, data);
  const kept = batch === undefined ? Math.floor((1 - HELD_OUT) * examples) : examples;
  if (kept === 0) {
    throw new InputError(refusal`data has 1 example, expected at least 2: a quarter is held out`);
  }
  const { tf } = requireEngine();
  // fit() would shuffle in another order in each run.
  const order = new SeededRandom(0, "examples").shuffled(Array.from({ length: kept }, (_, i) => i));
  const split = (tensors: Tensor | Tensor[]) => {
    const all = [tensors].flat();
    const trained = all.map((one) => tf.tidy(() => tf.gather(one, tf.tensor1d(order, "int32"))));
    return { trained, held: all.map((one) => tf.slice(one, kept, examples - kept)) };
  };
  const inputs = split(data.inputs);
  const targets = split(data.targets!);
  const held = batch ?? { inputs: inputs.held, targets: targets.held };
  try {
    const monitor = healthMonitor(
      Object.assign(monitored, { batch: held, onFinding: "throw" as const }),
    );
    await train(model, { inputs: inputs.trained, targets: targets.trained }, monitor, {
      steps,
      batchSize,
    })
      .catch((error) => {
        if (error?.name !== "AssertionError") throw error;
        throw fail(`${error.message}${whereInData(monitor.steps, order, batchSize)}`);
      });
    const [first, last] = [monitor.history[0], monitor.history.at(-1)!]
      .map(({ measurements }) => measurements.objective.value);
    const most = (1 - leastFall) * first;
    if (last <= most) return;
    throw fail(
      `Model "${model.name}" has not learned in ${formatCount(steps, "step")}: the held-out loss ` +
        `was ${formatNumber(first)} and is ${formatNumber(last)}, expected at most ` +
        `${formatNumber(most)} (leastFall). No rule found a cause: train longer, ` +
        "or compare inputs and targets.",
    );
  } finally {
    tf.dispose([...inputs.trained, ...inputs.held, ...targets.trained, ...targets.held]);
  }
}

/** Names of the options that a caller may give besides thresholds and options of the rules. */
const OWN_OPTIONS = [
  "steps",
  "batchSize",
  "leastFall",
  ...MONITOR_OPTIONS.filter((name) => !["onFinding", "model", "optimizer"].includes(name)),
];

function requireTrainsOptions(options: AssertTrainsOptions): void {
  requireOptions(options);
  const { steps, batchSize, leastFall } = { ...DEFAULTS, ...options };
  requireValue("options.steps", steps, positive);
  requireValue("options.batchSize", batchSize, positive);
  requireValue("options.leastFall", leastFall, numberFrom(0, 1));
  const others = Object.entries(options).filter(([name]) => !OWN_OPTIONS.includes(name));
  requireThresholds(Object.fromEntries(others), OWN_OPTIONS);
}

/** Checks a model and its data, and returns the number of examples. */
function requireData(model: LayersModel, data: Batch): number {
  if (data?.targets == null) {
    throw new InputError(refusal`data.targets is missing, expected what the model is to learn`);
  }
  if ((model as { optimizer?: unknown })?.optimizer == null) {
    throw new InputError(refusal`model is not compiled, expected an optimizer and a loss`);
  }
  if (model.trainableWeights.length === 0) {
    throw new InputError(refusal`model has no trainable weight, expected one to train`);
  }
  try {
    return requireModelBatch(model, [data.inputs].flat(), [data.targets].flat());
  } catch (error) {
    throw error instanceof InputError ? error.within("data") : error;
  }
}

async function train(
  model: LayersModel,
  { inputs, targets }: { inputs: Tensor[]; targets: Tensor[] },
  monitor: HealthMonitor,
  { steps, batchSize }: { steps: number; batchSize: number },
): Promise<void> {
  const perEpoch = Math.ceil(inputs[0].shape[0] / batchSize);
  await model.fit(inputs, targets, {
    epochs: Math.ceil(steps / perEpoch),
    batchSize,
    shuffle: false,
    verbose: 0,
    callbacks: [monitor, stopAfter(steps)],
  });
}

/** Names the examples of the latest batch that are not finite by their indices in the data. */
function whereInData(
  rows: readonly TrainingStep[],
  order: readonly number[],
  batchSize: number,
): string {
  const { batch, badExamples = [], failedExamples = [] } = rows[rows.length - 1];
  const broken = new Set([...badExamples, ...failedExamples]);
  if (broken.size === 0 || batch == null) return "";
  const indices = [...broken].map((i) => order[batch * batchSize + i]).toSorted((a, b) => a - b)
    .slice(0, MAX_EXAMPLES_SHOWN);
  const more = broken.size - indices.length;
  return `\nIndices of these examples in data: ${indices.join(", ")}${
    more > 0 ? ` and ${more} more` : ""
  }.`;
}

/** Returns a callback that ends a training after some steps. */
function stopAfter(steps: number) {
  const { Callback } = requireEngine().tf;
  return new class extends Callback {
    #model: LayersModel | null = null;
    #step = 0;
    override setModel(model: unknown): void {
      this.#model = model as LayersModel;
    }
    override onBatchEnd(): Promise<void> {
      if (++this.#step >= steps) this.#model!.stopTraining = true;
      return Promise.resolve();
    }
  }();
}
