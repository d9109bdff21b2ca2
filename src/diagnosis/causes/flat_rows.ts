import { type FlatRows, flatRowsBetween } from "../../checks/flat_rows.ts";
import type { InputMeasurements, LayerMeasurements } from "../../measure/measurements.ts";
import { isBias, isKernel } from "../../theory/weight_kinds.ts";
import { formatNumber, formatPercent } from "../../words/numbers.ts";
import type { Cure } from "../cure.ts";
import { formatLayers } from "../format_layers.ts";
import type { Patient, Suspect } from "../suspect.ts";
import { isOf } from "./shared.ts";

/** Default standard deviation of TensorFlow.js's randomNormal. */
const USUAL_STD = 0.05;
/** Default standard deviation of PyTorch's embeddings. */
const EMBEDDING_STD = 1;

/**
 * Returns rows that hardly vary under a layer normalisation: padding, or a row of zeros of an
 * embedding. The cause is their source, not a kernel.
 */
export function flatRows(patient: Patient): Suspect[] {
  const flat = flatRowsBetween(null, null, patient.network);
  if (flat === null) return [];
  const { normalizations: [first] } = flat;
  const before = patient.network.graph.before(first);
  const source = paddedInput(before.concat(first), patient) ?? embedding(before) ??
    { layers: [], of: "", cures: [] };
  return [{
    kind: "flat-rows",
    layers: source.layers,
    message: `${formatPercent(first.flatRows!)} of the rows that ${first.name} normalises do not ` +
      `vary${source.of}: ${gradientOf(flat, patient)}.`,
    states: [],
    explains: isOf(
      ...["exploding-gradients", "gradient-balance", "gradient-ratio"],
      // Weights that are fed only such rows have gradients of exactly 0.
      ...first.flatRows === 1 ? ["gradients-flow"] : [],
    ),
    cures: [...source.cures, {
      kind: "rebuild",
      what: `Mask rows that are padding, or add a position to them before ${first.name}.`,
    }],
  }];
}

function gradientOf({ normalizations, factor }: FlatRows, { measurements }: Patient): string {
  const names = normalizations.map(({ name }) => name);
  const verb = names.length === 1 ? "multiplies" : "together multiply";
  return `${
    formatLayers(names, measurements.layers)
  } ${verb} the gradient of such a row by up to ` +
    formatNumber(factor);
}

/** Source of the rows. */
interface Source {
  layers: string[];
  /** Continues "rows that ... do not vary". */
  of: string;
  cures: Cure[];
}

/** Returns an input with such rows among those that the layers read. */
function paddedInput(
  layers: LayerMeasurements[],
  { measurements: { batch: { perInput } } }: Patient,
): Source | null {
  const reads = new Set(layers.flatMap(({ reads = [] }) => reads));
  const input = perInput.find(({ name, constantRows }) =>
    reads.has(name) && (constantRows ?? 0) > 0
  );
  if (input === undefined) return null;
  return {
    layers: [],
    of: `, as ${rowsOf(input)} are one number throughout`,
    cures: layers.flatMap(biased),
  };
}

const rowsOf = ({ name, constantRows }: InputMeasurements) =>
  `${formatPercent(constantRows!)} of those of the input "${name}"`;

/** A bias of zeros leaves a row of zeros as it is; a drawn one does not. */
function biased({ name, weights }: LayerMeasurements): Cure[] {
  const bias = weights.find((weight) => isBias(weight) && weight.values.maxAbs === 0);
  if (bias === undefined || !weights.some(isKernel)) return [];
  return [{
    kind: "redraw",
    initializer: "randomNormal",
    weights: [{ layer: name, weight: bias.name, std: USUAL_STD }],
  }];
}

/** Returns an embedding among the layers. */
function embedding(layers: LayerMeasurements[]): Source | null {
  const table = layers.find(({ kind }) => kind === "embedding");
  const weight = table?.weights.find(isKernel);
  if (table === undefined || weight === undefined) return null;
  return {
    layers: [table.name],
    of: `: ${table.name} looks up rows that hardly vary, as zeros for padding`,
    cures: [{
      kind: "redraw",
      initializer: "randomNormal",
      weights: [{
        layer: table.name,
        weight: weight.name,
        std: Math.max(weight.values.std, EMBEDDING_STD),
      }],
    }],
  };
}
