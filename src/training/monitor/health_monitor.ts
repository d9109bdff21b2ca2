import {
  boolean,
  isObject,
  numberFrom,
  positive,
  requireValue,
  string,
} from "../../ground/words/shape.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import type { RunRulesOptions } from "../../core/rules/judge_rule.ts";
import { allRules } from "../../core/rules/register_rule.ts";
import { requireOptions } from "../../core/rules/require_measurements.ts";
import { requireEngine } from "../../engine/running_engine.ts";
import type { Callback, LayersModel, Optimizer, Tensor } from "../../engine/tensorflow.ts";
import type { Batch } from "../../core/model/batches/batch.ts";
import type { Objective } from "../../core/model/objective.ts";
import type { Lowered, TrainingStep } from "../training_step.ts";
import { failureOf } from "../../core/assert/failure_message.ts";
import type { HealthRecord } from "./health_record.ts";
import type { LivePage } from "./live_page.ts";
import { MonitorOutputs } from "../event_file.ts";
import {
  DEFAULT_EVERY,
  MonitorState,
  type OnFinding,
  RESPONSES,
  TRAINING_RULE_NAMES,
} from "./monitor_state.ts";
import {
  MONITOR_OPTIONS,
  requireObjective,
  requireThresholds,
  ruleNames,
} from "../../core/assert/require_options.ts";
import { type TrainedBatch, TrainingWatch } from "./training_watch.ts";
import { stepsOfFit } from "./watch_budget.ts";
import { formatNumber } from "../../ground/words/numbers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { host } from "../../platform/host.ts";

/** Options of {@linkcode healthMonitor}. */
export interface HealthMonitorOptions extends RunRulesOptions {
  /** Held-out batch that is measured; the caller disposes it after the training. */
  batch: Batch;
  /**
   * Number of training batches between two measurements; the end of the training is always
   * measured. Default: 100, and also after 1, 2, 5, 10, 20 and 50 batches, when a wrong learning
   * rate shows.
   */
  every?: number;
  /** Names of the rules to check. Default: all. */
  rules?: readonly string[];
  /**
   * Objective to differentiate. Default: the choice of `measure`, such as the loss of a compiled
   * model.
   */
  objective?: Objective;
  /**
   * Response to an error: a word, or a function that is called with each error and each warning;
   * training continues if it returns nothing. Default: `"throw"`. With a word, findings that do not
   * throw are printed on stderr, once and in one line.
   */
  onFinding?: OnFinding;
  /**
   * Share of the training's time that the monitor may take under the default schedule, or 0.4 s if
   * that is more; it puts measurements off to keep it. A loop other than `model.fit` counts as one of
   * 8 s until it has lasted longer. With 1, nothing is put off. Default: 0.05.
   */
  budget?: number;
  /** File that gets a line of JSON for each step, for `watch` and `readTrainingLog`. Default: none. */
  log?: string;
  /**
   * True to serve a page of the training on the loopback while it runs, which shows measurements and
   * findings as they are made, and the loss some seconds later. Its address is printed, and in
   * `url`. Drawing it counts to the budget. Default: false.
   */
  live?: boolean;
  /** Folder that gets an event file, which TensorBoard shows beside other runs. Default: none. */
  tensorBoard?: string;
  /**
   * Model that a loop without `model.fit` trains. Step 0 is measured at once: create the monitor
   * before the first update.
   */
  model?: LayersModel;
  /**
   * Optimizer of that loop. Default: that of the compiled model; without either, gradients are not
   * seen.
   */
  optimizer?: Optimizer;
}

/** Step of a loop without `model.fit`. */
export interface StepOfLoop {
  /** Loss of the batch, before the update; a scalar is read and not disposed. */
  loss: number | Tensor;
  /** Inputs of the batch, in which the monitor looks for NaN and for a jump in size. */
  inputs?: Tensor | Tensor[];
  /** Targets of the batch, in which the monitor looks for NaN. */
  targets?: Tensor | Tensor[];
  /** Optimizer of the steps to come, if it is not the one of those before. */
  optimizer?: Optimizer;
}

/** Callback for `model.fit` that keeps its measurements. */
export type HealthMonitor = Callback & {
  /** Records, oldest first: step 0, then one at each measurement and one at the end. */
  readonly history: readonly HealthRecord[];
  /** Signals of every step, which `judgeTraining` judges. */
  readonly steps: readonly TrainingStep[];
  /** Returns to an earlier state, by the response `lower`. */
  readonly lowerings: readonly Lowered[];
  /** Address of the live page while it is served; otherwise `null`. */
  readonly url: string | null;
  /** Judges a step of a loop without `model.fit`, after the update. Needs the option `model`. */
  step(trained: StepOfLoop): Promise<{ stop: boolean }>;
  /** Measures the end of such a loop, and stops watching. */
  end(): Promise<void>;
};

/** Default share of the training's time that a monitor may take. */
const BUDGET = 0.05;

/**
 * Creates a callback for `model.fit` and `fitDataset` that watches a training, names what goes wrong,
 * and, depending on `onFinding`, goes on, stops, throws, or continues at a lower learning rate from
 * the last healthy weights. A loop without `fit` calls `step()` after each update. Watching leaves
 * no trace in the model.
 *
 * After every step it looks at the loss, the gradient norm, the size of the update and the inputs;
 * on every second of the first 20 steps at the loss of the same batch after the update. It runs a full pass on a
 * held-out batch at steps 0, 1, 2, 5, 10, 20, 50, 100 and then every 100, unless `every` says
 * otherwise, and at the end. By default it takes at most 5 % of the training's time, or 0.4 s
 * (`budget`): it puts off what that does not pay.
 *
 * The rules over these signals (`judgeTraining`) name a rate that is too high or too low, NaN with
 * its batch and example, spikes, labels or data that change, dying units, a layer that does not
 * move, collapsing attention, weight decay that eats the weights, overfitting, plateaus, and a
 * network that learns nothing. For a rate it tries others from the last healthy weights, and the
 * fix names one that trains. In a terminal, each epoch of `model.fit` gets a line with its figures,
 * unless `verbose: 0`.
 *
 * The rules over a pass judge each full pass. The findings of step 0 trigger no response: training
 * shows if the network learns, and `assertHealthy` judges a network before its training. If the
 * loss has not moved after 100 batches, or at the end of the training, the errors of step 0 are the
 * cause. Before the 100th batch, and while the held-out loss is below 0.9 of that before training,
 * the default schedule responds to causes in training and to NaN alone. Once training has moved the
 * weights, no fix draws them again, and findings of rules for untrained networks are notes, unless
 * `trained: false`.
 *
 * A rule that throws does not end the training: its record notes that it could not judge.
 *
 * @param options See {@linkcode HealthMonitorOptions}.
 * @returns The callback; `history` holds its records.
 *
 * @example Stop a training that blows up
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { healthMonitor } from "@gradient-health/gradient-health/assert";
 * import { assertEquals } from "@std/assert";
 *
 * await using engine = await startEngine();
 * const { tf } = engine;
 * const model = exerciseModel({ depth: 3, std: 1 / Math.sqrt(20) });
 * model.compile({ optimizer: tf.train.sgd(1e6), loss: "meanSquaredError" });
 * const batch = randomBatch(model, { objective: "meanSquaredError" });
 * const monitor = healthMonitor({
 *   batch,
 *   objective: "meanSquaredError",
 *   every: 5,
 *   onFinding: "stop",
 * });
 * await model.fit(batch.inputs, batch.targets!, { epochs: 100, verbose: 0, callbacks: monitor });
 * assertEquals(monitor.history.at(-1)?.cause?.kind, "rate-too-high");
 * model.dispose();
 * ```
 *
 * @throws {InputError} If an option has a wrong type, or a rule is not known, or if `every` is not
 * a whole number from 1 up, or a threshold is out of range.
 * @throws {EngineError} If no engine runs.
 */
export function healthMonitor(options: HealthMonitorOptions): HealthMonitor {
  // TensorFlow.js calls the callback, so errors show where the monitor was created.
  const fail = failureOf(healthMonitor);
  const { Callback } = requireEngine().tf;
  requireMonitorOptions(options);
  const {
    batch,
    every,
    rules: names,
    objective,
    onFinding = "throw",
    model,
    optimizer,
    budget = BUDGET,
    log,
    tensorBoard,
    live = false,
    ...ruleOptions
  } = options;
  // Report a typo now, not after hours of training. Layers are known only when it measures.
  requireThresholds(ruleOptions, MONITOR_OPTIONS);
  const known = [...allRules().map(({ name }) => name), ...TRAINING_RULE_NAMES];
  const chosen = ruleNames("rules", known, names);
  const rules = allRules().filter(({ name }) => chosen.has(name));
  const state = new MonitorState({
    every,
    rules,
    ruleOptions,
    onFinding,
    ...names === undefined ? {} : { trainingRules: names },
  });
  const outputs = new MonitorOutputs({ log, tensorBoard });
  const rows: TrainingStep[] = [];
  const open = (model: LayersModel, optimizer: Optimizer | null) =>
    new TrainingWatch(state, { model, optimizer, rows }, {
      batch,
      objective,
      budget,
      outputs,
      fail,
    });

  class Monitor extends Callback {
    readonly history: readonly HealthRecord[] = state.history;
    readonly steps: readonly TrainingStep[] = rows;
    readonly lowerings: readonly Lowered[] = state.lowerings;
    #model: LayersModel | null = null;
    #watch: TrainingWatch | null = null;
    #params: TrainingParams | null = null;
    #page: LivePage | null = null;
    #firstEpoch: number | null = null;
    #isJudging = false;

    constructor() {
      super();
      // A loop calls step() after its first update, which is too late for step 0.
      if (model !== undefined) this.#watch = open(model, optimizer ?? model.optimizer ?? null);
    }

    get url(): string | null {
      return this.#page === null ? null : `http://127.0.0.1:${this.#page.port}`;
    }

    // The stock callback rejects a model of another copy of TensorFlow.js.
    override setModel(model: unknown): void {
      this.#model = model as LayersModel;
    }

    override setParams(params: Callback["params"]): void {
      super.setParams(params);
      this.#params = params as TrainingParams;
      state.epochs = this.#params.epochs;
    }

    override async onTrainBegin(): Promise<void> {
      this.#watch?.dispose();
      this.#watch = open(this.#model!, this.#model!.optimizer);
      this.#firstEpoch = null;
      await this.#serve();
    }

    override onEpochBegin(epoch: number): Promise<void> {
      state.epoch = epoch + 1;
      this.#firstEpoch ??= epoch;
      this.#watch!.steps = stepsOfFit({
        epochs: state.epochs,
        first: this.#firstEpoch,
        epoch,
        batches: batchesOf(this.#params!),
        done: this.#watch!.done,
      });
      return Promise.resolve();
    }

    override async onBatchEnd(batch: number, logs?: Logs): Promise<void> {
      const isEnd = isLast(batch, state.epoch, this.#params!);
      const { loss = null } = logs ?? {};
      if (await this.#judge({ loss, batch, isEnd })) this.#model!.stopTraining = true;
    }

    override onEpochEnd(_epoch: number, logs?: Logs): Promise<void> {
      // `verbose: 0` asks for silence, and a line per epoch is for people who wait.
      const shows = this.#params!.verbose !== 0 && host.stderr.isTerminal();
      if (shows) console.error(epochLine(state, logs ?? {}, rows.at(-1)));
      return Promise.resolve();
    }

    override async onTrainEnd(): Promise<void> {
      await this.end();
    }

    /** Judges a step of a loop without `fit`. */
    async step(trained: StepOfLoop): Promise<{ stop: boolean }> {
      requireStep(trained, model);
      if (this.#isJudging) {
        throw new InputError(
          refusal`step() is called before the last call has ended, expected await monitor.step(...)`,
        );
      }
      this.#isJudging = true;
      try {
        this.#watch ??= open(model!, optimizer ?? model!.optimizer ?? null);
        await this.#serve();
        const stop = await this.#judge(trained);
        if (trained.optimizer !== undefined) this.#watch.follow(trained.optimizer);
        return { stop };
      } finally {
        this.#isJudging = false;
      }
    }

    /** Measures the end of a training. */
    async end(): Promise<void> {
      try {
        this.#watch?.end();
      } finally {
        await this.#close();
      }
    }

    /** Stops watching, and shows the end on the live page. */
    async #close(): Promise<void> {
      const page = this.#page;
      this.#watch?.dispose();
      this.#watch = this.#page = null;
      await page?.close();
    }

    async #judge(trained: TrainedBatch): Promise<boolean> {
      const before = [state.history.length, state.judge.findings.length];
      const stops = await this.#endBatch(trained);
      const hasNews = state.history.length !== before[0] ||
        state.judge.findings.length !== before[1];
      if (hasNews) this.#page?.announce();
      else this.#page?.tick();
      return stops;
    }

    async #endBatch(trained: TrainedBatch): Promise<boolean> {
      try {
        return await this.#watch!.endBatch(trained);
      } catch (error) {
        // The training ends with it, and fit() would not call onTrainEnd().
        await this.#close();
        throw error;
      }
    }

    /** Few trainings are watched live, and pages take a while to load. */
    async #serve(): Promise<void> {
      if (!live || this.#page !== null) return;
      const { LivePage }: typeof import("./live_page.ts") = await import(
        import.meta.resolve("./live_page.ts")
      );
      const charge = (milliseconds: number) => this.#watch?.charge(milliseconds);
      const { history, lowerings } = state;
      this.#page = new LivePage({ history, steps: rows, lowerings, charge });
    }
  }

  return new Monitor() as HealthMonitor;
}

/** Parameters of `model.fit`; a training from a data set may not know some of them. */
type TrainingParams = Record<
  "epochs" | "steps" | "samples" | "batchSize" | "verbose",
  number | null
>;

/** Logs of `model.fit`: numbers, or scalars that were not read yet. */
type Logs = Record<string, number | Tensor>;

/** Returns the line of an epoch: `epoch 3 of 20, step 96: loss 0.41, val_loss 0.52, ...`. */
function epochLine(
  { epoch, epochs, step }: MonitorState,
  logs: Logs,
  row: TrainingStep | undefined,
): string {
  // TensorFlow.js puts the validation first.
  const ordered = Object.entries(logs).toSorted(([a], [b]) =>
    Number(a.startsWith("val_")) - Number(b.startsWith("val_"))
  );
  const figures = ordered.map(([name, value]) =>
    `${name} ${formatNumber(typeof value === "number" ? value : value.dataSync()[0])}`
  );
  const update = row?.updateRatio ?? null;
  if (update !== null) figures.push(`largest update ratio ${formatNumber(update)}`);
  return `epoch ${epoch} of ${epochs}, step ${step}: ${figures.join(", ")}`;
}

/** Returns true if a batch is the last of the training, as far as can be known. */
function isLast(batch: number, epoch: number, params: TrainingParams): boolean {
  return epoch === params.epochs && batch === (batchesOf(params) ?? NaN) - 1;
}

/** Returns the number of batches of an epoch; `null` if it is not known. */
function batchesOf({ steps, samples, batchSize }: TrainingParams): number | null {
  if (steps !== null && steps !== undefined) return steps;
  const batches = Math.ceil((samples ?? NaN) / (batchSize ?? NaN));
  return Number.isNaN(batches) ? null : batches;
}

/** Rejects a step of a loop whose model is not known, or without a loss. */
function requireStep(trained: unknown, model: LayersModel | undefined): void {
  if (model === undefined) {
    throw new InputError(
      refusal`options.model is missing, expected the model that the loop trains`,
    );
  }
  const { loss, optimizer } = isObject(trained) ? trained : {};
  if (optimizer !== undefined && !(isObject(optimizer) && "applyGradients" in optimizer)) {
    throw new InputError({
      place: "step.optimizer",
      found: showValue(optimizer),
      expected: "an optimizer of TensorFlow.js",
    });
  }
  const isTensor = isObject(loss) && "dataSync" in loss;
  if (typeof loss === "number" || isTensor && loss.isDisposed !== true) return;
  throw new InputError({
    place: "step.loss",
    found: isTensor ? "a tensor that was disposed of" : showValue(loss),
    expected: "a number or a scalar of TensorFlow.js",
  });
}

function requireMonitorOptions(options: HealthMonitorOptions): void {
  requireOptions(options);
  const { batch, every = DEFAULT_EVERY, objective, onFinding = "throw" } = options;
  requireObjective(objective);
  if (typeof batch !== "object" || batch === null || batch.inputs == null) {
    throw new InputError(refusal`options.batch has no inputs, expected the batch to measure on`);
  }
  requireValue("options.every", every, positive);
  requireValue("options.budget", options.budget ?? BUDGET, numberFrom(0, 1));
  requireValue("options.log", options.log ?? "", string);
  requireValue("options.live", options.live ?? false, boolean);
  requireValue("options.tensorBoard", options.tensorBoard ?? "", string);
  if (typeof onFinding !== "function" && !RESPONSES.includes(onFinding)) {
    throw new InputError({
      place: "options.onFinding",
      found: showValue(onFinding),
      expected: '"keep", "stop", "throw", "lower" or a function',
    });
  }
}
