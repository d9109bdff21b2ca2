import type { Engine } from "../../engine/engine.ts";
import { requireEngine } from "../../engine/running_engine.ts";
import type { LayersModel, Optimizer, Tensor } from "../../engine/tensorflow.ts";
import type { Measurements } from "../../core/measure/measurements.ts";
import { runPass } from "../../core/measure/pass.ts";
import type { Batch } from "../../core/model/batches/batch.ts";
import type { Objective } from "../../core/model/objective.ts";
import { constantAnswerLoss } from "../../core/probe/known_answers.ts";
import { type StepSignals, StepWatch } from "../../core/probe/step_signals.ts";
import { penaltiesOf } from "../../core/probe/training_step.ts";
import type { MonitorOutputs } from "../event_file.ts";
import { causeOf, type TrainingFinding } from "../judge_training.ts";
import { attentionSignals } from "../training_pass.ts";
import type { LayerSignals, TrainingStep } from "../training_step.ts";
import type { Fail } from "../../core/assert/failure_message.ts";
import type { Judged } from "./health_record.ts";
import { HealthyState, restartOptimizer, triedFix, type TriedRate } from "./healthy_state.ts";
import type { MonitorState } from "./monitor_state.ts";
import { FIRST_STEPS, WatchBudget } from "./watch_budget.ts";

/** Optimizer whose rate is a field; plain descent keeps a tensor of it, too. */
interface WithRate {
  learningRate?: number;
  setLearningRate?: (rate: number) => void;
}

/** Returns the learning rate of an optimizer; `null` if it has none. */
function rateOf(optimizer: Optimizer): number | null {
  const { learningRate } = optimizer.getConfig() as { learningRate?: unknown };
  return typeof learningRate === "number" ? learningRate : null;
}

/**
 * Keeps a rate lowered while a schedule sets it: a schedule that computes each rate from the step
 * does not know that it was lowered.
 */
class LoweredRate {
  readonly #optimizer: Optimizer;
  /** Rate now over that of the schedule. */
  #factor = 1;
  /** Latest rate of the schedule, and the lowered rate in its place. */
  #scheduled = NaN;
  #own = NaN;

  /** Begins at the rate of the optimizer. */
  constructor(optimizer: Optimizer) {
    this.#optimizer = optimizer;
  }

  /** Notes that the rate was lowered. */
  lower(from: number, to: number): void {
    if (this.#factor === 1) this.#scheduled = from;
    this.#factor *= to / from;
    this.#own = to;
  }

  /** Lowers a rate that a schedule has set since the latest update. */
  apply(): void {
    const rate = rateOf(this.#optimizer);
    if (this.#factor === 1 || rate === null || rate === this.#own) return;
    // A schedule that multiplies the present rate stays near it.
    const isAbsolute = distance(rate, this.#scheduled) < distance(rate, this.#own);
    this.#scheduled = isAbsolute ? rate : rate / this.#factor;
    this.#own = this.#scheduled * this.#factor;
    if (!isAbsolute) return;
    const optimizer = this.#optimizer as unknown as WithRate;
    optimizer.learningRate = this.#own;
    optimizer.setLearningRate?.(this.#own);
  }
}

const distance = (a: number, b: number): number => Math.abs(Math.log(a / b));

/** Options of a {@linkcode TrainingWatch}. */
interface WatchOptions {
  batch: Batch;
  objective: Objective | undefined;
  /** Share of the training's time that may be spent, if the schedule is the default one. */
  budget: number;
  outputs: MonitorOutputs;
  fail: Fail;
}

/** Training that is watched. */
interface Watched {
  model: LayersModel;
  /** Optimizer whose steps are watched; `null` if it is not known. */
  optimizer: Optimizer | null;
  /** Receives the rows of the steps. */
  rows: TrainingStep[];
}

/** Batch that a model was trained on. */
export interface TrainedBatch {
  /** Loss before the update. */
  loss: number | Tensor | null;
  /** Number of the batch in its epoch. */
  batch?: number | null;
  /** Inputs, if the caller has them. */
  inputs?: Tensor | Tensor[];
  /** Targets, if the caller has them. */
  targets?: Tensor | Tensor[];
  /** True if the training ends with this batch. */
  isEnd?: boolean;
}

/** Number of steps between two looks at Adam's second moment. */
const MOMENTS_EVERY = 10;
/** A rate is lowered by at least this factor. */
const LEAST_CUT = 3;
/** Rule whose fix is a higher learning rate. */
const TOO_LOW = "rate-too-low";
/** Rules whose fix is a learning rate that can be tried. */
const ABOUT_RATES = ["rate-too-high", TOO_LOW];

/** Measures a model while it is trained, when its state says so. */
export class TrainingWatch {
  /** Rows of the steps so far. */
  readonly rows: TrainingStep[];
  readonly #state: MonitorState;
  readonly #options: WatchOptions;
  readonly #model: LayersModel;
  readonly #engine: Engine;
  #optimizer: Optimizer | null = null;
  readonly #steps: StepWatch;
  readonly #healthy: HealthyState;
  #rate: LoweredRate | null = null;
  readonly #budget: WatchBudget;
  /** True if an update of the optimizer was seen. */
  #hasUpdates = false;
  /** True if a due measurement was put off. */
  #owes = false;

  /** Begins before the first batch. */
  constructor(
    state: MonitorState,
    { model, optimizer, rows }: Watched,
    options: WatchOptions,
  ) {
    const started = performance.now();
    this.#budget = new WatchBudget({ share: state.isDefault ? options.budget : 1 });
    this.rows = rows;
    this.#state = state;
    this.#options = options;
    this.#model = model;
    this.#engine = requireEngine();
    this.#steps = new StepWatch(this.#engine, model);
    this.#healthy = new HealthyState(this.#engine, model);
    if (optimizer !== null) this.follow(optimizer);
    try {
      if (state.history.length === 0) this.#begin(started);
    } catch (error) {
      this.dispose();
      throw error;
    }
    this.#prepare();
    this.#budget.resume();
  }

  /** Watches the steps of an optimizer, instead of those of another one. */
  follow(optimizer: Optimizer): void {
    if (optimizer === this.#optimizer) return;
    this.#steps.dispose();
    this.#optimizer = optimizer;
    this.#steps.attach(optimizer);
    const rate = new LoweredRate(optimizer);
    this.#rate = rate;
    this.#steps.beforeUpdate = () => rate.apply();
    // A fix names the usual rate of the optimizer.
    this.#state.judge.log.setup.optimizer = optimizerOf(optimizer).optimizer;
  }

  /** Number of steps of the whole training; `null` if it is not known. */
  set steps(count: number | null) {
    this.#budget.steps = count;
  }

  /** Charges milliseconds that were taken between two steps. */
  charge(milliseconds: number): void {
    this.#budget.charge("other", milliseconds);
  }

  /** Number of steps since it began. */
  get done(): number {
    return this.#budget.done;
  }

  /** Measures step 0. */
  #begin(started: number): void {
    // It validates the batch.
    const judged = this.#pass({ isEnd: false });
    const { log } = this.#state.judge;
    log.setup.constantLoss = constantAnswerLoss(this.#engine.tf, this.#model, this.#options);
    this.#healthy.keep(0);
    this.#add({ step: 0, ...this.#signalsOf(judged) });
    this.#record(judged, []);
    this.#chargeRest("other", { started, spentBefore: 0 });
  }

  /** Charges what was not charged otherwise of the time since a start. */
  #chargeRest(
    work: "judge" | "other",
    { started, spentBefore }: { started: number; spentBefore: number },
  ): void {
    const rest = performance.now() - started - (this.#budget.spent - spentBefore);
    this.#budget.charge(work, rest);
  }

  /** Charges what was done within the step. */
  #chargeStep(): void {
    const { step, again } = this.#steps.spent;
    this.#budget.endStep(step + again);
    if (step > 0) this.#budget.charge("step", step);
    if (again > 0) this.#budget.charge("again", again);
    this.#steps.spent = { step: 0, again: 0 };
  }

  /**
   * Judges a batch that the model was trained on.
   *
   * @returns True if the training is to end.
   */
  async endBatch(trained: TrainedBatch): Promise<boolean> {
    this.#chargeStep();
    const started = performance.now();
    const spentBefore = this.#budget.spent;
    try {
      return await this.#judgeBatch(trained);
    } finally {
      this.#chargeRest("judge", { started, spentBefore });
      this.#budget.resume();
    }
  }

  async #judgeBatch(trained: TrainedBatch): Promise<boolean> {
    const { isEnd = false } = trained;
    const state = this.#state;
    state.step++;
    const row = this.#row(trained);
    // The rules over trainings see the end, too, if it is known.
    const isDue = state.isDue(state.step) || this.#owes || isEnd;
    const isAffordable = this.#budget.affordsPass();
    this.#owes = isDue && !isAffordable;
    const pass = isDue && isAffordable ? this.#pass({ isEnd, row }) : null;
    const found = this.#add(pass === null ? row : withPass(row, this.#signalsOf(pass)));
    const judged = pass ?? (state.needsRecord(found) ? this.#pass({ isEnd, row }) : null);
    if (judged !== null) found.push(...state.see(judged));
    await this.#tryRates(found);
    this.#prepare();
    if (judged === null) {
      state.mention(found);
      return false;
    }
    this.#record(judged, found);
    const { stops, lowers } = this.#respond();
    if (lowers && !isEnd) await this.#lower();
    return stops;
  }

  /** Measures the end, without which a short training would go unmeasured. */
  end(): boolean {
    try {
      if (this.#state.isMeasured) return false;
      const judged = this.#pass({ isEnd: true, row: this.rows.at(-1) });
      this.#addPass(this.#signalsOf(judged));
      this.#record(judged, this.#state.see(judged));
      return this.#respond().stops;
    } finally {
      this.dispose();
    }
  }

  /** Stops watching. */
  dispose(): void {
    this.#steps.dispose();
    this.#healthy.dispose();
  }

  /** Prepares for the next step. */
  #prepare(): void {
    const { step } = this.#state;
    this.#steps.active = this.done < FIRST_STEPS || this.#budget.affordsStep();
    this.#steps.again = this.#budget.affordsLook();
    this.#steps.moments = (step + 1) % MOMENTS_EVERY === 0;
    // Without an optimizer, nothing tells when a step begins.
    if (this.#optimizer === null && this.#steps.active) this.#steps.keep();
  }

  #row({ loss, batch = null, inputs, targets }: TrainedBatch): TrainingStep {
    const { step, epoch } = this.#state;
    if (this.#optimizer === null && this.#steps.active) this.#steps.compare();
    const signals = this.#steps.take();
    this.#hasUpdates ||= signals !== null;
    if (!this.#hasUpdates && this.done === FIRST_STEPS) this.#state.unseen();
    const value = typeof loss === "object" && loss !== null ? loss.dataSync()[0] : loss;
    const { learningRate } = optimizerOf(this.#optimizer);
    const row: TrainingStep = { step, epoch, loss: value, batch, learningRate };
    const seen = signals ??
      { badExamples: [], badClasses: [], largestInput: null, largestTarget: null };
    const isBroken = !Number.isFinite(value ?? 0) || Number.isNaN(signals?.gradientNorm);
    if (inputs !== undefined) this.#steps.seeInputs(seen, [inputs].flat(), { isBroken });
    if (targets !== undefined) this.#steps.seeTargets(seen, [targets].flat());
    if (seen.badExamples.length > 0) row.badExamples = [...new Set(seen.badExamples)];
    if (seen.badClasses.length > 0) row.badClasses = [...new Set(seen.badClasses)];
    if (signals === null) return row;
    const { kernels, failedExamples, badExamples: _, badClasses: __, nonFinite: ___, ...others } =
      signals;
    const { origin: _origin, brokenUpdate: _update, ...figures } = others;
    const broken = brokenPass(signals, { isLossFinite: Number.isFinite(value ?? 0) });
    return Object.assign(row, figures, {
      ...failedExamples.length > 0 ? { failedExamples } : {},
      ...broken !== null ? { nonFinite: broken } : {},
      layers: [...kernels].map(([layer, updateRatio]): LayerSignals => ({ layer, updateRatio })),
    });
  }

  /** Adds a full pass to the latest row, whose line in the log is already written. */
  #addPass(pass: Partial<TrainingStep>): void {
    const row = this.rows[this.rows.length - 1];
    this.#options.outputs.add({ step: row.step, ...pass });
    this.rows[this.rows.length - 1] = withPass(row, pass);
  }

  #add(row: TrainingStep): TrainingFinding[] {
    this.rows.push(row);
    this.#options.outputs.add(row);
    return this.#state.judge.add(row);
  }

  /** Tries learning rates from the last healthy weights, if a finding is about the rate. */
  async #tryRates(findings: TrainingFinding[]): Promise<void> {
    const started = performance.now();
    const about = findings.find(({ rule, severity }) =>
      severity === "error" && ABOUT_RATES.includes(rule)
    );
    if (about === undefined) return;
    const { learningRate } = optimizerOf(this.#optimizer);
    const found = await this.#triedRate();
    // A rate that trains from there does not contradict what was seen later.
    const isRight = about.rule === TOO_LOW ? raises : cuts;
    const tried = isRight(found, learningRate) ? found : null;
    if (tried !== null) about.fix = triedFix(tried, this.#healthy.step);
    this.#state.tried = tried;
    // The search belongs to the response to an error, which comes once.
    this.#budget.charge("other", started - performance.now());
  }

  /** Returns a learning rate that trains from the last healthy weights; `null` if none is found. */
  async #triedRate(): Promise<TriedRate | null> {
    const { batch, objective } = this.#options;
    const optimizer = this.#optimizer;
    if (optimizer === null || batch.targets == null) return null;
    return await this.#healthy.tryRates(batch, { objective, optimizer });
  }

  /** Runs a full pass after the step of a row, and judges it by the rules over networks. */
  #pass({ isEnd, row }: { isEnd: boolean; row?: TrainingStep }): Judged {
    const { batch, objective } = this.#options;
    const started = performance.now();
    const measured = runPass(this.#engine, this.#model, batch, { objective });
    const model = { ...measured.model, name: givenName(this.#model) };
    const updates = new Map(
      (row?.layers ?? []).flatMap(({ layer, updateRatio }) =>
        updateRatio === undefined ? [] : [[layer, updateRatio]]
      ),
    );
    const measurements = { ...measured, model };
    const judged = this.#state.judged({ started, measurements, updates, isEnd });
    this.#budget.charge("pass", performance.now() - started);
    return judged;
  }

  #signalsOf({ measurements }: Judged): Partial<TrainingStep> {
    return signalsOf(this.#engine, this.#model, measurements);
  }

  #record(judged: Judged, found: readonly TrainingFinding[]): void {
    const state = this.#state;
    state.record(judged, found);
    if (!state.isSick) this.#healthy.keep(state.step);
  }

  #respond(): { stops: boolean; lowers: boolean } {
    const { batches, epoch, epochs } = this.#state;
    const { failure, ...response } = this.#state.respond();
    if (failure === null) return response;
    const within = epoch > 0 ? `, in epoch ${epoch} of ${epochs}` : "";
    throw this.#options.fail(`After ${batches}${within}:\n${failure}`);
  }

  /**
   * Goes back to the last healthy weights, and on at a lower rate. A rate that is too low is raised
   * instead if a higher one was tried that trains, and else the training goes on as it is. A broken
   * batch says nothing against the rate, which is kept then.
   */
  async #lower(): Promise<void> {
    const optimizer = this.#optimizer;
    const { learningRate } = optimizerOf(optimizer);
    if (optimizer === null || learningRate === null) return;
    // The latest error comes first: that of a low rate stays in the list if the rate was kept.
    const cause = causeOf(this.#state.judge.findings.toReversed());
    if (cause?.kind === "batch" || cause?.rule === "spike") return this.#goBack(learningRate);
    const tried = this.#state.tried ?? await this.#triedRate();
    const lower = learningRate / LEAST_CUT;
    const isLow = cause?.rule === TOO_LOW;
    if (isLow && !raises(tried, learningRate)) return this.#state.kept(learningRate);
    const most = isLow ? Infinity : lower;
    this.#goBack(learningRate, Math.min(tried?.learningRate ?? lower, most));
  }

  /** Goes back to the last healthy weights, and on at a rate. */
  #goBack(from: number, to = from): void {
    const optimizer = this.#optimizer!;
    this.#healthy.restore();
    restartOptimizer(optimizer, to);
    this.#rate!.lower(from, rateOf(optimizer) ?? to);
    this.#state.lowered({ from, to, step: this.#healthy.step });
  }
}

/** Returns the layer with entries that are not finite, and the pass in which they arose. */
function brokenPass(
  { origin, nonFinite, brokenUpdate }: StepSignals,
  { isLossFinite }: { isLossFinite: boolean },
): TrainingStep["nonFinite"] & object | null {
  if (origin !== null) return { layer: origin, pass: "forward" };
  if (!isLossFinite) return null;
  // The gradient flows from the last layer to the first.
  const layer = nonFinite.at(-1);
  if (layer !== undefined) return { layer, pass: "backward" };
  return brokenUpdate === null ? null : { layer: brokenUpdate, pass: "update" };
}

/** Returns true if a rate that was tried is above the present one. */
function raises(tried: TriedRate | null, learningRate: number | null): boolean {
  return tried !== null && tried.learningRate > (learningRate ?? 0);
}

/** Returns true if a rate that was tried is below the present one. */
function cuts(tried: TriedRate | null, learningRate: number | null): boolean {
  return tried !== null && tried.learningRate < (learningRate ?? Infinity);
}

/** Optimizer that trains the model. */
interface TrainingOptimizer {
  /** Name of its class. */
  optimizer: string;
  /** Learning rate; `null` if the optimizer does not reveal it. */
  learningRate: number | null;
}

/** Returns the class and the rate of an optimizer. */
function optimizerOf(optimizer: Optimizer | null): TrainingOptimizer {
  if (optimizer === null) return { optimizer: "", learningRate: null };
  return { optimizer: optimizer.getClassName(), learningRate: rateOf(optimizer) };
}

/** Returns the signals of a full pass on the held-out batch. */
function signalsOf(
  { tf }: Engine,
  model: LayersModel,
  { objective, layers }: Measurements,
): Partial<TrainingStep> {
  const { value } = objective;
  const isHeldOut = !objective.randomTargets && objective.name !== "sum";
  const penalty = tf.tidy(() =>
    penaltiesOf(tf, model).reduce((sum, one) => sum + one.dataSync()[0], 0)
  );
  return {
    ...isHeldOut ? { validationLoss: value, penalty: penalty / (penalty + Math.abs(value)) } : {},
    layers: layers.map((layer) => ({
      layer: layer.name,
      dead: layer.deadFraction,
      saturated: layer.saturatedFraction,
      ...attentionSignals(layer),
    })),
  };
}

function withPass(row: TrainingStep, pass: Partial<TrainingStep>): TrainingStep {
  return {
    ...row,
    ...pass,
    layers: [...row.layers ?? [], ...pass.layers ?? []],
  };
}

/**
 * Returns the name that the user gave. A `Sequential` is trained by an inner model with a derived
 * name.
 */
function givenName({ name, layers: [input, first] }: LayersModel): string {
  const isWithin = input?.name === `${first?.name}_input` && name.endsWith("_model");
  return isWithin ? name.slice(0, -"_model".length) : name;
}
