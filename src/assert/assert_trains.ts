import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { requireModelBatch } from "../measure/plan_pass.ts";
import type { Batch } from "../model/batches/batch.ts";
import { SeededRandom } from "../model/batches/seeded_random.ts";
import { fixSentence, growthSentences } from "../render/render_growth.ts";
import { requireOptions } from "../rules/require_measurements.ts";
import type { GrowthGrid } from "../study/growth/growth_study.ts";
import type { GrowthSummary } from "../study/growth/growth_types.ts";
import { runGrowth, tryScalings } from "../study/growth/run_growth.ts";
import { summarizeGrowth } from "../study/growth/summarize_growth.ts";
import type { CreateStudyModel } from "../study/study_options.ts";
import type { TrainingStep } from "../training/training_step.ts";
import type { LossName } from "../traits/losses.ts";
import { InputError, refusal } from "../words/input_error.ts";
import { formatCount, formatNumber } from "../words/numbers.ts";
import {
  boolean,
  callable,
  closed,
  numberFrom,
  optional,
  positive,
  requireValue,
  unknown,
} from "../words/shape.ts";
import { failureOf } from "./failure_message.ts";
import { type HealthMonitor, healthMonitor, type HealthMonitorOptions } from "./health_monitor.ts";
import { MONITOR_OPTIONS, requireMessage, requireThresholds } from "./require_options.ts";

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

/**
 * Creates a sibling of a width and a depth from a seed. `width` and `depth` are given if the options
 * name sizes of them.
 */
export type CreateSibling = (
  context: { tf: TensorFlow; seed: number; width: number; depth: number },
) => LayersModel | Promise<LayersModel>;

/** Options of {@linkcode assertScaleFree}. */
export interface ScaleFreeOptions extends GrowthGrid {
  /** Number of examples in the random batch. Default: 32, or fewer if they do not fit the heap. */
  examples?: number;
  /** Objective. Default: the compiled loss, else one that fits the head. */
  objective?: LossName;
  /** True to fail on a warning as well: a slope above 0.25. Default: false. */
  strict?: boolean;
  /** Text appended to the message. */
  msg?: string;
}

const optionsShape = closed<ScaleFreeOptions>({
  widths: optional(unknown),
  depths: optional(unknown),
  seeds: optional(unknown),
  rates: optional(boolean),
  examples: optional(unknown),
  objective: optional(unknown),
  strict: optional(boolean),
  msg: optional(unknown),
} as never);

/**
 * Asserts that a model keeps its scale when it grows: trains siblings of several widths and depths
 * for five steps on one batch each, with the optimizer that they are compiled with, and looks how
 * the size of the activations of each layer, and of their change per step, depends on width and
 * depth. Fails if the slope of log2 size over log2 width or depth is above 0.5 in a layer; then the
 * message names what to change in each layer, after trying it on all siblings.
 *
 * With `rates: true` it asserts instead that the best learning rate stays the same.
 *
 * @param create Creates a sibling.
 * @param options The sizes, two or more along an axis; seeds, batch and objective.
 * @returns The slopes of every layer.
 *
 * @example A hidden layer whose rate falls as its fan-in grows, as muP has it
 * ```ts
 * import { assertScaleFree } from "@gradient-health/gradient-health/assert";
 * import { assertEquals } from "@std/assert";
 *
 * const { level } = await assertScaleFree(({ tf, seed, width }) => {
 *   const times = width / 32;
 *   // Adam moves the product with the constant as if its rate were that much smaller.
 *   const behind = () => tf.layers.rescaling({ scale: 1 / times });
 *   const normal = (stddev: number, draw: number) =>
 *     tf.initializers.randomNormal({ stddev, seed: 10 * seed + draw });
 *   const model = tf.sequential({
 *     layers: [
 *       tf.layers.dense({ units: width, inputShape: [8], kernelInitializer: normal(0.5, 0) }),
 *       tf.layers.activation({ activation: "relu" }),
 *       tf.layers.dense({ units: width, kernelInitializer: normal(0.25 * times ** 0.5, 1) }),
 *       behind(),
 *       tf.layers.activation({ activation: "relu" }),
 *       tf.layers.dense({ units: 4, kernelInitializer: normal(0.2, 2) }),
 *       behind(),
 *     ],
 *   });
 *   model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
 *   return model;
 * }, { widths: [32, 64, 128, 256] });
 * assertEquals(level, "flat");
 * ```
 *
 * @throws {AssertionError} If a slope is above 0.5; with `strict`, above 0.25.
 * @throws {InputError} If an argument has a wrong type, or no axis has two sizes.
 */
export async function assertScaleFree(
  create: CreateSibling,
  options: ScaleFreeOptions,
): Promise<GrowthSummary> {
  const fail = failureOf(assertScaleFree);
  requireValue("create", create, callable);
  requireValue("options", options, optionsShape);
  const { examples, objective, strict = false, msg, ...grid } = options;
  requireMessage(msg);
  const subject: CreateStudyModel = ({ tf, seed, width, depth }) => {
    const size = { ...width === null ? {} : { width }, ...depth === null ? {} : { depth } };
    return create({ tf, seed, ...size } as Parameters<CreateSibling>[0]);
  };
  const { header, points } = await runGrowth(subject, grid, { examples, objective });
  const summary = summarizeGrowth({ ...header, points: await Array.fromAsync(points) });
  if (summary.level !== "error" && !(strict && summary.level === "warning")) return summary;
  const fixes = grid.rates
    ? null
    : await tryScalings(subject, grid, { examples, objective, summary });
  throw fail([
    ...growthSentences(summary),
    ...fixes === null ? [] : [
      fixSentence(fixes),
      ...fixes.code.map(({ layer, words, code }) => `${layer}: ${words}\n${code}`),
    ],
    ...msg === undefined ? [] : [msg],
  ].join("\n"));
}
