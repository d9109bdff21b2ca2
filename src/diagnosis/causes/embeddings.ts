import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import { formatNumber } from "../../words/numbers.ts";
import type { Fix, FixWeight } from "../fix.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { foundBy, isConsequence } from "./shared.ts";

/**
 * A larger embedding makes its consumers too large; TensorFlow.js draws up to 0.05, others with std
 * 1.
 */
const LARGE = 3;
/** Standard deviation of `randomUniform`'s default, uniform from -0.05 to 0.05. */
export const USUAL_TABLE_STD = 0.05 / Math.sqrt(3);
/** Logits of this rms are confident guesses. */
const CONFIDENT = 3;

/** Table with the layer that looks up its rows. */
interface Table {
  layer: LayerMeasurements;
  weight: WeightMeasurements;
}

type Fault = Omit<Suspect, "states" | "explains">;

/**
 * Returns embeddings that are all zeros, or drawn too large: for the layers that read them, or for
 * their logits.
 */
export function embeddings(patient: Patient): Suspect[] {
  const { layers } = patient.measurements;
  const tables = layers.filter(({ kind }) => kind === "embedding").flatMap((layer) =>
    layer.weights.filter(isKernel).map((weight): Table => ({ layer, weight }))
  );
  return tables.flatMap((table): Suspect[] => {
    const fault = zeros(table) ?? large(table) ?? tied(table, layers);
    return fault === null ? [] : [{
      ...fault,
      states: foundBy("init-scale", patient).filter(({ layer }) => layer === table.layer.name),
      explains: isConsequence,
    }];
  });
}

/** Zeros without a gradient belong to units that stay alike. */
function zeros({ layer: { name }, weight }: Table): Fault | null {
  if (weight.values.maxAbs !== 0 || !((weight.gradients?.maxAbs ?? 0) > 0)) return null;
  return {
    kind: "embedding-zeros",
    layers: [name],
    message:
      `The embedding ${name} starts at zeros, so that what reads it is fed nothing until its ` +
      `first step.`,
    fixes: [{
      kind: "redraw",
      initializer: "randomUniform",
      weights: [{ layer: name, weight: weight.name, std: USUAL_TABLE_STD }],
    }],
  };
}

function large({ layer: { name }, weight }: Table): Fault | null {
  const { std } = weight.values;
  if (!(std > LARGE)) return null;
  return {
    kind: "embedding-scale",
    layers: [name],
    message: `The embedding ${name} is drawn with a standard deviation of ${formatNumber(std)}; ` +
      `expected at most 1.`,
    fixes: [rescale({ layer: name, weight: weight.name, factor: USUAL_TABLE_STD / std })],
  };
}

function tied(
  { layer: { name }, weight }: Table,
  layers: readonly LayerMeasurements[],
): Fault | null {
  const logits = tiedLogits(weight, layers);
  if (logits === undefined) return null;
  const { std } = weight.values;
  const width = weight.shape.at(-1)!;
  return {
    kind: "tied-embedding",
    layers: [...new Set([name, logits.name])],
    message:
      `The embedding ${name} also makes the logits of ${logits.name}: with a standard deviation ` +
      `of ${formatNumber(std)} its rows of ${width} entries give logits of rms ` +
      `${formatNumber(logits.activations!.rms)}.`,
    fixes: [rescale({ layer: name, weight: weight.name, factor: 1 / Math.sqrt(width) / std })],
  };
}

const rescale = (weight: FixWeight & { factor: number }): Fix => ({
  kind: "rescale",
  initializer: null,
  weights: [weight],
});

/**
 * Returns the custom layer whose outputs are the products with the rows of an embedding: it has no
 * kernel, and outputs one number per row.
 */
function tiedLogits(
  { shape: [rows, width], values: { std } }: WeightMeasurements,
  layers: readonly LayerMeasurements[],
): LayerMeasurements | undefined {
  return layers.find((layer) =>
    layer.role === "output" && layer.kind === "opaque" && layer.shape?.at(-1) === rows &&
    !layer.weights.some(isKernel) && (layer.activations?.rms ?? 0) > CONFIDENT &&
    std * Math.sqrt(width) > CONFIDENT
  );
}
