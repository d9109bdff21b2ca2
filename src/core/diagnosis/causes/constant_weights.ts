import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { isConstant } from "../../rules/statistics.ts";
import { fans, initializerStd } from "../../../ground/theory/initializers.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { formatNumber } from "../../../ground/words/numbers.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import type { Fix, FixWeight, Redrawn } from "../fix.ts";
import { formatLayers, initializerFor, type KernelInitializer, SCHEME_OF } from "../fix_words.ts";
import { foundBy, isConsequence, layersOf, rowsOf } from "./shared.ts";

/**
 * A larger embedding makes its consumers too large; TensorFlow.js draws up to 0.05, others with std
 * 1.
 */
const LARGE = 3;
/** Standard deviation of `randomUniform`'s default, uniform from -0.05 to 0.05. */
const USUAL_TABLE_STD = 0.05 / Math.sqrt(3);
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

/**
 * Returns kernels whose entries, or whose units, are all alike: they stay alike during training.
 */
export function constantWeights(patient: Patient): Suspect[] {
  const found = foundBy("symmetry", patient).filter(({ kind }) => kind !== "shared-draw");
  if (found.length === 0) return shutByZeros(patient);
  // A quantised kernel of a file may be in no layer of weights.
  const quantised = found.flatMap(({ layer }) => layer ?? []);
  const names = [...new Set([...layersOf(found, patient), ...quantised])];
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
 * Returns kernels of zeros in several layers, each of which keeps the gradient from the others. The
 * units of a recurrent layer still differ by its recurrent kernel.
 */
function shutByZeros(patient: Patient): Suspect[] {
  const states = foundBy("gradients-flow", patient).filter(({ kind }) => kind === "zero");
  const kernels = rowsOf(layersOf(states, patient), patient).flatMap((layer) =>
    layer.weights.filter((weight) => isKernel(weight) && weight.values.maxAbs === 0)
      .map((weight) => ({ layer, weight }))
  );
  const names = [...new Set(kernels.map(({ layer }) => layer.name))];
  if (names.length < 2) return [];
  return [{
    kind: "constant-weights",
    layers: names,
    message: `All entries of the kernels of ${
      formatLayers(names, patient.measurements.layers)
    } are 0: each keeps the gradient from the others, so they stay at 0.`,
    states,
    explains: isConsequence,
    fixes: [drawing(kernels, patient)],
  }];
}

/**
 * Returns the message on kernels that are all 0, constant, or alike in some units.
 *
 * @param said Noun for them.
 * @param which The layers that hold them.
 */
function messageOn(kernels: readonly WeightMeasurements[], said: string, which: string): string {
  // Some units of zeros, or those of a kernel of whole numbers.
  if (kernels.length === 0) return `Units of ${which} have only zeros, or the same weights.`;
  if (kernels.every(({ values }) => values.maxAbs === 0)) {
    return `All entries of the ${said} of ${which} are 0, so no signal passes and all units stay ` +
      `the same.`;
  }
  if (!kernels.every(({ values }) => isConstant(values))) {
    return `Units of ${which} have exactly the same weights, so they learn the same.`;
  }
  const value = formatNumber(kernels[0].values.mean);
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
