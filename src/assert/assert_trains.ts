import { positive, requireValue } from "../words/shape.ts";
import { InputError, refusal } from "../words/input_error.ts";
import { requireOptions } from "../rules/require_measurements.ts";
import { requireEngine } from "../engine/running_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { failureOf } from "./failure_message.ts";
import { healthMonitor, type HealthMonitorOptions } from "./health_monitor.ts";
import { formatCount, formatNumber } from "../words/numbers.ts";

/** Options of {@linkcode assertTrains}. */
export interface AssertTrainsOptions
  extends Omit<HealthMonitorOptions, "batch" | "onFinding" | "model" | "optimizer"> {
  /** Number of steps. Default: 100. */
  steps?: number;
  /** Number of examples in a batch. Default: 32. */
  batchSize?: number;
  /** Held-out batch. Default: the last quarter of the data, which is then not trained on. */
  batch?: Batch;
  /** Share of the first held-out loss that training must remove. Default: 0.1. */
  leastFall?: number;
}

/** A test asks for the cause, whatever that costs. */
const DEFAULTS = { steps: 100, batchSize: 32, leastFall: 0.1, budget: 1 };
/** Share of the data that is held out. */
const HELD_OUT = 0.25;

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
  requireOptions(options);
  const { steps, batchSize, leastFall, batch, ...monitored } = { ...DEFAULTS, ...options };
  requireValue("options.steps", steps, positive);
  requireValue("options.batchSize", batchSize, positive);
  if (data?.targets == null) {
    throw new InputError(refusal`data.targets is missing, expected what the model is to learn`);
  }
  if ((model as { optimizer?: unknown })?.optimizer == null) {
    throw new InputError(refusal`model is not compiled, expected an optimizer and a loss`);
  }
  const { tf } = requireEngine();
  const examples = [data.inputs].flat()[0].shape[0];
  const kept = batch === undefined ? Math.ceil((1 - HELD_OUT) * examples) : examples;
  const part = (from: number, count: number) => ({
    inputs: [data.inputs].flat().map((one) => tf.slice(one, from, count)),
    targets: [data.targets!].flat().map((one) => tf.slice(one, from, count)),
  });
  const trained = part(0, kept);
  const held = batch ?? part(kept, examples - kept);
  const monitor = healthMonitor(
    Object.assign(monitored, { batch: held, onFinding: "throw" as const }),
  );
  const perEpoch = Math.ceil(kept / batchSize);
  try {
    await model.fit(trained.inputs, trained.targets, {
      epochs: Math.ceil(steps / perEpoch),
      batchSize,
      verbose: 0,
      callbacks: [monitor, stopAfter(steps)],
    });
  } catch (error) {
    throw error instanceof Error && error.name === "AssertionError" ? fail(error.message) : error;
  } finally {
    tf.dispose([...trained.inputs, ...trained.targets]);
    if (batch === undefined) tf.dispose([...held.inputs as [], ...held.targets as []]);
  }
  const first = monitor.history[0].measurements.objective.value;
  const last = monitor.history.at(-1)!.measurements.objective.value;
  if (last <= (1 - leastFall) * first) return;
  throw fail(
    `Model "${model.name}" has not learned in ${formatCount(steps, "step")}: the held-out loss ` +
      `was ${formatNumber(first)} and is ${formatNumber(last)}, expected at most ` +
      `${
        formatNumber((1 - leastFall) * first)
      } (leastFall). No rule found a cause: train longer, ` +
      "or compare inputs and targets.",
  );
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
