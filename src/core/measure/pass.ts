import type { Engine } from "../../engine/engine.ts";
import { type Heap, heapView } from "../../engine/heap/heap.ts";
import { offload } from "../../engine/heap/offload.ts";
import { heapOf, prepareEngine } from "../../engine/start/prepare_engine.ts";
import type { Layer, LayersModel, Tensor } from "../../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import type { LeafLayer } from "../model/layers/leaf_layers.ts";
import type { ModelWeight } from "../model/weights/model_weights.ts";
import { AcrossParts, partsOf } from "./across_parts.ts";
import { mayAttend } from "./layer_notes.ts";
import { outputsOf, repeatedOutputs } from "../model/keras_outputs.ts";
import { backPropagate } from "./back_propagate.ts";
import { explainPass } from "./call_or_explain.ts";
import { compiledMetrics } from "./training_facts.ts";
import { describePass } from "./describe_pass.ts";
import { Flow } from "./flow.ts";
import {
  dropTape,
  inSameState,
  keepState,
  recordTape,
  runOnce,
  type TapeNode,
} from "./keep_state.ts";
import type { LayerRecord } from "./layer_record.ts";
import { LayerTap, type TapOptions } from "./layer_tap.ts";
import { MeasureError, type MeasureOptions } from "./measure_options.ts";
import { type WeightGradient, weightGradient } from "./measure_weights.ts";
import type { Measurements, ObjectiveMeasurements } from "./measurements.ts";
import { type PassClock, startClock } from "./pass_clock.ts";
import { type PassPlan, planPass, requireMeasurable, requireMeasureOptions } from "./plan_pass.ts";
import { evaluateObjective } from "./resolve_objective.ts";
import { TensorSums } from "./sums.ts";
import { makeTap, type Viewers, WatchedGradients, wrapCall } from "./tap.ts";
import { inputName } from "../model/names.ts";
import { wholeObjective } from "./whole_objective.ts";

/**
 * Pass over a model: its phases, in the order in which {@linkcode Pass.run} calls them. Disposing
 * the pass undoes every change to the model and to TensorFlow.js in reverse order, even if a phase
 * threw.
 */
export class Pass implements Disposable {
  readonly #engine: Engine;
  readonly #heap: Heap;
  readonly #plan: PassPlan;
  readonly #cleanUp = new DisposableStack();
  readonly #watched = new WatchedGradients(); // tensors whose gradients the backward pass shows
  readonly #flow: Flow; // connections of the layers
  /** Merges the parts of the batch; `null` if it runs in one go. */
  readonly #across: AcrossParts | null;
  readonly #sums: TensorSums;
  /** Rows of the report, in the order of the model. */
  #records: LayerRecord[] = [];
  readonly #recordOf = new Map<Layer, LayerRecord>();
  /** Rows of the layers that were called, in the order of their first calls. */
  readonly #called: LayerRecord[] = [];
  readonly #gradients = new Map<ModelWeight, WeightGradient>();
  readonly #clock: PassClock | null;
  #latest: LayerRecord | null = null; // layer whose gradient was shown last
  #isForward = false; // true while the model computes its outputs
  #thrown: unknown; // error of a caller's callback
  #value = NaN;
  #metrics: Pick<ObjectiveMeasurements, "metrics"> = {};
  #heads = 0;

  /** Prepares a pass; {@linkcode Pass.run} runs it, once. */
  constructor(engine: Engine, plan: PassPlan) {
    this.#engine = engine;
    this.#heap = heapOf(engine);
    this.#plan = plan;
    this.#sums = new TensorSums(this.#heap);
    const { inputs, model, memory, examples } = plan;
    this.#flow = new Flow(inputs.map((_, index) => inputName(model, index)));
    this.#across = memory.kind === "parts" ? new AcrossParts(this.#heap.tf, examples) : null;
    this.#clock = startClock(plan, (error) => this.#thrown = error);
  }

  run(): Measurements {
    const { memory, inputs } = this.#plan;
    try {
      const restoreState = this.#keepState();
      if (memory.kind === "parts") this.#runParts(memory.examples);
      else {
        this.#tapLayers();
        this.#makeRoom();
        this.#clock?.begin();
        this.#watchWeights((weight, dw) => this.#sumUp(weight, dw));
        this.#goThrough(inputs, (outputs) => this.#evaluate(outputs));
      }
      // Weights are reported as they were before layers changed them.
      restoreState();
      return describePass({
        engine: this.#engine,
        heap: this.#heap,
        plan: this.#plan,
        records: this.#records,
        called: this.#called,
        recordOf: this.#recordOf,
        gradients: this.#gradients,
        sums: this.#sums,
        value: this.#value,
        metrics: this.#metrics,
        heads: this.#heads,
      });
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Runs the forward pass, and the backward one if a gradient is requested, without measuring. */
  show({ output, gradients }: Viewers): void {
    const { inputs } = this.#plan;
    try {
      this.#keepState();
      this.#tapLayers(output);
      for (const [{ variable }, see] of gradients) this.#watched.watch(variable.read(), see);
      this.#makeRoom();
      const { tape, scalar } = this.#goForward(inputs, (outputs) => this.#scalarOf(outputs));
      if (gradients.size > 0) backPropagate(this.#heap.tf, tape, scalar, this.#watched);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  [Symbol.dispose](): void {
    this.#cleanUp.dispose();
  }

  /** Saves the state that the forward pass may change. */
  #keepState(): () => void {
    const { tf } = this.#heap;
    const { chosen, layers, containers } = this.#plan;
    this.#cleanUp.defer(() => tf.dispose(chosen.drawn ?? []));
    const restore = keepState(tf, [...layers, ...containers]);
    this.#cleanUp.defer(restore);
    return restore;
  }

  /** Starts to move tensors that do not all fit in the heap elsewhere. */
  #makeRoom(): void {
    const { memory, weights } = this.#plan;
    if (memory.kind === "whole") return;
    const pinned = weights.map(({ variable }) => variable.read());
    this.#cleanUp.use(offload(this.#heap.tf, pinned));
  }

  #runParts(size: number): void {
    const { tf } = this.#heap;
    const { inputs, layers, containers } = this.#plan;
    const sums = new GradientSums(this.#heap);
    const add = (weight: ModelWeight, dw: Tensor) => sums.add(weight, dw);
    const parts = partsOf(tf, inputs, size);
    this.#isForward = true;
    using objective = wholeObjective(tf, this.#plan, parts, {
      evaluate: (outputs) => this.#evaluate(outputs),
      see: add,
      onPart: () => this.#clock?.swept(),
    });
    this.#tapLayers();
    for (const { from, slice } of parts) {
      const given = slice();
      using _part = { [Symbol.dispose]: () => tf.dispose(given) };
      this.#across!.begin(this.#records, given[0].shape[0]);
      this.#clock?.begin();
      this.#watched.clear();
      this.#watchWeights(add);
      const evaluate = (outputs: Tensor[]) => objective.ofPart(outputs, from);
      // Each part starts from the same state.
      inSameState(tf, [...layers, ...containers], () => this.#goThrough(given, evaluate));
      this.#across!.end(this.#records);
      dropTape(tf);
    }
    sums.showEach((weight, dw) => this.#sumUp(weight, dw));
  }

  /** Makes every layer show its tensors. */
  #tapLayers(onOutput?: Viewers["output"]): void {
    const { leaves, containers, onBatch, examples, options: { histograms = false } } = this.#plan;
    const heap = this.#heap;
    const sums = this.#sums;
    const across = this.#across;
    const { records, restore } = tapLayers(leaves, containers, {
      sweep: { heap, sums, examples, across, histograms, attends: leaves.some(mayAttend) },
      tap: makeTap(this.#watched),
      flow: this.#flow,
      onBatch,
      onFirstCall: (record) => {
        this.#called.push(record);
        this.#sums.beforeCall(record.layer);
      },
      onLayer: (phase, record) => this.#onLayer(phase, record),
      onOutput,
    });
    this.#cleanUp.defer(restore);
    this.#records = records;
    for (const record of records) this.#recordOf.set(record.layer, record);
  }

  /** Watches the gradients of trained weights. */
  #watchWeights(see: (weight: ModelWeight, dw: Tensor) => void): void {
    for (const weight of this.#plan.weights.filter(({ trainable }) => trainable)) {
      this.#watched.watch(weight.variable.read(), (dw) => see(weight, dw));
    }
  }

  /** Takes the statistics of the gradient of a weight. */
  #sumUp(weight: ModelWeight, dw: Tensor): void {
    const { usedRows } = this.#recordOf.get(weight.layer)!;
    const counts = this.#plan.options.histograms ?? false;
    this.#gradients.set(weight, weightGradient(this.#heap, dw, { usedRows, histograms: counts }));
  }

  #scalarOf(outputs: Tensor[]): Tensor {
    const { chosen: { objective }, options: { penalties }, model } = this.#plan;
    return evaluateObjective(this.#heap.tf, objective, outputs, penalties ? model : null);
  }

  /** Evaluates the objective and the metrics of the whole batch. */
  #evaluate(outputs: Tensor[]): Tensor {
    this.#isForward = false;
    const scalar = this.#scalarOf(outputs);
    this.#value = heapView(this.#heap.tf, scalar)[0];
    this.#metrics = compiledMetrics(this.#heap.tf, this.#plan, outputs);
    return scalar;
  }

  #goThrough(inputs: Tensor[], evaluate: (outputs: Tensor[]) => Tensor): void {
    const { tape, scalar } = this.#goForward(inputs, evaluate);
    backPropagate(this.#heap.tf, tape, scalar, this.#watched);
  }

  /** Runs the forward pass, up to the scalar that is differentiated. */
  #goForward(
    inputs: Tensor[],
    evaluate: (outputs: Tensor[]) => Tensor,
  ): { tape: TapeNode[]; scalar: Tensor } {
    const { tf } = this.#heap;
    const { model } = this.#plan;
    this.#cleanUp.defer(() => dropTape(tf));
    this.#flow.begin(inputs);
    let scalar: Tensor;
    const tape = recordTape(tf, () => {
      this.#isForward = true;
      const outputs = outputsOf(tf, model, inputs);
      this.#isForward = false;
      this.#heads = this.#flow.finish(outputs);
      scalar = evaluate(outputs);
    });
    return { tape, scalar: scalar! };
  }

  #onLayer(phase: "forward" | "backward", record: LayerRecord): void {
    if (phase === "backward") this.#latest = record;
    this.#clock?.see(phase, record.layer);
  }

  /** Turns an error of a phase into the one to throw. */
  #explain(error: unknown): unknown {
    if (error === this.#thrown) return error;
    const latest = this.#latest;
    const objective = this.#plan.chosen.objective.name;
    return explainPass(error, this.#engine, this.#isForward ? null : { objective, latest });
  }
}

/** Result of {@linkcode tapLayers}. */
interface TappedLayers {
  /** Rows in the order of the model, parts after the layer they belong to. */
  records: LayerRecord[];
  /** Removes all taps. */
  restore(): void;
}

/**
 * Taps every layer for the duration of a pass.
 *
 * @param containers Layers that only call others.
 * @param options The tap and other options of the pass.
 */
function tapLayers(leaves: LeafLayer[], containers: Layer[], options: TapOptions): TappedLayers {
  const restore: (() => void)[] = [];
  const records: LayerRecord[] = [];
  const undo = () => {
    for (const step of restore.reverse()) step();
  };
  try {
    for (const container of containers) restore.push(followContainer(container, options.flow));
    for (const leaf of leaves) {
      const tap = new LayerTap(leaf, options);
      restore.push(() => tap.remove());
      records.push(...tap.put());
    }
    restore.push(runOnce([...containers, ...leaves.map(({ layer }) => layer)]));
  } catch (error) {
    undo();
    throw error;
  }
  return { records, restore: undo };
}

function followContainer(container: Layer, flow: Flow): () => void {
  return wrapCall(container, (call, inputs, kwargs) => {
    flow.enter([inputs].flat());
    const outputs = repeatedOutputs(container, call(inputs, kwargs));
    flow.leave([outputs].flat());
    return outputs;
  });
}

/**
 * Sums the gradients of weights over the parts of a batch, in float64 and off the WASM heap, which
 * needs the room for examples.
 */
class GradientSums {
  readonly #heap: Heap;
  readonly #sums = new Map<ModelWeight, Float64Array>();

  /** @param heap The engine's heap. */
  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Adds the gradient from one part. */
  add(weight: ModelWeight, gradient: Tensor): void {
    const values = heapView(this.#heap.tf, gradient);
    const sums = this.#sums.get(weight);
    if (sums === undefined) this.#sums.set(weight, Float64Array.from(values));
    else for (let i = 0; i < sums.length; i++) sums[i] += values[i];
  }

  /** Shows the sum of each weight that had a gradient, one at a time, and frees it. */
  showEach(see: (weight: ModelWeight, gradient: Tensor) => void): void {
    const { tf } = this.#heap;
    for (const [weight, sums] of this.#sums) {
      const gradient = tf.tensor(Float32Array.from(sums), weight.variable.shape as number[]);
      try {
        see(weight, gradient);
      } finally {
        gradient.dispose();
      }
      this.#sums.delete(weight);
    }
  }
}

/** Models whose layers are tapped now: a callback of a pass may not measure them again. */
const measuring = new WeakSet<LayersModel>();

/**
 * Runs the pass that {@linkcode measure} describes, on a running engine. It is synchronous, so that
 * nothing can change the model while its layers are tapped.
 */
export function runPass(
  engine: Engine,
  model: LayersModel,
  batch: Batch,
  options: MeasureOptions,
): Measurements {
  requireMeasureOptions(options);
  return withPass(engine, { model, batch, options }, (pass) => pass.run());
}

export interface PassSubject {
  model: LayersModel;
  batch: Batch;
  options: MeasureOptions;
}

/**
 * Prepares a pass, and cleans up after it.
 *
 * @param subject The model, the batch, and the options, which are checked already.
 * @param use Runs the pass, and returns its findings.
 */
export function withPass<Found>(
  engine: Engine,
  { model, batch, options }: PassSubject,
  use: (pass: Pass, plan: PassPlan) => Found,
): Found {
  requireMeasurable(model, batch);
  prepareEngine(engine, model);
  if (measuring.has(model)) {
    throw new MeasureError(`Model ${model.name} is being measured: wait until that pass is over`);
  }
  const plan = planPass(engine.tf, model, batch, options);
  measuring.add(model);
  try {
    using pass = new Pass(engine, plan);
    return use(pass, plan);
  } finally {
    measuring.delete(model);
  }
}
