import type { Engine } from "../engine/engine.ts";
import type { Heap } from "../engine/heap.ts";
import { heapView } from "../engine/heap_view.ts";
import { heapOf } from "../engine/prepare_engine.ts";
import type { Layer, Tensor } from "../engine/tensorflow.ts";
import type { ModelWeight } from "../model/model_weights.ts";
import { backPropagate } from "./back_propagate.ts";
import { explainPass } from "./call_or_explain.ts";
import { compiledMetrics } from "./compiled_metrics.ts";
import { declareSignals } from "./declare_signals.ts";
import { describeLayer } from "./describe_layer.ts";
import { dropTape, recordTape, type TapeNode } from "./engine_state.ts";
import { Flow } from "./flow.ts";
import { keepState } from "./keep_state.ts";
import { inCallOrder, type LayerRecord } from "./layer_record.ts";
import { measureInputs, measureTargets } from "./measure_batch.ts";
import {
  measureWeight,
  type WeightGradient,
  weightGradient,
  WeightSums,
} from "./measure_weight.ts";
import type { Measurements, ObjectiveMeasurements, WeightMeasurements } from "./measurements.ts";
import type { PassPlan } from "./plan_pass.ts";
import { mayAttend } from "./note_tokens.ts";
import { repeatedOutputs } from "./repeated_outputs.ts";
import { evaluateObjective } from "./resolve_objective.ts";
import { makeTap, type Viewers, WatchedGradients } from "./tap.ts";
import { tapLayers } from "./tap_layers.ts";
import { inputName } from "./tensor_names.ts";
import { measurePenalties, optimizerOf } from "./training_facts.ts";

/**
 * One pass over a model: its phases, in the order in which {@linkcode Pass.run} calls them. Whatever a
 * phase changes in the model or in TensorFlow.js is taken back when the pass is disposed of, the last
 * change first, also where a phase has thrown.
 */
export class Pass implements Disposable {
  readonly #engine: Engine;
  readonly #heap: Heap;
  readonly #plan: PassPlan;
  readonly #cleanUp = new DisposableStack();
  /** Whose gradients the backward pass shows. */
  readonly #watched = new WatchedGradients();
  /** Which layer's output went into which. */
  readonly #flow: Flow;
  readonly #weightSums: WeightSums;
  /** The rows of the report, in the order of the model. */
  #records: LayerRecord[] = [];
  readonly #recordOf = new Map<Layer, LayerRecord>();
  /** The rows of the layers that were called, in the order of their first calls. */
  readonly #called: LayerRecord[] = [];
  readonly #gradients = new Map<ModelWeight, WeightGradient>();
  readonly #progress = { forward: new Set<LayerRecord>(), backward: new Set<LayerRecord>() };
  /** The layer whose gradient was shown last. */
  #latest: LayerRecord | null = null;
  /** What a callback of the caller has thrown. */
  #thrown: unknown;
  #value = NaN;
  #metrics: Pick<ObjectiveMeasurements, "metrics"> = {};
  #heads = 0;

  /** Prepares a pass; {@linkcode Pass.run} runs it, once. */
  constructor(engine: Engine, plan: PassPlan) {
    this.#engine = engine;
    this.#heap = heapOf(engine);
    this.#plan = plan;
    this.#weightSums = new WeightSums(this.#heap);
    const { inputs, model } = plan;
    this.#flow = new Flow(inputs, inputs.map((_, index) => inputName(model, index)));
  }

  /** Runs the phases. */
  run(): Measurements {
    try {
      const restoreState = this.#keepState();
      this.#tapLayers();
      this.#watchWeights();
      const { tape, scalar } = this.#goForward((outputs) => {
        this.#metrics = compiledMetrics(this.#heap.tf, this.#plan, outputs);
      });
      backPropagate(this.#heap.tf, tape, scalar, this.#watched);
      // Weights are reported as they were, whatever the layers made of them.
      restoreState();
      return this.#describe();
    } catch (error) {
      throw this.#explain(error);
    }
  }

  /** Runs the forward pass, and the backward one if a gradient is asked for: shows tensors, measures nothing. */
  show({ output, gradients }: Viewers): void {
    try {
      this.#keepState();
      this.#tapLayers(output);
      for (const [{ variable }, see] of gradients) this.#watched.watch(variable.read(), see);
      const { tape, scalar } = this.#goForward();
      if (gradients.size > 0) backPropagate(this.#heap.tf, tape, scalar, this.#watched);
    } catch (error) {
      throw this.#explain(error);
    }
  }

  [Symbol.dispose](): void {
    this.#cleanUp.dispose();
  }

  /** Sets aside what the forward pass may change in the model. */
  #keepState(): () => void {
    const { tf } = this.#heap;
    const { chosen, leaves } = this.#plan;
    this.#cleanUp.defer(() => tf.dispose(chosen.drawn ?? []));
    const restore = keepState(tf, leaves.map(({ layer }) => layer));
    this.#cleanUp.defer(restore);
    return restore;
  }

  /** Has every layer show what goes through it. */
  #tapLayers(onOutput?: Viewers["output"]): void {
    const { leaves, containers, onBatch, examples, options: { histograms = false } } = this.#plan;
    const { records, restore } = tapLayers(leaves, containers, {
      sweep: { heap: this.#heap, examples, histograms, attends: leaves.some(mayAttend) },
      tap: makeTap(this.#watched),
      flow: this.#flow,
      onBatch,
      onFirstCall: (record) => {
        this.#called.push(record);
        this.#weightSums.beforeCall(record.layer);
      },
      onLayer: (phase, record) => this.#onLayer(phase, record),
      onOutput,
    });
    this.#cleanUp.defer(restore);
    this.#records = records;
    for (const record of records) this.#recordOf.set(record.layer, record);
  }

  /** Asks for the gradients of the weights that are trained. */
  #watchWeights(): void {
    const { histograms = false } = this.#plan.options;
    for (const weight of this.#plan.weights.filter(({ trainable }) => trainable)) {
      const record = this.#recordOf.get(weight.layer)!;
      this.#watched.watch(weight.variable.read(), (dw) => {
        this.#gradients.set(weight, weightGradient(this.#heap, dw, record.usedRows, histograms));
      });
    }
  }

  /** The forward pass, up to the scalar that is differentiated. */
  #goForward(onOutputs?: (outputs: Tensor[]) => void): { tape: TapeNode[]; scalar: Tensor } {
    const { tf } = this.#heap;
    const { model, inputs, chosen: { objective }, options } = this.#plan;
    this.#cleanUp.defer(() => dropTape(tf));
    let scalar: Tensor;
    const tape = recordTape(tf, () => {
      const returned = model.apply(inputs.length === 1 ? inputs[0] : inputs, { training: false });
      const outputs = [repeatedOutputs(model, returned as Tensor | Tensor[])].flat();
      this.#heads = this.#flow.finish(outputs);
      scalar = evaluateObjective(tf, objective, outputs, options.penalties ? model : null);
      this.#value = heapView(tf, scalar)[0];
      onOutputs?.(outputs);
    });
    return { tape, scalar: scalar! };
  }

  /** Turns what the pass has gathered into plain data. */
  #describe(): Measurements {
    const { model, batch, inputs, targets, options, examples, chosen, weights, leaves } =
      this.#plan;
    const { simd, relaxedSimd, version } = this.#engine;
    const { objective, chosenBy, drawn } = chosen;
    const weightsOf = this.#measureWeights();
    const rows = inCallOrder(this.#records, this.#called);
    const measured = {
      ...measureInputs(this.#heap, model, inputs, (layer) => this.#recordOf.get(layer)?.name),
      targets: measureTargets(this.#heap, model, drawn ?? targets ?? [], objective.lossOf),
    };
    const layers = leaves.map(({ layer }) => layer);
    const penalties = measurePenalties(this.#heap.tf, model, layers);
    return {
      version: 1,
      model: {
        name: model.name,
        source: options.source ?? null,
        parameters: weights.reduce((sum, { variable }) => sum + variable.read().size, 0),
        layers: rows.length,
      },
      engine: { backend: "wasm", simd, relaxedSimd, tfjs: version },
      batch: {
        examples,
        seed: batch.seed ?? null,
        ...(batch.random === true ? { random: true } : {}),
        ...measured,
      },
      objective: {
        name: objective.name,
        value: this.#value,
        ...(chosenBy === null ? {} : { chosenBy }),
        ...(penalties === null ? {} : { penalty: penalties.all }),
        ...this.#metrics,
        ...(drawn === null ? {} : { randomTargets: true }),
      },
      ...{ ...optimizerOf(model), seed: options.seed ?? null },
      layers: declareSignals(
        rows.map((row) =>
          describeLayer(row, weightsOf.get(row.name) ?? [], {
            ...{ heads: this.#heads, examples, penalties: penalties?.byLayer ?? null },
          })
        ),
        measured.perInput,
      ),
    };
  }

  /** The weights by the paths of their layers. */
  #measureWeights(): Map<string, WeightMeasurements[]> {
    const measured = new Map<string, WeightMeasurements[]>();
    for (const weight of this.#plan.weights) {
      const gradient = this.#gradients.get(weight) ?? null;
      const { isOutput } = this.#recordOf.get(weight.layer)!;
      const one = measureWeight(this.#heap, weight, gradient, this.#weightSums, isOutput);
      const others = measured.get(weight.layerPath);
      if (others === undefined) measured.set(weight.layerPath, [one]);
      else others.push(one);
    }
    return measured;
  }

  /** Tells the caller how far the pass is: of each layer once forward and once backward. */
  #onLayer(phase: "forward" | "backward", record: LayerRecord): void {
    if (phase === "backward") this.#latest = record;
    const seen = this.#progress[phase];
    if (seen.has(record)) return;
    seen.add(record);
    const { options, leaves } = this.#plan;
    try {
      options.onProgress?.({ phase, done: seen.size, total: leaves.length });
    } catch (error) {
      this.#thrown = error;
      throw error;
    }
  }

  /** What to throw for what a phase has thrown. */
  #explain(error: unknown): unknown {
    if (error === this.#thrown) return error;
    return explainPass(error, this.#engine, this.#plan.chosen.objective.name, this.#latest);
  }
}
