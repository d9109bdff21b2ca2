import { outOf } from "../../rules/data/non_finite.ts";
import type {
  InputMeasurements,
  LayerMeasurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { type FlatRows, flatRowsBetween } from "../../rules/network/normalizing.ts";
import { isZero, mutualZeros as zerosWithin } from "../../rules/signal/zero_gradients.ts";
import { fans, initializerStd } from "../../../ground/theory/initializers.ts";
import { isBias, isKernel } from "../../../ground/theory/weight_kinds.ts";
import { formatCount, formatNumber, formatPercent } from "../../../ground/words/numbers.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import type { Fix } from "../fix.ts";
import { formatLayers } from "../fix_words.ts";
import { foundBy, isConsequence, isOf, layersOf } from "./shared.ts";

/** Returns NaN and infinity in inputs and weights: everything computed from them is broken, too. */
export function brokenNumbers(patient: Patient): Suspect[] {
  const found = foundBy("non-finite", patient);
  if (found.length === 0) return [];
  const { batch, layers } = patient.measurements;
  const inputs = [...batch.perInput, ...batch.targets ?? []]
    .filter(({ values }) => values.nonFinite > 0);
  const weights = layers.flatMap((layer) =>
    layer.weights.filter(({ values }) => values.nonFinite > 0).map((weight) => ({ layer, weight }))
  );
  const places = [
    ...inputs.map(({ name, values }) =>
      `the batch's ${name} (${values.nonFinite} of ${values.count})`
    ),
    ...weights.map(({ weight }) =>
      `${weight.name} (${weight.values.nonFinite} of ${outOf(weight)})`
    ),
  ];
  if (places.length === 0) return [];
  const shown = places.slice(0, 3).join(", ");
  const rest = places.length > 3 ? ` and ${formatCount(places.length - 3, "more place")}` : "";
  // Without a topology, it is unknown where they spread.
  const isPass = patient.measurements.weightsOnly === undefined;
  const spread = isPass ? "; they spread from there" : "";
  return [{
    kind: "broken-numbers",
    layers: [...new Set(weights.map(({ layer }) => layer.name))],
    message: `There are NaN or infinite entries in ${shown}${rest}${spread}.`,
    states: found.filter(({ layer }) =>
      layer === null || weights.some((one) => one.layer.name === layer)
    ),
    explains: () => isPass,
    fixes: [{
      kind: "rebuild",
      what: weights.length > 0
        ? `Check how ${weights[0].weight.name} was drawn, trained or loaded.`
        : "Clean the batch.",
    }],
  }];
}

/**
 * Returns a layer that receives a gradient and passes none on, so that the layers before it are
 * never trained.
 */
export function cutGradient(patient: Patient): Suspect[] {
  const { measurements: { layers }, network: { graph } } = patient;
  return foundBy("vanishing-gradients", patient).filter(({ kind }) => kind === "severed")
    .flatMap((finding): Suspect[] => {
      const found = layersOf([finding], patient);
      const cut = cutAfter(found, patient);
      if (cut === undefined) return [];
      // The head before it is not among the hidden layers that were found.
      const isCut = (layer: LayerMeasurements) =>
        layer.weights.length > 0 && layer.activationGradients?.maxAbs === 0 &&
        graph.isBelow(layer, cut);
      const untrained = layers.filter((layer) => found.includes(layer.name) || isCut(layer))
        .map(({ name }) => name);
      return [{
        kind: "cut-gradient",
        layers: [cut.name],
        message: `${cut.name} (${cut.className}) lets no gradient through: ` +
          `${formatLayers(untrained, layers)} before it ` +
          `${untrained.length === 1 ? "gets" : "get"} exactly 0, and ` +
          `${untrained.length === 1 ? "stays as it was" : "stay as they were"} drawn.`,
        states: [finding],
        explains: ({ rule, layer, layers }) =>
          rule === "gradients-flow" &&
          (layers ?? [layer]).every((name) => name !== null && untrained.includes(name)),
        fixes: [{
          kind: "rebuild",
          what: cut.className === "detach"
            ? `Remove the detach() or torch.no_grad() behind ${
              formatLayers(untrained, layers)
            }, or ` +
              `freeze them with requires_grad_(False) if they are not meant to learn.`
            : `Compute ${cut.name} by operations that have a gradient (rounding, comparing and ` +
              `argMax have none), or give it one with tf.customGrad.`,
        }],
      }];
    });
}

/** Returns the custom layer without a kernel behind layers that get no gradient. */
function cutAfter(
  untrained: readonly string[],
  { measurements: { layers }, network: { graph } }: Patient,
): LayerMeasurements | undefined {
  const isSent = ({ activationGradients: sent }: LayerMeasurements) => (sent?.maxAbs ?? 0) > 0;
  const last = layers.findIndex(({ name }) => name === untrained.at(-1));
  return layers.slice(last + 1).find((layer) => {
    const inputs = graph.inputsOf(layer);
    return layer.kind === "opaque" && isSent(layer) && inputs.length > 0 &&
      !inputs.some(isSent);
  });
}

/**
 * Returns residual additions without a normalisation: a branch as large as the stream it is added
 * to doubles the variance, block by block. Drawing the end of each of L branches 1 / sqrt(L) times
 * as large keeps it within e (after Zhang et al. 2019 and De & Smith 2020).
 */
export function residualGrowth(patient: Patient): Suspect[] {
  // Kernels that are too large explain the growth by themselves.
  if (foundBy("init-scale", patient).some(({ kind }) => kind === "too-large")) return [];
  return foundBy("architecture", patient).filter(({ kind }) => kind === "residual-growth")
    .map((finding) => {
      const names = layersOf([finding], patient);
      const ends = patient.network.chain.filter(({ added }) => added);
      return {
        kind: "residual-growth",
        layers: names,
        message: finding.message,
        states: [finding],
        explains: isConsequence,
        fixes: [
          {
            kind: "rescale",
            initializer: null,
            weights: ends.map(({ layer, kernel }) => ({
              layer: layer.name,
              weight: kernel.name,
              factor: 1 / Math.sqrt(names.length),
            })),
          },
          { kind: "rebuild", what: "Add a normalisation to each branch, before its first layer." },
        ],
      };
    });
}

/**
 * Returns kernels of zeros that are multiplied with each other, as those of queries and keys are:
 * each keeps the gradient from the other, so that neither ever moves. They are in one layer, or in
 * two that the same layer reads.
 */
export function mutualZeros(patient: Patient): Suspect[] {
  const { measurements, network, findings } = patient;
  const within = measurements.layers.flatMap((layer) => {
    const names = zerosWithin(layer, measurements);
    const zeros = layer.weights.filter(({ name }) => names.includes(name));
    return zeros.length > 1 ? [zeros.map((weight) => ({ layer, weight }))] : [];
  });
  const between = measurements.layers
    .filter(({ kind }) => kind === "merge" || kind === "opaque")
    .map((reader) =>
      network.graph.inputsOf(reader).map((fed) => weighted(fed, network)).flatMap(zeroKernelOf)
    )
    .filter((zeros) => zeros.length > 1);
  const zeros = [...within, ...between].flat();
  if (zeros.length === 0) return [];
  const [first, second, ...others] = zeros.map(({ weight }) => weight.name);
  const more = others.length === 0 ? "" : ` and ${others.length} more`;
  const layers = [...new Set(zeros.map(({ layer }) => layer.name))];
  const isNamed = ({ layer, layers: all }: (typeof findings)[number]) =>
    (all ?? [layer]).every((name) => name !== null && layers.includes(name));
  return [{
    kind: "mutual-zeros",
    layers,
    message: `${first} and ${second}${more} are all zeros, and their outputs are multiplied ` +
      `with each other: each keeps the gradient from the other, so they stay at 0.`,
    states: findings.filter((finding) =>
      ["gradients-flow", "symmetry", "init-scale"].includes(finding.rule) &&
      finding.severity !== "note" && isNamed(finding)
    ),
    explains: (finding) => finding.rule === "vanishing-gradients" && isNamed(finding),
    fixes: [{
      kind: "redraw",
      initializer: "leCunUniform",
      weights: zeros.map(({ layer, weight }) => ({
        layer: layer.name,
        weight: weight.name,
        std: initializerStd("lecun", fans(weight.shape, layer.kernelLayout)),
      })),
    }],
  }];
}

/**
 * Returns the layer whose weights made a layer's output: there may be a flatten behind an
 * embedding.
 */
function weighted(layer: LayerMeasurements, { graph }: Patient["network"]): LayerMeasurements {
  // A layer that is called again may read itself.
  const seen = new Set<LayerMeasurements>();
  let made = layer;
  while (made.weights.length === 0 && !seen.has(made)) {
    seen.add(made);
    const [before, ...others] = graph.inputsOf(made);
    if (before === undefined || others.length > 0) break;
    made = before;
  }
  return made;
}

/** Returns the kernel of zeros of a layer that outputs zeros and receives no gradient. */
function zeroKernelOf(
  layer: LayerMeasurements,
): { layer: LayerMeasurements; weight: WeightMeasurements }[] {
  const { weights, activations, activationGradients: sent } = layer;
  if (activations?.maxAbs !== 0 || sent?.maxAbs !== 0) return [];
  return weights
    .filter((weight) => isKernel(weight) && weight.values.maxAbs === 0 && isZero(weight))
    .map((weight) => ({ layer, weight }));
}

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
    { layers: [], of: "", fixes: [] };
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
    fixes: [...source.fixes, {
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

interface Source {
  layers: string[];
  /** Continues "rows that ... do not vary". */
  of: string;
  fixes: Fix[];
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
    fixes: layers.flatMap(biased),
  };
}

const rowsOf = ({ name, constantRows }: InputMeasurements) =>
  `${formatPercent(constantRows!)} of those of the input "${name}"`;

/** A bias of zeros keeps a row of zeros; a drawn one does not. */
function biased({ name, weights }: LayerMeasurements): Fix[] {
  const bias = weights.find((weight) => isBias(weight) && weight.values.maxAbs === 0);
  if (bias === undefined || !weights.some(isKernel)) return [];
  return [{
    kind: "redraw",
    initializer: "randomNormal",
    weights: [{ layer: name, weight: bias.name, std: USUAL_STD }],
  }];
}

function embedding(layers: LayerMeasurements[]): Source | null {
  const table = layers.find(({ kind }) => kind === "embedding");
  const weight = table?.weights.find(isKernel);
  if (table === undefined || weight === undefined) return null;
  return {
    layers: [table.name],
    of: `: ${table.name} looks up rows that hardly vary, as zeros for padding`,
    fixes: [{
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
