import type { Engine } from "../engine/engine.ts";
import { prepareEngine } from "../engine/start/prepare_engine.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { MeasureOptions } from "../core/measure/measure_options.ts";
import type { Measurements, TensorStatistics } from "../core/measure/measurements.ts";
import { runPass } from "../core/measure/pass.ts";
import type { Batch } from "../core/model/batches/batch.ts";
import { leafLayers } from "../core/model/layers/leaf_layers.ts";
import { codeOf } from "../core/model/loaded_model.ts";
import { strayErrors } from "../files/user_code/stray_errors.ts";
import { getWeights, type ModelWeight, modelWeights } from "../core/model/weights/model_weights.ts";
import { type Network, networkOf } from "../core/rules/network/network.ts";
import { isKernel } from "../ground/theory/weight_kinds.ts";
import { errorMessage } from "../ground/words/failure.ts";
import { showWord } from "../ground/words/show_value.ts";
import { redrawKernels, swapActivations } from "./draw_kernel.ts";
import {
  describePoint,
  type GridPoint,
  gridPoint,
  type ResolvedGrid,
  type StudyLayer,
  type StudyPoint,
} from "./grid_point.ts";
import type { StudyTraining, TrainingPlan } from "./growth/growth_types.ts";
import { planTraining, type TrainedSubject, trainPoint } from "./growth/train_point.ts";
import { type OpenSubject, openSubject } from "./open_subject.ts";
import { StudyError, type StudyOptions, studyRules, type StudySubject } from "./study_options.ts";
import { builtin } from "../platform/builtins.ts";
import { refusal } from "../ground/words/input_error.ts";

/** Judges the measurements of a point, and keeps the figures that a study shows. */
function describeStudyPoint(point: GridPoint, measurements: Measurements): StudyPoint {
  const { layers, objective, batch } = measurements;
  // The rules share this view of the measurements.
  const network = networkOf(measurements);
  const failed = studyRules()
    .filter(({ run, study }) =>
      run(measurements).some(({ severity }) =>
        severity === "error" || severity === "warning" && study!.failsOnWarnings
      )
    )
    .map(({ name }) => name);
  const kernels = new Map(network.chain.map((kernel) => [kernel.layer, kernel]));
  return {
    ...point,
    objective: objective.value,
    deltaRatio: deltaRatio(network),
    inputRms: batch.inputs.rms,
    plain: typeof network.plain !== "string",
    healthy: failed.length === 0,
    failed,
    layers: layers.map((layer): StudyLayer => {
      const weight = layer.weights.find(isKernel);
      const gradients = weight?.gradientsOfUsedRows ?? weight?.gradients ?? null;
      const kernel = kernels.get(layer);
      return {
        name: layer.name,
        role: layer.role,
        activation: kernel?.activation ?? layer.activation,
        sigma: kernel?.sigma ?? null,
        gradient: figure(gradients, "meanAbs"),
        delta: figure(layer.preActivationGradients, "meanAbs"),
        deltaNorm: figure(layer.preActivationGradients, "l2"),
        meanActivation: figure(layer.activations, "meanAbs"),
        saturated: layer.saturatedFraction,
        dead: layer.deadFraction,
        zeroGradients: gradients?.zeroFraction ?? null,
        zeroDeltas: layer.preActivationGradients?.zeroFraction ?? null,
        zeroActivations: layer.activations?.zeroFraction ?? null,
      };
    }),
  };
}

/**
 * Returns a figure of a tensor; NaN if the tensor has NaN or infinity, since the statistics leave
 * these out.
 */
function figure(statistics: TensorStatistics | null, name: "meanAbs" | "l2"): number | null {
  if (statistics === null) return null;
  return statistics.nonFinite > 0 ? NaN : statistics[name];
}

function deltaRatio(network: Network): number | null {
  const path = network.signalPath();
  if (path.length < 2) return null;
  const [first, last] = [path[0], path[path.length - 1]].map(({ layer }) =>
    figure(layer.preActivationGradients, "l2")!
  );
  // 0 / 0 is not a ratio: without a signal nothing is lost.
  return last === 0 ? null : first / last;
}

/** Facts about the model and the engine that a study reports before its first point. */
export interface StudyIdentity {
  /** The engine. */
  engine: { backend: string; simd: boolean; relaxedSimd: boolean; tfjs: string };
  /** The model. */
  model: { name: string; source: string | null; fingerprint: string };
  /** Name of the objective. */
  objective: string;
  /** Number of examples in the batch. */
  examples: number;
  /** Warning to report before the first point, or `null`. */
  warning: string | null;
  /** Training of every point; absent unless the study trains. */
  training?: StudyTraining;
}

/** A model that was built for a seed and a variant, for all scales. */
interface Build {
  key: string;
  model: LayersModel;
  batch: Batch;
  scaler: KernelScaler;
}

/** Measures points of a study on one engine. A model is built once for all points that share it. */
export class PointMeter {
  readonly #engine: Engine;
  readonly #subject: OpenSubject;
  /** File whose code creates models, or `null`. */
  readonly #code: string | null;
  readonly #grid: ResolvedGrid;
  readonly #layers: RegExp | null;
  readonly #measureOptions: MeasureOptions;
  #hidden: Set<string> | null = null;
  #build: Build | null = null;
  readonly #plan: TrainingPlan | null;
  #training: StudyTraining | null = null;
  #isClosed = false;

  private constructor(
    engine: Engine,
    { subject, code }: { subject: OpenSubject; code: string | null },
    grid: ResolvedGrid,
    { scaleLayers = null, microBatch, training }: StudyOptions,
  ) {
    this.#code = code;
    this.#engine = engine;
    this.#subject = subject;
    this.#grid = grid;
    this.#layers = scaleLayers;
    this.#plan = training ?? null;
    this.#measureOptions = { objective: subject.objective ?? undefined, microBatch };
  }

  /** Opens a subject on a running engine. */
  static async open(
    engine: Engine,
    subject: StudySubject,
    grid: ResolvedGrid,
    options: StudyOptions,
  ): Promise<PointMeter> {
    const code = typeof subject === "object" && "model" in subject ? codeOf(subject) : null;
    const open = () => openSubject(engine, subject, grid, options);
    const opened = await strayErrors.guard(code, open);
    const meter = new PointMeter(engine, { subject: opened, code }, grid, options);
    meter.#prepareEngine(null);
    return meter;
  }

  /**
   * Builds the model of the grid's first point, whichever point is measured first, and describes
   * the study.
   */
  async identify(): Promise<StudyIdentity> {
    const { name, source, objectiveName, warning } = this.#subject;
    const { model, batch } = await this.#provide(gridPoint(this.#grid, 0));
    const { simd, relaxedSimd, version } = this.#engine;
    if (this.#plan !== null) {
      this.#training = await planTraining(this.#subjectOf(model, batch), this.#plan, this.#grid);
    }
    return {
      engine: { backend: "wasm", simd, relaxedSimd, tfjs: version },
      model: { name, source, fingerprint: fingerprint(model, batch) },
      objective: objectiveName,
      examples: [batch.inputs].flat()[0].shape[0],
      warning,
      ...this.#training === null ? {} : { training: this.#training },
    };
  }

  /**
   * Measures a point. The result depends on the point alone, not on earlier points.
   *
   * @throws {StudyError} If it cannot be measured; the message names it.
   */
  async measure(index: number): Promise<StudyPoint> {
    const point = gridPoint(this.#grid, index);
    strayErrors.check();
    try {
      const { model, batch, scaler } = await this.#provide(point);
      scaler.scale(point.scale);
      const measurements = runPass(this.#engine, model, batch, this.#measureOptions);
      const described = describeStudyPoint(point, measurements);
      if (this.#training === null) return described;
      const training = await trainPoint(this.#subjectOf(model, batch), this.#training, point);
      return { ...described, training };
    } catch (error) {
      throw new StudyError(
        `${describePoint(point, this.#grid)} cannot be measured: ${errorMessage(error)}`,
        {
          cause: error,
        },
      );
    }
  }

  /** Frees everything, including a model that is still being created. The engine keeps running. */
  close(): void {
    this.#isClosed = true;
    this.#drop();
    this.#subject.close();
  }

  #subjectOf(model: LayersModel, batch: Batch): TrainedSubject {
    return { model, batch, objective: this.#subject.objective ?? undefined };
  }

  #prepareEngine(model: LayersModel | null): void {
    try {
      prepareEngine(this.#engine, model);
    } catch (error) {
      const { source, name } = this.#subject;
      throw new StudyError((error as Error).message, { cause: error }).within(source ?? name);
    }
  }

  async #provide(point: GridPoint): Promise<Build> {
    const { seed, activation, initializer, depth, width } = point;
    const key = JSON.stringify([seed, activation, initializer, depth, width]);
    if (this.#build?.key === key) return this.#build;
    this.#drop();
    return await strayErrors.guard(this.#code, () => this.#make(key, point));
  }

  async #make(
    key: string,
    { seed, activation, initializer, depth, width }: GridPoint,
  ): Promise<Build> {
    const { tf } = this.#engine;
    const model = await this.#subject.create(seed, { activation, initializer, depth, width });
    let batch: Batch | null = null;
    try {
      batch = await this.#subject.createBatch(model, seed);
      this.#prepareEngine(model);
      if (this.#isClosed) throw new StudyError("The study has ended");
      const { swaps } = this.#subject;
      if (swaps.activation && activation !== null) {
        this.#hidden ??= new Set(
          runPass(this.#engine, model, batch, this.#measureOptions).layers
            .filter(({ role }) => role === "hidden").map(({ name }) => name),
        );
        swapActivations(tf, model, activation, this.#hidden);
      }
      if (swaps.initializer && initializer !== null) redrawKernels(model, initializer, seed);
      const scaler = this.#scalerOf(model);
      return this.#build = { key, model, batch, scaler };
    } catch (error) {
      if (batch !== null) tf.dispose(tensorsOf(batch));
      this.#subject.release(model);
      throw error;
    }
  }

  #scalerOf(model: LayersModel): KernelScaler {
    const layers = this.#layers;
    const scaler = new KernelScaler(
      this.#engine.tf,
      model,
      (layer) =>
        layers === null ? this.#subject.isScaled(model, layer) : layer.search(layers) !== -1,
    );
    if (scaler.count > 0) return scaler;
    throw new StudyError(
      layers === null
        ? refusal`The model has no kernel, expected one to scale`
        : refusal`scaleLayers is ${
          showWord(String(layers))
        }, expected the name of a layer with a kernel`,
    );
  }

  #drop(): void {
    if (this.#build === null) return;
    this.#build.scaler.dispose();
    this.#engine.tf.dispose(tensorsOf(this.#build.batch));
    this.#subject.release(this.#build.model);
    this.#build = null;
  }
}

function tensorsOf({ inputs, targets }: Batch): Tensor[] {
  return [inputs, targets ?? []].flat();
}

/**
 * Returns a hash of a model's layers and weights and of a batch, which must be equal for two parts
 * of a study. Names that TensorFlow.js generated do not count, because they number the layers of
 * the process.
 */
function fingerprint(model: LayersModel, { inputs, targets }: Batch): string {
  const hash = builtin("crypto").createHash("sha256");
  for (const { path, layer } of leafLayers(model)) {
    hash.update(JSON.stringify([path, layer.getClassName()])).update(settingsOf(layer));
  }
  for (const { name, shape, values } of Object.values(getWeights(model))) {
    hash.update(JSON.stringify([name, shape])).update(bytesOf(values));
  }
  for (const tensor of [inputs, targets ?? []].flat() as Tensor[]) {
    hash.update(JSON.stringify(tensor.shape)).update(bytesOf(tensor.dataSync()));
  }
  return hash.digest("hex").slice(0, 32);
}

/** Returns the configuration of a layer: activation, strides, axes ... */
function settingsOf(layer: Layer): string {
  try {
    return JSON.stringify(layer.getConfig(), (key, value) => key === "name" ? undefined : value);
  } catch {
    // A custom layer may not be able to return it; its class and its weights still count.
    return "";
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Scales the kernels of a model, always from the original ones. The originals stay on the engine's
 * heap, where multiplying them takes a ninth of the time of multiplying them outside and sending
 * them through `setWeights` (0.8 against 6.8 ms for nine kernels of 512 x 512; 2-core Xeon).
 */
class KernelScaler {
  readonly #tf: TensorFlow;
  readonly #kernels: { variable: ModelWeight["variable"]; original: Tensor }[];

  constructor(tf: TensorFlow, model: LayersModel, isScaled: (layer: string) => boolean) {
    this.#tf = tf;
    this.#kernels = modelWeights(model)
      .filter(({ variable, weightName, layerPath }) =>
        isKernel({ name: weightName, shape: variable.shape }) && isScaled(layerPath)
      )
      // A clone shares the data, and a variable is never written in place.
      .map(({ variable }) => ({ variable, original: variable.read().clone() }));
  }

  /** Number of scaled kernels. */
  get count(): number {
    return this.#kernels.length;
  }

  /** Sets every kernel to its original times the scale, in float32. */
  scale(scale: number): void {
    const tf = this.#tf;
    const factor = tf.scalar(scale);
    for (const { variable, original } of this.#kernels) {
      // Runs the op directly: for 20 x 20 entries, the overhead of tf.mul takes as long again.
      const scaled = tf.engine().runKernel("Multiply", { a: original, b: factor }) as Tensor;
      (variable.read() as unknown as { assign(value: unknown): void }).assign(scaled);
      scaled.dispose();
    }
    factor.dispose();
  }

  /** Frees the originals. */
  dispose(): void {
    for (const { original } of this.#kernels) original.dispose();
  }
}
