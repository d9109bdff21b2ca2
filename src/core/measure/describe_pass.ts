import type { Engine } from "../../engine/engine.ts";
import { type Heap, heapView } from "../../engine/heap/heap.ts";
import type { Sums } from "../../engine/native/sums.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { inputRanges } from "../model/batches/random_batch.ts";
import { computesAsKeras } from "../model/keras_outputs.ts";
import {
  broadcasts,
  classAxisOf,
  fillShape,
  hasShape,
  mayBeOnEither,
} from "../model/layers/shapes.ts";
import { layerSource } from "../model/layers/layer_source.ts";
import { frontLayers } from "../model/layers/leaf_layers.ts";
import type { LossSettings } from "../model/objective.ts";
import { notReproducedIn } from "../model/loaded_model.ts";
import type { ModelWeight } from "../model/weights/model_weights.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { ignoredClassOf, lossTraits } from "../../ground/traits/losses.ts";
import type { DeclaredSignals, InputMoments } from "../../ground/traits/layers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { measureFeatures, spreadOf } from "./observe.ts";
import { targetChance } from "./target_chance.ts";
import { describeLayer } from "./describe_layer.ts";
import { countFlatRows } from "./layer_notes.ts";
import { inCallOrder, type LayerRecord } from "./layer_record.ts";
import { MeasureError } from "./measure_options.ts";
import { measureWeight, type WeightGradient } from "./measure_weights.ts";
import type {
  ClassMeasurements,
  InputMeasurements,
  LayerMeasurements,
  Measurements,
  ObjectiveMeasurements,
  TargetMeasurements,
  WeightMeasurements,
} from "./measurements.ts";
import type { PassPlan } from "./plan_pass.ts";
import { hasClassesLast, type ResolvedObjective } from "./resolve_objective.ts";
import { mergeSums, statisticsOf, sumTensor, type TensorSums } from "./sums.ts";
import { inputName, outputName } from "../model/names.ts";
import { measurePenalties, optimizerOf } from "./training_facts.ts";

/** Results that a pass has gathered. */
interface PassFindings {
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
  value: number;
  metrics: Pick<ObjectiveMeasurements, "metrics">;
  /** Number of heads of the model. */
  heads: number;
}

/** Returns the framework that wrote the layers of a model, if that is not TensorFlow.js. */
function frameworkOf({ model, layers }: PassPlan): Pick<Measurements["model"], "framework"> {
  if (computesAsKeras(model)) return { framework: "keras" };
  return layers.some((layer) => layerSource(layer) !== undefined) ? { framework: "pytorch" } : {};
}

/** Turns the results of a pass into plain data. */
export function describePass(found: PassFindings): Measurements {
  const { engine, heap, plan, recordOf, heads } = found;
  const { model, batch, inputs, targets, options, examples, chosen, weights, layers } = plan;
  const { simd, relaxedSimd, version } = engine;
  const { objective, chosenBy, drawn } = chosen;
  const weightsOf = measureWeights(found);
  const rows = inCallOrder(found.records, found.called);
  const measuredInputs = measureInputs(heap, model, inputs, (layer) => recordOf.get(layer)?.name);
  // Entries that are looked up have no distances, and drawn ones no relation.
  const isComparable = measuredInputs.perInput.every(({ dtype, lookedUp }) =>
    dtype === "float32" && lookedUp !== true
  );
  const isGiven = drawn === null && (batch.seed ?? null) === null;
  const compared = isGiven && isComparable ? inputs : [];
  const measured = {
    ...measuredInputs,
    targets: measureTargets(heap, model, drawn ?? targets ?? [], { objective, compared }),
  };
  const penalties = measurePenalties(heap.tf, model, layers);
  return {
    version: 1,
    model: {
      name: model.name,
      source: options.source ?? null,
      ...frameworkOf(plan),
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
          heads,
          examples,
          penalties: penalties?.byLayer ?? null,
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
function substitutesIn({ model, options, chosen }: PassPlan): Pick<Measurements, "notReproduced"> {
  const { name } = chosen.objective;
  const objective = name === "sum" ? "the sum of the outputs" : name;
  const notReproduced = notReproducedIn(model)
    .filter(({ setting }) => setting === "optimizer" || options.objective === undefined)
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
    const { histograms = false } = plan.options;
    const one = measureWeight(heap, weight, { gradient, sums, isOutput, histograms });
    const others = measured.get(weight.layerPath);
    if (others === undefined) measured.set(weight.layerPath, [one]);
    else others.push(one);
  }
  return measured;
}

/**
 * Asks the registered rules of custom layers for their expected signals. This happens in the pass:
 * a rule is code of the model's module, which is not available to those who judge a report.
 *
 * @returns The layers; those with a rule include its answer.
 * @throws {MeasureError} If a rule gives an invalid answer.
 */
export function declareSignals(
  layers: readonly LayerMeasurements[],
  inputs: readonly InputMeasurements[],
): LayerMeasurements[] {
  const outputs = new Map(layers.map((layer) => [layer.name, layer]));
  const ofInputs = new Map(inputs.map((input) => [input.name, input]));
  return layers.map((layer) => {
    const rule = layerTraits(layer.className).moments;
    if (rule === undefined) return layer;
    const read = [
      ...(layer.inputs ?? []).map((name) => {
        const { shape, activations } = outputs.get(name)!;
        return { shape, values: activations };
      }),
      ...(layer.reads ?? []).map((name) => ofInputs.get(name)!),
    ].map(({ shape, values }): InputMoments | null =>
      shape === null || values === null
        ? null
        : { meanSquare: values.rms ** 2, mean: values.mean, shape }
    );
    if (!read.every((moments) => moments !== null)) return layer;
    const weights = layer.weights.map(({ name, shape, values: { rms, mean } }) => ({
      name,
      shape,
      meanSquare: rms ** 2,
      mean,
    }));
    const answer: unknown = rule(read, weights);
    if (answer === null) return layer;
    if (!isDeclared(answer, read.length)) {
      throw new MeasureError({
        place: `moments of ${layer.className}`,
        verb: "returned",
        found: `${showValue(answer)} for ${layer.name}`,
        expected:
          `{ output: { meanSquare, mean }, gradients }, gradients null or ${read.length} numbers from 0`,
      });
    }
    const { output: { meanSquare, mean }, gradients } = answer;
    return {
      ...layer,
      declared: { output: { meanSquare, mean }, gradients: gradients && [...gradients] },
    };
  });
}

function isDeclared(answer: unknown, inputs: number): answer is DeclaredSignals {
  const { output, gradients } = (answer ?? {}) as Partial<DeclaredSignals>;
  const isSize = (value: unknown) =>
    typeof value === "number" && Number.isFinite(value) && value >= 0;
  return typeof output === "object" && output !== null && isSize(output.meanSquare) &&
    Number.isFinite(output.mean) && output.mean ** 2 <= output.meanSquare * (1 + 1e-6) &&
    (gradients === null ||
      Array.isArray(gradients) && gradients.length === inputs && gradients.every(isSize));
}

/**
 * Measures the inputs of a batch, each one and all together.
 *
 * @param nameOf Returns the name of a layer's row; `undefined` for a layer that is not part of the
 * model.
 */
function measureInputs(
  heap: Heap,
  model: LayersModel,
  inputs: Tensor[],
  nameOf: (layer: Layer) => string | undefined,
): Pick<Measurements["batch"], "inputs" | "perInput"> {
  const ranges = inputRanges(model);
  const fronts = frontLayers(model, (layer) => nameOf(layer) !== undefined);
  let all: Sums | null = null;
  const perInput = inputs.map((tensor, i): InputMeasurements => {
    const sums = sumTensor(heap, tensor);
    all = mergeSums(all, sums);
    return {
      name: inputName(model, i),
      shape: tensor.shape.slice(),
      dtype: tensor.dtype,
      ...(ranges[i] === null ? {} : { lookedUp: true }),
      ...(fronts[i] === null ? {} : { scaledBy: fronts[i].map((layer) => nameOf(layer)!) }),
      ...(hasUnitRows(heap, tensor) ? { unitRows: true } : {}),
      ...(ranges[i] === null ? constantRows(heap, tensor) : {}),
      values: statisticsOf(sums)!,
      ...(ranges[i] === null ? apart(heap, tensor, sums) : {}),
    };
  });
  return { inputs: statisticsOf(all)!, perInput };
}

function constantRows(heap: Heap, tensor: Tensor): Pick<InputMeasurements, "constantRows"> {
  const { rows, flat } = countFlatRows(heap, tensor, 0);
  return flat === 0 ? {} : { constantRows: flat / rows };
}

/** Measures how much the examples of a tensor differ. */
function apart(
  heap: Heap,
  tensor: Tensor,
  sums: Sums,
): Pick<InputMeasurements, "features" | "spread"> {
  const features = measureFeatures(heap, tensor);
  return {
    ...(features === null ? {} : { features }),
    spread: spreadOf(heap, tensor, tensor.shape[0], sums),
  };
}

/** Largest distance of a row's norm from 1: half precision is off by about 1e-3. */
const NORM_TOLERANCE = 0.01;

/** Returns true if each row is a unit vector, as in the embeddings of a sentence or a picture. */
function hasUnitRows(heap: Heap, tensor: Tensor): boolean {
  const length = tensor.shape.at(-1)!;
  if (tensor.dtype !== "float32" || tensor.rank < 2 || length < 2) return false;
  const values = heapView(heap.tf, tensor);
  for (let start = 0; start < values.length; start += length) {
    let square = 0;
    for (let i = start; i < start + length; i++) square += values[i] ** 2;
    // Other tensors fail in the first row.
    if (!(Math.abs(Math.sqrt(square) - 1) <= NORM_TOLERANCE)) return false;
  }
  return true;
}

/** With more classes than this, the shares of the classes say little and take much space. */
const MAX_UNITS = 1000;

/**
 * Measures the targets of a batch.
 *
 * @param context `objective`: knows the loss of an output: the targets of some losses are numbers
 * of classes; `compared`: inputs that targets should depend on.
 */
function measureTargets(
  heap: Heap,
  model: LayersModel,
  targets: Tensor[],
  { objective, compared }: { objective: ResolvedObjective; compared: readonly Tensor[] },
): TargetMeasurements[] {
  return targets.map((tensor, i) => {
    const loss = objective.lossOf(i);
    const settings = objective.settingsOf(i);
    const ignored = ignoredClassOf(loss, settings);
    const units = unitsOf(model.outputs[i]?.shape, tensor, loss);
    const sparse = lossTraits(loss)?.targets === "classes";
    const sums = sumTensor(heap, tensor);
    const differences = sparse ? {} : apart(heap, tensor, sums);
    const all = heapView(heap.tf, tensor);
    const values = ignored === null ? all : all.filter((value) => value !== ignored);
    const meansOf = () =>
      sparse ? classShares(values, units) : unitMeans(values, tensor.shape.at(-1)!);
    const chance = compared.length === 0
      ? null
      : targetChance(heap, compared, { targets: tensor, areClasses: sparse });
    return {
      name: outputName(model, i),
      shape: tensor.shape.slice(),
      values: statisticsOf(sums)!,
      ...(sparse ? { classes: classesOf(values, units) } : differences),
      ...sparse || tensor.size !== tensor.shape[0] ? {} : wholeNumbersOf(values),
      ...settings === null
        ? {}
        : readingOf(heap.tf, { target: tensor, output: model.outputs[i]?.shape }, settings),
      unitMeans: units > MAX_UNITS ? null : meansOf(),
      ...(chance === null ? {} : { chance }),
    };
  });
}

/** Targets above this are hardly the numbers of classes. */
const MOST_CLASSES = 1000;

/** Counts the classes of which targets of a single unit may be the numbers. */
function wholeNumbersOf(values: ArrayLike<number>): Pick<TargetMeasurements, "wholeNumbers"> {
  const seen = new Set<number>();
  let most = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isInteger(value) || value < 0 || value >= MOST_CLASSES) return {};
    seen.add(value);
    most = Math.max(most, value);
  }
  return seen.size < 3 ? {} : { wholeNumbers: most + 1 };
}

/** Returns how a loss of PyTorch reads targets of another shape than it asks for. */
function readingOf(
  tf: TensorFlow,
  { target, output }: { target: Tensor; output: (number | null)[] | undefined },
  { name, classAxis }: Pick<LossSettings, "name" | "classAxis">,
): Pick<TargetMeasurements, "output" | "classesLast"> {
  if (output === undefined) return {};
  const shape = fillShape(output, target.shape);
  const isSame = hasShape(target.shape, shape);
  // Only shares have a setting for their axis.
  if (isSame && classAxis === 1 && hasClassesLast(tf, target)) {
    return { output: shape, classesLast: true };
  }
  const isMisread = !isSame && broadcasts(shape, target.shape, name) ||
    lossTraits(name)?.classAxis !== undefined && mayBeOnEither(shape, target.shape);
  return isMisread ? { output: shape } : {};
}

function unitsOf(
  output: (number | null)[] | undefined,
  tensor: Tensor,
  loss: string | null,
): number {
  return output?.[classAxisOf(output, tensor.shape, loss)] ?? tensor.shape.at(-1)!;
}

function unitMeans(values: ArrayLike<number>, units: number): number[] {
  const sums = new Array<number>(units).fill(0);
  for (let i = 0; i < values.length; i++) sums[i % units] += values[i];
  return sums.map((sum) => sum / (values.length / units));
}

function classShares(classes: ArrayLike<number>, units: number): number[] {
  const counts = new Array<number>(units).fill(0);
  for (let i = 0; i < classes.length; i++) {
    if (classes[i] >= 0 && classes[i] < units) counts[Math.trunc(classes[i])]++;
  }
  return counts.map((count) => count / classes.length);
}

function classesOf(values: ArrayLike<number>, units: number): ClassMeasurements {
  let least = Infinity;
  let most = -Infinity;
  let fractions = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isInteger(value)) fractions++;
    if (!Number.isFinite(value)) continue;
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return least > most
    ? { units, least: null, most: null, fractions }
    : { units, least, most, fractions };
}
