import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { Finding } from "../../rules/finding.ts";
import { formatLayers } from "../fix_words.ts";
import { formatNumber } from "../../../ground/words/numbers.ts";
import { isBias } from "../../../ground/theory/weight_kinds.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { foundBy, isConsequence, isOf, layersOf, rowsOf } from "./shared.ts";

/** From this share of z on, a unit's output depends on its bias rather than on the example. */
const DECIDES = 0.5;

/**
 * Returns biases that push the units of a layer into a range in which they pass nothing, or that
 * outweigh their inputs.
 */
export function biases(patient: Patient): Suspect[] {
  const found = foundBy("bias-init", patient).filter(({ measured, layer }) =>
    layer !== null && (measured ?? 0) * kernelShare(layer, patient) >= DECIDES
  );
  const judged = layersOf(found, patient);
  const held = [
    ...stuckCells(patient),
    ...stuckUnits(patient).filter(({ cell }) => !judged.includes(cell.name)),
  ];
  found.push(...held.map(({ finding }) => finding));
  const names = [...layersOf(found, patient), ...held.map(({ cell }) => cell.name)];
  const rows = rowsOf(names, patient).filter(({ role, weights }) =>
    role === "hidden" && weights.some(isBias)
  );
  const weights = rows.flatMap((layer) =>
    layer.weights.filter(isBias).map((weight) => ({ layer, weight }))
  );
  if (weights.length === 0) return [];
  const [{ layer: first, weight: { values } }] = weights;
  const which = formatLayers(rows.map(({ name }) => name), patient.measurements.layers);
  const size = values.std <= 1e-6 * values.maxAbs
    ? `${formatNumber(values.mean)}`
    : `of size ${formatNumber(values.rms)}`;
  const z = held.find(({ cell }) => cell === first)?.part.preActivations ?? first.preActivations;
  const drowned = z === null
    ? `z is only of size ${formatNumber(values.rms / found[0].measured!)} for inputs of rms 1`
    : `z varies by only ${formatNumber(z.std)}`;
  return [{
    kind: "bias",
    layers: rows.map(({ name }) => name),
    message:
      `The biases of ${which} are ${size}, while ${drowned}: the biases decide the outputs, not ` +
      `the examples.`,
    states: found,
    explains: isConsequence,
    fixes: [{
      kind: "set-bias",
      value: 0,
      weights: weights.map(({ layer, weight }) => ({ layer: layer.name, weight: weight.name })),
    }],
  }];
}

/**
 * Returns the share of its expected scale that the kernel of a layer has, at most 1. Biases that drown
 * the outputs of a kernel that is too small are at fault only if they would drown those of a sound one.
 */
function kernelShare(layer: string, patient: Patient): number {
  const shares = foundBy("init-scale", patient).filter((finding) => finding.layer === layer)
    .map(({ measured }) => measured ?? 1);
  return Math.min(1, ...shares);
}

/** From this number of logits on, the bias of a head decides the loss. */
const PREFERS = 3;

/**
 * Returns a bias of the head that prefers some classes over those of the batch, such as one left
 * from another task.
 */
export function headBias(patient: Patient): Suspect[] {
  const activation = patient.network.head?.activation;
  if (activation !== "softmax" && activation !== "sigmoid") return [];
  return foundBy("bias-init", patient).filter(({ kind, measured }) =>
    kind === "head" && (measured ?? 0) >= PREFERS
  ).flatMap((finding): Suspect[] => {
    const names = layersOf([finding], patient);
    const weights = rowsOf(names, patient).flatMap((layer) =>
      layer.weights.filter(isBias).map((weight) => ({ layer: layer.name, weight: weight.name }))
    );
    return [{
      kind: "head-bias",
      layers: names,
      message: finding.message,
      states: [finding],
      explains: isOf(
        ...["initial-loss", "vanishing-gradients", "gradients-flow"],
        ...["exploding-gradients", "saturated-activations"],
      ),
      fixes: [{ kind: "set-bias", value: 0, weights }],
    }];
  });
}

/** Layer of which all units, or a part of a recurrent one, are saturated or off by its bias. */
interface StuckCell {
  cell: LayerMeasurements;
  part: LayerMeasurements;
  finding: Finding;
}

/**
 * Returns recurrent layers whose parts are saturated by their biases, and the findings about it:
 * the rule of biases passes over recurrent layers, since their gates may start open or shut.
 */
function stuckCells(patient: Patient): StuckCell[] {
  const { layers } = patient.network;
  return foundBy("saturated-activations", patient).flatMap((finding) => {
    const part = layers.find(({ name }) => name === finding.layer);
    const cell = layers.find(({ name, kind }) =>
      kind === "recurrent" && (name === part?.name || part?.name.startsWith(`${name}/`))
    );
    if (part === undefined || cell === undefined) return [];
    return isHeld(part, cell) ? [{ cell, part, finding }] : [];
  });
}

/**
 * From this share of its units on, a layer is held by its biases. Where kernels are too small the
 * biases that PyTorch draws decide, too, but turn only about half of the units off.
 */
const HELD = 0.95;

/**
 * Returns layers whose biases hold their units off, or saturated, and the findings about it. The
 * rule of biases leaves sigmoids and gates, whose biases may be the same number, to that of
 * saturation, and gives only notes where other biases are drawn as PyTorch draws them, or moved.
 */
function stuckUnits(patient: Patient): StuckCell[] {
  const findings = ["dead-units", "saturated-activations"]
    .flatMap((rule) => foundBy(rule, patient))
    .filter(({ measured }) => (measured ?? 0) >= HELD);
  const { layers, kernels } = patient.network;
  return layers.filter((cell) => cell.kind !== "recurrent" && isHeld(cell, cell)).flatMap(
    (cell) => {
      const output = kernels.get(cell)?.output ?? cell;
      const isDown = (cell.weights.find(isBias)?.values.mean ?? 0) < 0;
      return findings.filter(({ rule, layer }) =>
        (layer === output.name || layer === cell.name) && (rule !== "dead-units" || isDown)
      ).map((finding) => ({ cell, part: cell, finding }));
    },
  );
}

/** Returns true if the biases of a layer decide what a part of it, or all of it, passes on. */
function isHeld({ preActivations }: LayerMeasurements, { weights }: LayerMeasurements): boolean {
  const bias = Math.max(0, ...weights.filter(isBias).map(({ values }) => values.rms));
  return bias >= DECIDES * (preActivations?.rms ?? Infinity);
}
