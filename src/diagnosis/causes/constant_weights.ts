import { formatLayers } from "../format_layers.ts";
import { formatNumber } from "../../words/numbers.ts";
import type { WeightMeasurements } from "../../measure/measurements.ts";
import { fans } from "../../theory/fans.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import type { Patient, Suspect } from "../suspect.ts";
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
    cures: kernels.length === 0 ? [] : [{
      kind: "redraw",
      initializer: "heNormal",
      weights: kernels.map(({ layer, weight }) => ({
        layer: layer.name,
        weight: weight.name,
        std: Math.sqrt(2 / fans(weight.shape, layer.kernelLayout).fanIn),
      })),
    }],
  }];
}

function isConstant({ values }: WeightMeasurements): boolean {
  return values.std <= 1e-12 * values.maxAbs;
}

function startsAlike(weight: WeightMeasurements): boolean {
  return isConstant(weight) || (weight.duplicateUnits ?? 0) > 0;
}
