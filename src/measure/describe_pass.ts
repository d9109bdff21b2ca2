import type { Engine } from "../engine/engine.ts";
import type { Heap } from "../engine/heap.ts";
import type { Layer } from "../engine/tensorflow.ts";
import { computesAsKeras } from "../model/kept_logits.ts";
import type { ModelWeight } from "../model/model_weights.ts";
import { notReproducedIn } from "../model/not_reproduced.ts";
import { declareSignals } from "./declare_signals.ts";
import { describeLayer } from "./describe_layer.ts";
import { inCallOrder, type LayerRecord } from "./layer_record.ts";
import { measureInputs, measureTargets } from "./measure_batch.ts";
import { outputName } from "./tensor_names.ts";
import { measureWeight, type WeightGradient } from "./measure_weight.ts";
import type { Measurements, ObjectiveMeasurements, WeightMeasurements } from "./measurements.ts";
import type { PassPlan } from "./plan_pass.ts";
import { measurePenalties, optimizerOf } from "./training_facts.ts";
import type { TensorSums } from "./tensor_sums.ts";

/** Results that a pass has gathered. */
export interface PassFindings {
  engine: Engine;
  heap: Heap;
  plan: PassPlan;
  /** Rows of the report, in the order of the model. */
  records: readonly LayerRecord[];
  /** Rows of the layers that were called, in the order of their first calls. */
  called: readonly LayerRecord[];
  recordOf: ReadonlyMap<Layer, LayerRecord>;
  gradients: ReadonlyMap<ModelWeight, WeightGradient>;
  sums: TensorSums;
  /** Value of the objective. */
  value: number;
  metrics: Pick<ObjectiveMeasurements, "metrics">;
  /** Number of heads of the model. */
  heads: number;
}

/** Turns the results of a pass into plain data. */
export function describePass(found: PassFindings): Measurements {
  const { engine, heap, plan, recordOf, heads } = found;
  const { model, batch, inputs, targets, options, examples, chosen, weights, layers } = plan;
  const { simd, relaxedSimd, version } = engine;
  const { objective, chosenBy, drawn } = chosen;
  const weightsOf = measureWeights(found);
  const rows = inCallOrder(found.records, found.called);
  const measured = {
    ...measureInputs(heap, model, inputs, (layer) => recordOf.get(layer)?.name),
    targets: measureTargets(heap, model, drawn ?? targets ?? [], objective.lossOf),
  };
  const penalties = measurePenalties(heap.tf, model, layers);
  return {
    version: 1,
    model: {
      name: model.name,
      source: options.source ?? null,
      ...(computesAsKeras(model) ? { framework: "keras" as const } : {}),
      parameters: weights.reduce((sum, { variable }) => sum + variable.read().size, 0),
      layers: new Set(rows.map(({ layer }) => layer)).size,
    },
    engine: { backend: "wasm", simd, relaxedSimd, tfjs: version },
    batch: {
      examples,
      seed: batch.seed ?? null,
      ...(batch.random === true ? { random: true } : {}),
      ...describeParts(plan, recordOf),
      ...measured,
    },
    objective: {
      name: objective.name,
      value: found.value,
      ...describeLosses(plan),
      ...(chosenBy === null ? {} : { chosenBy }),
      ...(penalties === null ? {} : { penalty: penalties.all }),
      ...found.metrics,
      ...(drawn === null ? {} : { randomTargets: true }),
    },
    ...optimizerOf(model),
    ...substitutesIn(plan),
    seed: options.seed ?? null,
    layers: declareSignals(
      rows.map((row) =>
        describeLayer(row, weightsOf.get(row.name) ?? [], {
          ...{ heads, examples, penalties: penalties?.byLayer ?? null },
        })
      ),
      measured.perInput,
    ),
  };
}

/** Lists the losses of the outputs if one has settings other than the defaults. */
function describeLosses(
  { model, chosen: { objective } }: PassPlan,
): Pick<ObjectiveMeasurements, "losses"> {
  const isOne = model.outputs.length === 1;
  const losses = model.outputs.flatMap((_, i) => {
    const settings = objective.settingsOf(i);
    if (settings === null) return [];
    const { name, ...options } = settings;
    return [isOne ? { name, ...options } : { name, output: outputName(model, i), ...options }];
  });
  const usual = isOne ? 1 : 2;
  const isSet = losses.some((loss) => Object.keys(loss).length > usual);
  return isSet ? { losses } : {};
}

/** Lists the settings that were replaced. A requested loss replaces none. */
function substitutesIn(
  { model, options, chosen }: PassPlan,
): Pick<Measurements, "notReproduced"> {
  const { name } = chosen.objective;
  const objective = name === "sum" ? "the sum of the outputs" : name;
  const notReproduced = notReproducedIn(model)
    .filter(({ setting }) => setting !== "loss" || options.objective === undefined)
    .map((one) => ({ ...one, substitute: one.substitute ?? objective }));
  return notReproduced.length === 0 ? {} : { notReproduced };
}

/** Describes how the batch was cut, and lists the layers whose results may depend on it. */
function describeParts(
  { memory }: PassPlan,
  recordOf: ReadonlyMap<Layer, LayerRecord>,
): Pick<Measurements["batch"], "microBatch" | "sawParts"> {
  if (memory.kind !== "parts") return {};
  const { examples, apart } = memory;
  return {
    microBatch: examples,
    ...apart.length === 0 ? {} : { sawParts: apart.map((layer) => recordOf.get(layer)!.name) },
  };
}

/** Measures the weights, by the paths of their layers. */
function measureWeights(
  { heap, plan, gradients, recordOf, sums }: PassFindings,
): Map<string, WeightMeasurements[]> {
  const measured = new Map<string, WeightMeasurements[]>();
  for (const weight of plan.weights) {
    const gradient = gradients.get(weight) ?? null;
    const { isOutput } = recordOf.get(weight.layer)!;
    const one = measureWeight(heap, weight, gradient, sums, isOutput);
    const others = measured.get(weight.layerPath);
    if (others === undefined) measured.set(weight.layerPath, [one]);
    else others.push(one);
  }
  return measured;
}
