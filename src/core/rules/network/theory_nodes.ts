import { MERGING } from "../../../ground/theory/propagate.ts";
import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
} from "../../measure/measurements.ts";
import type { NetworkInput, NetworkNode, Window } from "../../../ground/theory/signal.ts";
import { isRecurrentKernel, isRecurrentWeight } from "../../../ground/theory/weight_kinds.ts";
import { layerTraits } from "../../../ground/traits/layer_traits.ts";
import type { WeightMoments } from "../../../ground/traits/layers.ts";
import type { Graph } from "./graph.ts";
import { productWeights } from "./kernel_chain.ts";

/**
 * Returns the number of steps that a recurrent layer ran for, from its number of z, or `null` if it
 * is not known.
 */
export function stepsOf(
  { weights, preActivations, shape, calls }: LayerMeasurements,
  { batch }: Measurements,
) {
  const kernels = weights.filter(isRecurrentKernel);
  if (preActivations === null || kernels.length === 0) return null;
  // Positions of a convolution, with z of all gates at each.
  const window = kernels[0].shape.length - 2;
  const positions = (shape ?? []).slice(-1 - window, -1).reduce((all, size) => all * size, 1);
  const columns = kernels.reduce(
    (sum, { name, shape }) => sum + shape.at(isRecurrentWeight(name) ? 0 : -1)!,
    0,
  );
  return preActivations.count / (batch.examples * calls * positions * columns);
}

/** Root mean square of redrawn weights, by name. */
export type Redraw = ReadonlyMap<string, number>;

/** A layer and an input of the model may have the same name. */
const inputName = (name: string) => `input ${name}`;

/** Returns the inputs of the network in the form that theory uses. */
export function theoryInputs({ batch }: Measurements): Map<string, NetworkInput> {
  return new Map(batch.perInput.map(({ name, shape, values }) => [inputName(name), {
    shape,
    meanSquare: values.rms ** 2,
    mean: values.mean,
    random: batch.random === true,
  }]));
}

/**
 * Returns the layers of the network in the form that theory uses. The parts of a gated cell are
 * left out; its layer represents them.
 */
export function theoryNodes(measurements: Measurements, graph: Graph): NetworkNode[] {
  const { layers } = measurements;
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  return layers
    .filter(({ kind }) => kind !== "cell")
    .map((layer): NetworkNode => ({
      name: layer.name,
      operation: layerTraits(layer.className).operation,
      kind: layer.kind,
      activation: layer.activation ??
        (layer.kind === "dense" || layer.kind === "convolution" ? "linear" : null),
      inputs: readsOf(layer, measurements, graph),
      ...layer.operands === undefined ? {} : { operands: layer.operands },
      calls: layer.calls,
      shape: layer.shape,
      entries: layer.activations?.count ?? 0,
      inner: layer.preActivations?.count ?? layer.activations?.count ?? 0,
      weights: productWeights(layer.weights).map(momentsOf),
      ...layer.kernelLayout === undefined ? {} : { layout: layer.kernelLayout },
      ...settingsOf(layer),
      ...recurrentOf(layer, measurements, byName),
      ...declaredOf(layer, measurements, byName),
      measured: {
        activations: sizeOf(layer.activations),
        preActivations: sizeOf(layer.preActivations),
        activationGradients: normOf(layer.activationGradients),
        preActivationGradients: normOf(layer.preActivationGradients),
      },
      isOutput: layer.role === "output",
    }));
}

/** Returns the same layers with some weights redrawn, their means scaled along. */
export function redraw(nodes: readonly NetworkNode[], redrawn: Redraw): NetworkNode[] {
  return nodes.map((node) => ({
    ...node,
    weights: node.weights.map((weight) => {
      const rms = redrawn.get(weight.name);
      if (rms === undefined) return weight;
      const factor = weight.meanSquare > 0 ? rms / Math.sqrt(weight.meanSquare) : 0;
      return { ...weight, meanSquare: rms ** 2, mean: weight.mean * factor };
    }),
  }));
}

/**
 * Returns the names that a layer reads. A layer without known inputs reads the only input of the
 * model, or any if it is an embedding. Without measured edges, the inputs of a merge are unknown.
 */
function readsOf(layer: LayerMeasurements, { batch }: Measurements, graph: Graph): string[] {
  const { kind, inputs, reads = [] } = layer;
  if (inputs === undefined && MERGING.includes(kind)) return [];
  const known = [...graph.inputsOf(layer).map(({ name }) => name), ...reads.map(inputName)];
  if (known.length > 0) return known;
  const isFree = batch.perInput.length === 1 || kind === "embedding";
  return isFree ? batch.perInput.slice(0, 1).map(({ name }) => inputName(name)) : [];
}

const momentsOf = (
  { name, shape, values }: LayerMeasurements["weights"][number],
): WeightMoments => ({ name, shape, meanSquare: values.rms ** 2, mean: values.mean });

function settingsOf(
  { kind, settings = {}, reads = [], strides, normalization }: LayerMeasurements,
) {
  const { window: size, strides: steps, padding, dilation, epsilon, normEntries, scale, offset } =
    settings;
  const window: Window | null = size !== undefined && steps !== undefined && padding !== undefined
    ? { size, strides: steps, padding, ...dilation === undefined ? {} : { dilation } }
    : null;
  // Inputs of the model come last, so that the second input of an addition is not known.
  const isOrdered = kind !== "addition" || reads.length === 0;
  const isRescaling = scale !== undefined && offset !== undefined && isOrdered;
  return {
    ...window === null ? {} : { window },
    ...strides === undefined ? {} : { strides },
    ...normalization === undefined ? {} : { statistics: normalization },
    ...epsilon === undefined ? {} : { epsilon },
    ...normEntries === undefined ? {} : { normEntries },
    ...isRescaling ? { rescaling: { scale, offset } } : {},
  };
}

const MAX_RECURRENT_STEPS = 10_000;

function recurrentOf(
  layer: LayerMeasurements,
  measurements: Measurements,
  byName: ReadonlyMap<string, LayerMeasurements>,
) {
  if (layer.kind !== "recurrent") return {};
  const steps = stepsOf(layer, measurements);
  const activation = byName.get(`${layer.name}/candidate`)?.activation ?? layer.activation;
  const isCounted = steps !== null && Number.isSafeInteger(steps) && steps <= MAX_RECURRENT_STEPS;
  if (!isCounted || activation === null) return {};
  const gate = byName.get(`${layer.name}/gates`)?.activation ?? null;
  return { recurrent: { steps, activation, gate } };
}

function declaredOf(
  { declared, inputs = [], reads = [] }: LayerMeasurements,
  { batch }: Measurements,
  byName: ReadonlyMap<string, LayerMeasurements>,
) {
  if (declared === undefined) return {};
  const [first] = inputs;
  const values = first === undefined
    ? batch.perInput.find(({ name }) => name === reads[0])?.values
    : byName.get(first)?.activations;
  return { declared: { ...declared, input: (values?.rms ?? 0) ** 2 } };
}

function sizeOf(values: TensorStatistics | null) {
  if (values === null || values.nonFinite > 0) return null;
  return { meanSquare: values.rms ** 2, mean: values.mean };
}

function normOf(values: TensorStatistics | null) {
  if (values === null || values.nonFinite > 0) return null;
  return { square: values.l2 ** 2, mean: values.mean };
}
