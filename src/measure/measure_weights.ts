import { type Heap, heapView } from "../engine/heap/heap.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { stemOf } from "../model/names.ts";
import type { LayerVariable, ModelWeight } from "../model/weights/model_weights.ts";
import type { WeightsFile } from "../model/weights/weights_manifest.ts";
import { type TorchLayer, torchLayers, type TorchTensor } from "../torch/torch_layers.ts";
import { formatCount } from "../words/numbers.ts";
import { callable, list, number, object, requireValue, string } from "../words/shape.ts";
import { countUnits, duplicateUnits, type UnitsAt } from "./duplicate_units.ts";
import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
  WeightMeasurements,
} from "./measurements.ts";
import {
  mergeSums,
  statisticsOf,
  sumEntries,
  sumTensor,
  type TensorSums,
  withExponents,
} from "./sums.ts";

const fileShape = object({
  path: string,
  format: string,
  notes: list(string),
  tensors: list(object({ name: string, shape: list(number), type: string, read: callable })),
});

/** Reason for the missing figures of a pass. */
const NO_PASS = "no pass was run: the file holds no topology";

const NOTHING: TensorStatistics = {
  count: 0,
  meanAbs: 0,
  rms: 0,
  maxAbs: 0,
  mean: 0,
  std: 0,
  l2: 0,
  zeroFraction: 0,
  nonFinite: 0,
};

/**
 * Measures weights without a topology: every tensor, in layers inferred from names and shapes. It
 * runs no pass and needs no engine. The shapes of kernels are those that Keras would give them.
 *
 * @param file Result of `readWeights()`.
 * @returns Measurements marked as `weightsOnly`; every figure of a pass is `null`.
 *
 * @example Judge a file without its network
 * ```ts
 * import { runRules } from "@gradient-health/gradient-health/rules";
 * import { measureWeights } from "@gradient-health/gradient-health/measure";
 * import { readWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const measurements = measureWeights(await readWeights("fixtures/files/mlp.safetensors"));
 * assertEquals(measurements.layers.map(({ className }) => className), ["Linear", "Linear", "Linear"]);
 * assertEquals(runRules(measurements, { trained: false }), []);
 * ```
 */
export function measureWeights(file: WeightsFile): Measurements {
  requireValue("file", file, fileShape);
  const layers = torchLayers(file.tensors);
  const head = headOf(layers);
  const doubtful = layers.filter(({ doubtful }) => doubtful).length;
  const notes = [
    ...file.notes,
    ...doubtful > 0
      ? [`${formatCount(doubtful, "layer")} whose class names and shapes do not settle.`]
      : [],
  ];
  const measured = layers.map((layer, index) =>
    measureLayer(layer, { index, isHead: index === head })
  );
  const counts = measured.flatMap(({ weights }) => weights.map(({ values }) => values.count));
  return {
    version: 1,
    model: {
      name: stemOf(file.path),
      source: file.path,
      parameters: counts.reduce((sum, count) => sum + count, 0),
      layers: measured.length,
    },
    engine: { backend: "none", simd: false, relaxedSimd: false, tfjs: "none" },
    batch: { examples: 0, seed: null, inputs: NOTHING, perInput: [] },
    objective: { name: "none", value: 0 },
    seed: null,
    weightsOnly: { format: file.format, notes },
    layers: measured,
  };
}

/** Names of layers that networks end with. */
const HEAD = /(^|[._])(fc|head|classifier|output|logits|score)\d*$/i;

/**
 * Returns the index of the layer that is probably the head: by its name, else the last with a
 * kernel.
 */
function headOf(layers: readonly TorchLayer[]): number {
  const hasKernel = ({ kind }: TorchLayer) => kind === "dense" || kind === "convolution";
  const named = layers.findLastIndex((layer) => hasKernel(layer) && HEAD.test(layer.name));
  return named === -1 ? layers.findLastIndex(hasKernel) : named;
}

function measureLayer(
  layer: TorchLayer,
  { index, isHead }: { index: number; isHead: boolean },
): LayerMeasurements {
  const { name, className, kind, layout } = layer;
  const figures = [
    "preActivations",
    "activations",
    "activationGradients",
    "preActivationGradients",
    "saturatedFraction",
    "deadFraction",
    "spread",
  ];
  // Kernels first, as rules expect them.
  const isFirst = ({ role }: TorchTensor) => role === "kernel" ? 0 : 1;
  const weights = layer.tensors.toSorted((a, b) => isFirst(a) - isFirst(b))
    .filter(({ shape }) => !shape.includes(0))
    .map((tensor) => measureTensor(layer, tensor, { isHead }));
  return {
    name,
    className,
    kind,
    ...layout === null ? {} : { kernelLayout: layout },
    activation: null,
    depth: index + 1,
    inputs: [],
    trainable: true,
    role: isHead ? "output" : "hidden",
    calls: 0,
    shape: null,
    preActivations: null,
    activations: null,
    activationGradients: null,
    preActivationGradients: null,
    weights,
    saturatedFraction: null,
    deadFraction: null,
    spread: null,
    absent: Object.fromEntries(figures.map((figure) => [figure, NO_PASS])),
  };
}

function measureTensor(
  layer: TorchLayer,
  tensor: TorchTensor,
  { isHead }: { isHead: boolean },
): WeightMeasurements {
  const { shape, axes, role, own } = tensor;
  const values = tensor.read();
  const isKernel = role === "kernel" || role === "recurrentKernel";
  const units = isKernel && shape.length > 1 ? countUnits(values, unitsOf(layer, tensor)) : null;
  return {
    name: `${layer.name}/${own}`,
    shape: axes.map((axis) => shape[axis]),
    trainable: role !== "mean" && role !== "variance",
    values: statisticsOf(sumEntries(values))!,
    gradients: null,
    gradientsOfUsedRows: null,
    duplicateUnits: layer.kind === "embedding" ? null : units?.duplicate ?? null,
    ...units === null ? {} : { zeroUnits: units.zero },
    entries: isHead && shape.length === 1 && shape[0] <= 1000 ? Array.from(values) : null,
    absent: { gradients: NO_PASS },
  };
}

/**
 * Returns the position of a unit's incoming weights in a kernel: rows as a rule, as PyTorch has
 * `[out, in, ...]`.
 */
function unitsOf({ layout, className }: TorchLayer, { shape }: TorchTensor): UnitsAt {
  const [first, second] = shape;
  const size = shape.reduce((product, length) => product * length, 1);
  if (layout === "transposed" || className === "Conv1D") {
    const window = size / first / second;
    const at = (unit: number, n: number) =>
      Math.floor(n / window) * second * window + unit * window + n % window;
    return { units: second, at, fanIn: size / second };
  }
  const fanIn = size / first;
  return { units: first, at: (unit, n) => unit * fanIn + n, fanIn };
}

export interface WeightGradient {
  /** Statistics over all entries. */
  all: TensorStatistics;
  /** Statistics over the rows of an embedding matrix that the batch looked up. */
  usedRows: TensorStatistics | null;
}

/**
 * Sums up the gradient of a weight.
 *
 * @param heap The engine's heap.
 * @param options `usedRows`: rows of an embedding matrix that the batch looked up; `histograms`: true
 * to count exponents.
 */
export function weightGradient(
  heap: Heap,
  gradient: Tensor,
  { usedRows, histograms }: { usedRows: Set<number> | null; histograms: boolean },
): WeightGradient {
  const sums = sumTensor(heap, gradient);
  return {
    all: statisticsOf(histograms ? withExponents(heap, gradient, sums) : sums)!,
    usedRows: usedRows === null || gradient.rank !== 2 ? null : overRows(heap, gradient, usedRows),
  };
}

function overRows(heap: Heap, gradient: Tensor, used: Set<number>): TensorStatistics | null {
  const [rows, columns] = gradient.shape;
  let sums: Sums | null = null;
  for (const { first, count } of runsOf([...used].filter((row) => row >= 0 && row < rows))) {
    sums = mergeSums(sums, sumTensor(heap, gradient, first * columns, count * columns));
  }
  return statisticsOf(sums);
}

/**
 * Groups consecutive numbers into runs: of a thousand rows most have a neighbour, and a sweep is
 * one call.
 */
function runsOf(numbers: number[]): { first: number; count: number }[] {
  const runs: { first: number; count: number }[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === number) last.count++;
    else runs.push({ first: number, count: 1 });
  }
  return runs;
}

/** The bias of a head is written out up to this many classes. */
const MAX_ENTRIES = 1000;

/**
 * Measures one weight.
 *
 * @param heap The engine's heap.
 * @param known `gradient`: statistics of dJ/dw, or `null` if the backward pass gave none; `sums`: sums
 * taken earlier in the pass; `isOutput`: true if the weight belongs to an output layer.
 */
export function measureWeight(
  heap: Heap,
  weight: ModelWeight,
  { gradient, sums, isOutput }: {
    gradient: WeightGradient | null;
    sums: TensorSums;
    isOutput: boolean;
  },
): WeightMeasurements {
  const { variable, trainable } = weight;
  const shape = variable.shape.map((size) => size ?? 0);
  const absent: Record<string, string> = {};
  if (!trainable) {
    absent.gradients = whyUntrained(weight);
  } else if (gradient === null) {
    absent.gradients = "the weight is not on the objective's path";
  }
  const read = () => heapView(heap.tf, variable.read());
  const isShortVector = shape.length === 1 && shape[0] <= MAX_ENTRIES;
  return {
    name: weight.weightName,
    shape,
    trainable,
    values: statisticsOf(sums.of(variable.read()))!,
    gradients: gradient?.all ?? null,
    gradientsOfUsedRows: gradient?.usedRows ?? null,
    duplicateUnits: duplicateUnits(weight.layer, variable.originalName, shape, read),
    entries: isOutput && isShortVector ? Array.from(read()) : null,
    absent,
  };
}

/** Returns the reason why a weight is not trained. */
function whyUntrained(weight: ModelWeight): string {
  if (!weight.layer.trainable) return "the layer is frozen";
  return weight.variable.trainable || isFrozenFromOutside(weight)
    ? "a model around the layer is frozen"
    : "the weight is not trained";
}

/**
 * Returns true if a weight is frozen although its layer is trainable, as after freezing a model.
 * Weights that are never trained, such as moving statistics, are in a separate list.
 */
function isFrozenFromOutside({ layer, variable }: ModelWeight): boolean {
  const { _nonTrainableWeights: never = [] } = layer as unknown as {
    _nonTrainableWeights?: readonly LayerVariable[];
  };
  return layer.trainableWeights.length === 0 && !never.includes(variable);
}
