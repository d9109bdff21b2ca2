import type { Layer } from "../../engine/tensorflow.ts";
import { isTransposedLayout } from "../../ground/traits/layers.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { meanOverRows } from "./attention_rows.ts";
import type { Sums } from "../../engine/native/sums.ts";
import { exponentsOfZeros, mergeSums, statisticsOf } from "./sums.ts";
import type { Figure, LayerRecord } from "./layer_record.ts";
import { kernelLayoutOf } from "../model/layers/leaf_layers.ts";
import { layerSource } from "../model/layers/layer_source.ts";
import type { LayerMeasurements, LayerSettings, WeightMeasurements } from "./measurements.ts";
import { dropoutOf } from "./training_facts.ts";

const FIGURES: Figure[] = [
  "preActivations",
  "activations",
  "activationGradients",
  "preActivationGradients",
];

/**
 * Turns the figures that a pass gathered of a layer into plain data.
 *
 * @param pass Number of heads and of examples, and the penalties that the layers' regularizers add
 * to the loss.
 */
export function describeLayer(
  record: LayerRecord,
  weights: WeightMeasurements[],
  { heads, examples, penalties }: {
    heads: number;
    examples: number;
    penalties: ReadonlyMap<Layer, number> | null;
  },
): LayerMeasurements {
  const { kind } = layerTraits(record.className);
  const absent: Record<string, string> = {};
  for (const figure of FIGURES) {
    if (record[figure] === null) absent[figure] = record.absent[figure] ?? why(record, figure);
  }
  const { region, judgedEntries, activeUnits } = record;
  const judged = judgedEntries > 0;
  if (!region?.bounded) absent.saturatedFraction = "the activation is not bounded";
  else if (!judged) absent.saturatedFraction = "no pre-activation was seen";
  if (!region?.oneSided) absent.deadFraction = "the activation is not one-sided";
  else if (!judged) absent.deadFraction = "no pre-activation was seen";
  const spread = whyNoSpread(record, examples) ??
    record.deviations / record.activations!.sumSquares;
  if (typeof spread === "string") absent.spread = spread;
  return {
    name: record.name,
    className: record.className,
    kind,
    activation: record.activation,
    depth: record.depth,
    inputs: [...record.inputs],
    trainable: weights.length === 0 || weights.some((weight) => weight.trainable),
    role: record.isOutput ? "output" : "hidden",
    ...factsOf(record, { heads, penalties }),
    calls: record.calls,
    shape: record.shapeVaries ? null : record.shape,
    preActivations: statisticsOf(record.preActivations),
    activations: statisticsOf(record.activations),
    activationGradients: statisticsOf(overAllCalls(record.activationGradients, record.activations)),
    preActivationGradients: statisticsOf(
      overAllCalls(record.preActivationGradients, record.preActivations),
    ),
    weights,
    saturatedFraction: region?.bounded && judged ? record.saturatedEntries / judgedEntries : null,
    deadFraction: region?.oneSided && judged && activeUnits !== null
      ? activeUnits.reduce((dead, active) => dead + 1 - active, 0) / activeUnits.length
      : null,
    spread: typeof spread === "string" ? null : spread,
    absent,
  };
}

/**
 * Returns facts that only some layers have. Set one by one: V8 takes far longer over a literal with
 * a spread for each.
 */
function factsOf(
  record: LayerRecord,
  { heads, penalties }: { heads: number; penalties: ReadonlyMap<Layer, number> | null },
): Partial<LayerMeasurements> {
  const { layer, reads, operands, normalization, alikeness, tokenAlikeness } = record;
  // The parts of a gated cell have their own rows.
  const isPart = record.className !== layer.getClassName();
  const kernel = isPart ? null : kernelLayoutOf(layer);
  const settings = describeSettings(layer);
  const attention = meanOverRows(record.attention);
  const penalty = isPart ? undefined : penalties?.get(layer);
  const facts: Partial<LayerMeasurements> = isPart ? {} : dropoutOf(layer);
  const source = layerSource(layer);
  if (source !== undefined) facts.source = source;
  if (kernel !== null) facts.kernelLayout = kernel;
  if (kernel !== null && isTransposedLayout(kernel)) facts.strides = stridesOf(record);
  if (reads.size > 0) facts.reads = [...reads];
  if (operands > 0 && operands !== record.inputs.size + reads.size) facts.operands = operands;
  if (settings !== null) facts.settings = settings;
  if (record.heads.size > 0 && record.heads.size < heads) facts.heads = [...record.heads];
  if (normalization !== null) facts.normalization = normalization;
  if (alikeness !== null) facts.alikeness = alikeness;
  if (tokenAlikeness !== null) facts.tokenAlikeness = tokenAlikeness;
  if (attention !== null) facts.attention = attention;
  if (record.flatRows > 0) facts.flatRows = record.flatRows / record.rows;
  if (penalty !== undefined) facts.penalty = penalty;
  return facts;
}

/**
 * Extends a gradient to the entries of every call. The backward pass does not report a call that
 * the objective does not depend on: its derivative is 0.
 *
 * @param gradient Sums of the backward pass.
 * @param entries Sums of the forward pass.
 */
function overAllCalls(gradient: Sums | null, entries: Sums | null): Sums | null {
  if (gradient === null || entries === null) return gradient;
  const count = entries.count - gradient.count;
  if (count <= 0) return gradient;
  const nothing = { sumAbs: 0, sumSquares: 0, maxAbs: 0, mean: 0, squaredDeviations: 0 };
  const zeros = { count, finite: count, zeros: count, ...nothing };
  return mergeSums(gradient, { ...zeros, exponents: exponentsOfZeros(count) });
}

function stridesOf({ layer }: LayerRecord): number[] {
  return [...(layer as unknown as { strides: number[] }).strides];
}

/** Explains why the spread between examples is unknown; `null` if it is known. */
function whyNoSpread(record: LayerRecord, examples: number): string | null {
  const { activations, deviations } = record;
  if (activations === null) return record.absent.activations ?? why(record, "activations");
  if (examples < 2) return "the batch has one example";
  if (activations.finite < activations.count) return "an activation is not finite";
  if (activations.sumSquares === 0) return "all activations are 0";
  return Number.isNaN(deviations) ? "the activations have no axis of examples" : null;
}

function why(record: LayerRecord, figure: Figure): string {
  if (record.calls === 0) return "the layer was not called";
  if (figure === "preActivations") return "its pre-activations cannot be seen from outside";
  if (figure === "preActivationGradients" && record.preActivations === null) {
    return "its pre-activations cannot be seen from outside";
  }
  if (figure === "activationGradients" && record.preActivationGradients !== null) {
    return "the loss is computed from what the activation is applied to";
  }
  return "the layer is not on the objective's path";
}

/** Fields in which TensorFlow.js's layers keep their settings. */
interface Fields {
  kernelSize?: unknown;
  poolSize?: unknown;
  strides?: unknown;
  dilationRate?: unknown;
  padding?: unknown;
  dataFormat?: unknown;
  epsilon?: unknown;
  normEntries?: unknown;
  scale?: unknown;
  offset?: unknown;
}

const PADDINGS = ["same", "valid", "causal"] as const;

/**
 * Returns the settings of a layer that theory uses, or `null` if it has none. Maps with channels
 * first are left out: theory takes the last axis for the units.
 */
function describeSettings(layer: Layer): LayerSettings | null {
  const fields = layer as unknown as Fields;
  const { kind, operation } = layerTraits(layer.getClassName());
  switch (kind) {
    case "convolution":
    case "pool":
      return fields.dataFormat === "channelsFirst" ? null : windowOf(fields);
    case "normalization": {
      const [epsilon, normEntries] = [fields.epsilon, fields.normEntries].map(numberOf);
      if (normEntries !== null) return { normEntries };
      return epsilon === null ? null : { epsilon };
    }
    case "rescaling": {
      const [scale, offset] = [fields.scale, fields.offset].map(numberOf);
      return scale === null || offset === null ? null : { scale, offset };
    }
    case "addition": {
      const scale = operation === "scaled" ? numberOf(fields.scale) : null;
      return scale === null ? null : { scale, offset: 0 };
    }
    default:
      return null;
  }
}

function windowOf({ kernelSize, poolSize, ...fields }: Fields): LayerSettings | null {
  const window = numbersOf(kernelSize ?? poolSize);
  const strides = numbersOf(fields.strides);
  const padding = PADDINGS.find((name) => name === fields.padding);
  if (window === null || strides === null || padding === undefined) return null;
  const dilation = numbersOf(fields.dilationRate);
  const isSpread = dilation?.some((distance) => distance !== 1) ?? false;
  return { window, strides, ...isSpread ? { dilation: dilation! } : {}, padding };
}

function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

function numbersOf(value: unknown): number[] | null {
  const numbers = [value].flat().map(numberOf);
  return numbers.every((number) => number !== null) ? numbers : null;
}
