import { formatLayers } from "../format_layers.ts";
import { formatNumber } from "../../words/numbers.ts";
import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { fans } from "../../theory/fans.ts";
import { initializerStd } from "../../theory/initializer_std.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import type { Cure, CuredWeight, Redrawn } from "../cure.ts";
import { initializerFor, SCHEME_OF } from "../initializer_for.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { USUAL_TABLE_STD } from "./embeddings.ts";
import { foundBy, isConsequence, layersOf, rowsOf } from "./shared.ts";

/** Kernels whose entries are all alike, or whose units are: what starts alike stays alike. */
export function constantWeights(patient: Patient): Suspect[] {
  const found = foundBy("symmetry", patient);
  if (found.length === 0) return [];
  const names = layersOf(found, patient);
  const rows = rowsOf(names, patient);
  const kernels = rows.flatMap((layer) => {
    const drawn = layer.weights.filter((weight) => isKernel(weight) && startsAlike(weight));
    return drawn.map((weight) => ({ layer, weight }));
  });
  const zero = kernels.length > 0 && kernels.every(({ weight }) => weight.values.maxAbs === 0);
  const constant = kernels.every(({ weight }) => isConstant(weight));
  const which = formatLayers(names, patient.measurements.layers);
  const value = kernels.length > 0 ? formatNumber(kernels[0].weight.values.mean) : "";
  const noun = rows.every(({ kind }) => kind === "embedding") ? "table" : "kernel";
  const said = names.length === 1 ? noun : `${noun}s`;
  return [{
    kind: "constant-weights",
    layers: names,
    message: zero
      ? `All entries of the ${said} of ${which} are 0, so no signal passes and all units stay the ` +
        `same.`
      : constant
      ? `All entries of the ${said} of ${which} are equal (${value}), so all units of a layer ` +
        `learn the same.`
      : `Units of ${which} have exactly the same weights, so they learn the same.`,
    states: [
      ...found,
      ...foundBy("init-scale", patient).filter(({ layer, measured }) =>
        measured === 0 && layer !== null && names.includes(layer)
      ),
    ],
    explains: (finding) =>
      isConsequence(finding) || finding.rule === "init-scale" && finding.measured === 0,
    cures: kernels.length === 0
      ? []
      : [drawing(kernels.map(({ layer, weight }) => drawn(layer, weight, patient)))],
  }];
}

/** A cure that draws weights, most of them by one initialiser. */
function drawing(weights: (Required<Pick<Redrawn, "std" | "initializer">> & CuredWeight)[]): Cure {
  const byInitializer = Map.groupBy(weights, ({ initializer }) => initializer);
  const [[initializer]] = [...byInitializer].toSorted(([, a], [, b]) => b.length - a.length);
  return {
    kind: "redraw",
    initializer,
    weights: weights.map(({ initializer: own, ...weight }) =>
      own === initializer ? weight : { ...weight, initializer: own }
    ),
  };
}

/** A weight with the initialiser that its activation asks for, and the standard deviation of that one. */
function drawn(layer: LayerMeasurements, weight: WeightMeasurements, { network }: Patient) {
  const about = { layer: layer.name, weight: weight.name };
  if (layer.kind === "embedding") {
    return { ...about, initializer: "randomUniform", std: USUAL_TABLE_STD };
  }
  const kernel = network.chain.find((one) => one.layer === layer);
  // Weights alone tell no activation; most networks have relu.
  const isAlone = network.measurements.weightsOnly !== undefined;
  const initializer = initializerFor(isAlone ? "relu" : kernel?.activation ?? "linear");
  const own = fans(weight.shape, layer.kernelLayout);
  return { ...about, initializer, std: initializerStd(SCHEME_OF[initializer], own) };
}

function isConstant({ values }: WeightMeasurements): boolean {
  return values.std <= 1e-12 * values.maxAbs;
}

function startsAlike(weight: WeightMeasurements): boolean {
  return isConstant(weight) || (weight.duplicateUnits ?? 0) > 0;
}
