import { layerTraits } from "../traits/layer_traits.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { Figure, LayerRecord } from "./layer_record.ts";
import type { LayerMeasurements, WeightMeasurements } from "./measurements.ts";
import { mergeSums, statisticsOf } from "./sums.ts";

const FIGURES: Figure[] = [
  "preActivations",
  "activations",
  "activationGradients",
  "preActivationGradients",
];

/**
 * Turns what a pass has gathered of a layer into plain data.
 *
 * @param heads How many heads the model has.
 */
export function describeLayer(
  record: LayerRecord,
  weights: WeightMeasurements[],
  heads: number,
): LayerMeasurements {
  const { kind, kernel } = layerTraits(record.className);
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
  return {
    name: record.name,
    className: record.className,
    kind,
    ...kernel === null ? {} : { kernelLayout: kernel },
    activation: record.activation,
    depth: record.depth,
    inputs: [...record.inputs],
    trainable: weights.length === 0 || weights.some((weight) => weight.trainable),
    role: record.isOutput ? "output" : "hidden",
    ...record.heads.size > 0 && record.heads.size < heads ? { heads: [...record.heads] } : {},
    ...kernel === "transposed" ? { strides: stridesOf(record) } : {},
    ...record.normalization === null ? {} : { normalization: record.normalization },
    calls: record.calls,
    shape: record.shapeVaries ? null : record.shape,
    preActivations: statisticsOf(record.preActivations),
    activations: statisticsOf(record.activations),
    activationGradients: statisticsOf(
      overAllCalls(record.activationGradients, record.activations),
    ),
    preActivationGradients: statisticsOf(
      overAllCalls(record.preActivationGradients, record.preActivations),
    ),
    weights,
    saturatedFraction: region?.bounded && judged ? record.saturatedEntries / judgedEntries : null,
    deadFraction: region?.oneSided && judged && activeUnits !== null
      ? activeUnits.reduce((dead, active) => dead + 1 - active, 0) / activeUnits.length
      : null,
    absent,
  };
}

/**
 * A gradient over the entries of every call. The backward pass says nothing of a call that the objective
 * does not depend on: its derivative is 0.
 *
 * @param gradient What the backward pass has shown.
 * @param entries What the forward pass has shown.
 */
function overAllCalls(gradient: Sums | null, entries: Sums | null): Sums | null {
  const count = (entries?.count ?? 0) - (gradient?.count ?? 0);
  if (gradient === null || count <= 0) return gradient;
  const nothing = { sumAbs: 0, sumSquares: 0, maxAbs: 0, mean: 0, squaredDeviations: 0 };
  return mergeSums(gradient, { count, finite: count, zeros: count, ...nothing });
}

function stridesOf({ layer }: LayerRecord): number[] {
  return [...(layer as unknown as { strides: number[] }).strides];
}

function why(record: LayerRecord, figure: Figure): string {
  if (record.calls === 0) return "the layer was not called";
  if (figure === "preActivations") return "its pre-activations cannot be seen from outside";
  if (figure === "preActivationGradients" && record.preActivations === null) {
    return "its pre-activations cannot be seen from outside";
  }
  return "the layer is not on the objective's path";
}
