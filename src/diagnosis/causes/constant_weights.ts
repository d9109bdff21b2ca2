import { isConstant } from "../../rules/network/constant_values.ts";
import { formatLayers, initializerFor, type KernelInitializer, SCHEME_OF } from "../fix_words.ts";
import { formatNumber } from "../../words/numbers.ts";
import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { fans, initializerStd } from "../../theory/initializers.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import type { Fix, Redrawn } from "../fix.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { USUAL_TABLE_STD } from "./embeddings.ts";
import { foundBy, isConsequence, layersOf, rowsOf } from "./shared.ts";

/**
 * Returns kernels whose entries, or whose units, are all alike: they stay alike during training.
 */
export function constantWeights(patient: Patient): Suspect[] {
  const found = foundBy("symmetry", patient).filter(({ kind }) => kind !== "shared-draw");
  if (found.length === 0) return [];
  const names = layersOf(found, patient);
  const rows = rowsOf(names, patient);
  const kernels = rows.flatMap((layer) => {
    const drawn = layer.weights.filter((weight) => isKernel(weight) && startsAlike(weight));
    return drawn.map((weight) => ({ layer, weight }));
  });
  const noun = rows.every(({ kind }) => kind === "embedding") ? "table" : "kernel";
  const said = names.length === 1 ? noun : `${noun}s`;
  const which = formatLayers(names, patient.measurements.layers);
  return [{
    kind: "constant-weights",
    layers: names,
    message: messageOn(kernels.map(({ weight }) => weight), said, which),
    states: [
      ...found,
      ...foundBy("init-scale", patient).filter(({ layer, measured }) =>
        measured === 0 && layer !== null && names.includes(layer)
      ),
    ],
    explains: (finding) =>
      isConsequence(finding) || finding.rule === "init-scale" && finding.measured === 0,
    fixes: kernels.length === 0 ? [] : [drawing(kernels, patient)],
  }];
}

/**
 * Returns the message on kernels that are all 0, constant, or alike in some units.
 *
 * @param said Noun for them.
 * @param which The layers that hold them.
 */
function messageOn(kernels: readonly WeightMeasurements[], said: string, which: string): string {
  if (kernels.length > 0 && kernels.every(({ values }) => values.maxAbs === 0)) {
    return `All entries of the ${said} of ${which} are 0, so no signal passes and all units stay ` +
      `the same.`;
  }
  if (!kernels.every(({ values }) => isConstant(values))) {
    return `Units of ${which} have exactly the same weights, so they learn the same.`;
  }
  const value = kernels.length > 0 ? formatNumber(kernels[0].values.mean) : "";
  return `All entries of the ${said} of ${which} are equal (${value}), so all units of a layer ` +
    `learn the same.`;
}

/** Kernel and the layer that holds it. */
interface Held {
  layer: LayerMeasurements;
  weight: WeightMeasurements;
}

/**
 * Returns a fix that draws kernels by the initialisers that suit their activations; the head by
 * that of most others.
 */
function drawing(kernels: readonly Held[], patient: Patient): Fix {
  const wanted = kernels.map((held) => initializerOf(held, patient));
  const byInitializer = Map.groupBy(wanted, (initializer) => initializer ?? "");
  byInitializer.delete("");
  const [usual = "leCunUniform"] = [...byInitializer].toSorted(([, a], [, b]) =>
    b.length - a.length
  ).map(([, [initializer]]) => initializer!);
  const weights = kernels.map(({ layer, weight }, i): Redrawn & { std: number } => {
    const initializer = wanted[i] ?? usual;
    const std = initializer === "randomUniform"
      ? USUAL_TABLE_STD
      : initializerStd(SCHEME_OF[initializer], fans(weight.shape, layer.kernelLayout));
    const about = { layer: layer.name, weight: weight.name, std };
    return initializer === usual ? about : { ...about, initializer };
  });
  return { kind: "redraw", initializer: usual, weights };
}

/**
 * Returns the initialiser that suits a kernel; `null` for that of a head, whose activation suits
 * any.
 */
function initializerOf(
  { layer }: Held,
  { network, measurements }: Patient,
): KernelInitializer | "randomUniform" | null {
  if (layer.kind === "embedding") return "randomUniform";
  if (layer.role === "output") return null;
  // Weights alone do not show the activation; most networks have relu.
  if (measurements.weightsOnly !== undefined) return "heUniform";
  return initializerFor(network.chain.find((one) => one.layer === layer)?.activation ?? "linear");
}

function startsAlike(weight: WeightMeasurements): boolean {
  return isConstant(weight.values) || (weight.duplicateUnits ?? 0) > 0;
}
