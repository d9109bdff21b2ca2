import type { Engine } from "../engine/engine.ts";
import { heapView } from "../engine/heap_view.ts";
import { unmeasurableReason } from "../engine/layers/unmeasurable_reason.ts";
import { backendChange, prepareEngine } from "../engine/prepare_engine.ts";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batch.ts";
import { containerLayers } from "../model/inner_layers.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { type ModelWeight, modelWeights } from "../model/model_weights.ts";
import { backPropagate } from "./back_propagate.ts";
import { checkBatch, checkOptions, checkSubject } from "./check_arguments.ts";
import { chooseObjective } from "./choose_objective.ts";
import { describeLayer } from "./describe_layer.ts";
import { dropTape, recordTape } from "./engine_state.ts";
import { checkMemory } from "./estimate_memory.ts";
import { Flow } from "./flow.ts";
import { keepState } from "./keep_state.ts";
import type { LayerRecord } from "./layer_record.ts";
import { measureInputs, measureTargets } from "./measure_batch.ts";
import { MeasureError } from "./measure_error.ts";
import type { MeasureOptions } from "./measure_options.ts";
import {
  measureWeight,
  type WeightGradient,
  weightGradient,
  WeightSums,
} from "./measure_weight.ts";
import type { Measurements } from "./measurements.ts";
import { normalizedOnBatch } from "./normalized_on_batch.ts";
import { repeatedOutputs } from "./repeated_outputs.ts";
import type { ResolvedObjective } from "./resolve_objective.ts";
import { makeTap, WatchedGradients } from "./tap.ts";
import { tapLayers } from "./tap_layers.ts";
import { errorMessage } from "../words/error_message.ts";

/** A model whose regularizers can be asked; TensorFlow.js declares it protected. */
interface Penalised {
  calculateLosses(): Tensor[];
}

/** Models whose layers are tapped now: a callback of a pass may not measure them once more. */
const measuring = new WeakSet<LayersModel>();

/**
 * Runs the pass that {@linkcode measure} describes, on an engine that runs already. Synchronous, so
 * that nothing can change the model while its layers are tapped.
 */
export function runPass(
  engine: Engine,
  model: LayersModel,
  batch: Batch,
  options: MeasureOptions,
): Measurements {
  const { tf } = engine;
  checkOptions(options);
  checkSubject(model, batch);
  prepareEngine(engine, model);
  if (measuring.has(model)) {
    throw new MeasureError(`Model ${model.name} is being measured: wait until that pass is over`);
  }
  const inputs = [batch.inputs].flat();
  const targets = batch.targets == null ? null : [batch.targets].flat();
  const examples = checkBatch(model, inputs, targets);
  const chosen = chooseObjective(tf, model, options.objective, targets, batch.seed ?? 0);
  const { objective } = chosen;
  const leaves = leafLayers(model);
  const layers = leaves.map(({ layer }) => layer);
  for (const layer of layers) {
    const reason = unmeasurableReason(layer);
    if (reason !== null) throw new MeasureError(reason);
  }
  const containers = containerLayers(model);
  const onBatch = normalizedOnBatch(layers, examples, options.batchNormalization);
  checkMemory(model, layers, containers, { inputs: inputs.map(({ shape }) => shape), onBatch });
  const weights = modelWeights(model, leaves);
  const watched = new WatchedGradients();
  const flow = new Flow();
  const sums = new WeightSums(tf);
  const started: LayerRecord[] = [];
  let backward: LayerRecord | null = null;
  const seen = { forward: new Set<LayerRecord>(), backward: new Set<LayerRecord>() };
  let thrown: unknown;
  let heads = 0;
  let scalar: Tensor | null = null;
  let value = NaN;
  measuring.add(model);
  const cleanUp: (() => void)[] = [
    () => measuring.delete(model),
    () => tf.dispose(chosen.drawn ?? []),
  ];
  try {
    const restoreState = keepState(tf, layers);
    cleanUp.push(restoreState, () => dropTape(tf));
    const { records, restore } = tapLayers(leaves, containers, {
      tf,
      tap: makeTap(watched),
      flow,
      onBatch,
      onFirstCall(record) {
        started.push(record);
        sums.beforeCall(record.layer);
      },
      onLayer(phase, record) {
        if (phase === "backward") backward = record;
        if (seen[phase].has(record)) return;
        seen[phase].add(record);
        try {
          options.onProgress?.({ phase, done: seen[phase].size, total: leaves.length });
        } catch (error) {
          thrown = error;
          throw error;
        }
      },
    });
    cleanUp.push(restore);

    const ownerOf = new Map(records.map((record) => [record.layer, record]));
    const gradientOf = new Map<ModelWeight, WeightGradient>();
    for (const weight of weights.filter(({ trainable }) => trainable)) {
      const owner = ownerOf.get(weight.layer)!;
      watched.watch(weight.variable.read(), (dw) => {
        gradientOf.set(weight, weightGradient(tf, dw, owner.usedRows));
      });
    }
    const tape = recordTape(tf, () => {
      const returned = model.apply(inputs.length === 1 ? inputs[0] : inputs, { training: false });
      const outputs = [repeatedOutputs(model, returned as Tensor | Tensor[])].flat();
      heads = flow.finish(outputs);
      scalar = evaluate(tf, model, objective, outputs, options.penalties ?? false);
      value = heapView(tf, scalar)[0];
    });
    backPropagate(tf, tape, scalar!, watched);
    // Weights are reported as they were, whatever the layers made of them.
    restoreState();

    const weightsOf = Map.groupBy(
      weights.map((weight) => ({
        layerPath: weight.layerPath,
        measured: measureWeight(
          tf,
          weight,
          gradientOf.get(weight) ?? null,
          sums,
          ownerOf.get(weight.layer)!.isOutput,
        ),
      })),
      ({ layerPath }) => layerPath,
    );
    const order = inCallOrder(records, started);
    return {
      version: 1,
      model: {
        name: model.name,
        source: options.source ?? null,
        parameters: weights.reduce((sum, { variable }) => sum + variable.read().size, 0),
        layers: order.length,
      },
      engine: {
        backend: "wasm",
        simd: engine.simd,
        relaxedSimd: engine.relaxedSimd,
        tfjs: engine.version,
      },
      batch: {
        examples,
        seed: batch.seed ?? null,
        ...(batch.random === true ? { random: true } : {}),
        ...measureInputs(tf, model, inputs, (layer) => ownerOf.get(layer)?.name),
        targets: measureTargets(tf, model, chosen.drawn ?? targets ?? [], objective.lossOf),
      },
      objective: {
        name: objective.name,
        value,
        ...(chosen.chosenBy === null ? {} : { chosenBy: chosen.chosenBy }),
        ...(chosen.drawn === null ? {} : { randomTargets: true }),
      },
      seed: options.seed ?? null,
      layers: order.map((record) =>
        describeLayer(
          record,
          (weightsOf.get(record.name) ?? []).map(({ measured }) => measured),
          heads,
        )
      ),
    };
  } catch (error) {
    if (error === thrown) throw error;
    const change = backendChange(engine);
    if (change !== null) throw new MeasureError(change, { cause: error });
    throw explain(error as Error, objective.name, backward);
  } finally {
    for (const step of cleanUp.reverse()) step();
  }
}

/** The objective, with the penalties if they are asked for, as the scalar that is differentiated. */
function evaluate(
  tf: TensorFlow,
  model: LayersModel,
  objective: ResolvedObjective,
  outputs: Tensor[],
  penalties: boolean,
): Tensor {
  const value = objective.evaluate(outputs);
  if (value?.size !== 1 || value.dtype !== "float32") {
    throw new MeasureError(
      `The objective ${objective.name} must return a scalar of dtype float32, found ${
        Array.isArray(value?.shape)
          ? `a tensor of shape [${value.shape.join(", ")}] and dtype ${value.dtype}`
          : typeof value
      }`,
    );
  }
  const own = penalties ? (model as unknown as Penalised).calculateLosses() : [];
  return own.reduce((sum, penalty) => tf.add(sum, tf.reshape(penalty, value.shape)), value);
}

/** Layers in the order of their first call, each followed by its parts; then those never called. */
function inCallOrder(records: LayerRecord[], started: LayerRecord[]): LayerRecord[] {
  const rows = Map.groupBy(records, ({ layer }) => layer);
  const layers = new Set([...started.map(({ layer }) => layer), ...rows.keys()]);
  return [...layers].flatMap((layer) => rows.get(layer)!);
}

function explain(error: Error, objective: string, backward: LayerRecord | null): Error {
  if (error instanceof MeasureError || error instanceof RangeError) return error;
  const where = backward === null
    ? `The objective ${objective} cannot be evaluated or differentiated`
    : `The gradient of layer ${backward.name} (${backward.className}) cannot be computed`;
  return new MeasureError(`${where}: ${errorMessage(error)}`, { cause: error });
}
