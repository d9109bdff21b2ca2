import type { NonFinite } from "../engine/native/checkpoint_sweep.ts";
import { countOf } from "../files/file_types.ts";
import { stemOf } from "../core/model/names.ts";
import type { WeightsFile } from "../files/weights_file.ts";
import type { TorchLayer, TorchTensor } from "../files/torch_layers.ts";
import { InputError } from "../ground/words/input_error.ts";
import { formatCount, formatMemory, formatShare } from "../ground/words/numbers.ts";
import {
  anyObject,
  boolean,
  callable,
  list,
  number,
  object,
  requireValue,
  string,
} from "../ground/words/shape.ts";
import { MAX_ENTRIES } from "../core/measure/measure_weights.ts";
import type {
  LayerMeasurements,
  LineCounts,
  Measurements,
  TensorStatistics,
  WeightMeasurements,
  WholeTensor,
} from "../core/measure/measurements.ts";
import { statisticsOf } from "../core/measure/sums.ts";
import {
  SAMPLE_BYTES,
  sampleTensors,
  STRETCHES,
  type SweepTensor,
  sweepTensors,
  UNSEEN,
} from "./sample_tensors.ts";
import {
  contentsOf,
  type FileContents,
  inFileOrder,
  partOf,
  sweepsOf,
  type WholeSweep,
} from "./file_layers.ts";
import { sweepInParallel, type SweepProgress, threadsFor } from "./sweep_in_parallel.ts";
import { SweepJournal } from "./sweep_journal.ts";
import type { TensorFigures } from "./tensor_sweep.ts";

export const fileShape = object({
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
  const whole = contentsOf(file);
  const sweeps = sweepsOf(file, whole);
  const ordered = sweeps.map(inFileOrder);
  const figures = sweepTensors(ordered).map((found, i) => ordered[i].restore(found));
  return describeWeights(file, { whole, own: whole, sweeps, sampled: null }, figures);
}

/** Options of {@linkcode measureCheckpoint}. */
export interface MeasureCheckpointOptions {
  /**
   * Number of threads. Default: that of the processor's cores, but at most 8, 6 to compare, 2 for a
   * file on a server, 1 to compare with one, and 1 for a sample: memory stays below 300 MB.
   */
  threads?: number;
  /** Called with the number of bytes that were read so far, and of all. Default: nothing. */
  onProgress?: (progress: SweepProgress) => void;
  /** Ends the work early; the promise is rejected with its reason. Default: none. */
  signal?: AbortSignal | null;
  /**
   * Reads at most 1 MiB of each tensor, in 32 stretches that are evenly spaced. The figures have
   * intervals (`sample` of a weight); rows, columns and units are not compared. Default: false.
   */
  sample?: boolean;
  /**
   * Measures only the layers of the I-th of N parts, which have about the same number of bytes.
   * Default: all.
   */
  shard?: { index: number; count: number } | null;
  /**
   * File to which the figures of each finished tensor are written, and which a run that was stopped
   * goes on from; it is removed in the end. Default: none.
   */
  journal?: string | null;
}

/**
 * Measures weights without a topology, as {@linkcode measureWeights} does, on several threads. It
 * holds none of the tensors: a file may have any size.
 *
 * @param file Result of `readWeights()`.
 * @param options See {@linkcode MeasureCheckpointOptions}.
 * @returns The same measurements, to the bit.
 * @throws {ModelError} If the file changes while it is read.
 *
 * @example Show how far it is
 * ```ts
 * import { measureCheckpoint, measureWeights } from "@gradient-health/gradient-health/measure";
 * import { readWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const file = await readWeights("fixtures/files/mlp.safetensors");
 * const measurements = await measureCheckpoint(file, {
 *   onProgress: ({ bytes, total }) => console.error(`${bytes} of ${total} bytes`),
 * });
 * assertEquals(measurements, measureWeights(file));
 * ```
 */
export async function measureCheckpoint(
  file: WeightsFile,
  options: MeasureCheckpointOptions = {},
): Promise<Measurements> {
  requireValue("file", file, fileShape);
  requireValue("options", options, anyObject);
  using journal = await openJournal(options.journal ?? null, [file]);
  const measurements = await measureFile(file, { ...options, journal });
  await journal?.remove();
  return measurements;
}

/** Measures weights, likewise, with a journal that the caller opens and removes. */
export async function measureFile(
  file: WeightsFile,
  options: JournalOptions,
): Promise<Measurements> {
  const { onProgress = () => {}, shard = null, sample = false, signal = null } = options;
  const { journal, partBytes } = options;
  // A sample waits for the disk or a server, not for the processor.
  const { threads = sample ? 1 : threadsFor("sweep", file.tensors) } = options;
  requireValue("options.threads", threads, number);
  requireValue("options.sample", sample, boolean);
  const whole = contentsOf(file);
  const own = partOf(whole, shard);
  const sweeps = sweepsOf(file, own);
  const ordered = sweeps.map(inFileOrder);
  const drawn = sample ? sampleTensors(ordered) : null;
  const swept = await sweepInParallel(drawn?.sweeps ?? ordered, {
    threads,
    onProgress,
    signal,
    journal,
    partBytes,
  });
  const joined = drawn?.join(swept) ?? swept;
  const figures = joined.map((found, i) => ordered[i].restore(found));
  // The parts of a report say the same of the whole.
  const sampled = sample ? sampleTensors(sweepsOf(file, whole).map(inFileOrder)).sampled : null;
  return describeWeights(file, { whole, own, sweeps, sampled }, figures);
}

/** Options of a work with a journal. */
export type JournalOptions = Omit<MeasureCheckpointOptions, "journal"> & {
  journal: SweepJournal | null;
  /** Largest number of bytes of a part; from two parts on, workers read. Default: 64 MB. */
  partBytes?: number;
};

/**
 * Opens the journal of a work.
 *
 * @throws {InputError} If it cannot be used.
 */
export async function openJournal(
  path: string | null,
  files: readonly WeightsFile[],
): Promise<SweepJournal | null> {
  if (path === null) return null;
  requireValue("options.journal", path, string);
  const journal = await SweepJournal.open(path, files);
  if (journal !== null) return journal;
  throw new InputError({
    place: path,
    verb: "is",
    found: "no journal of a sweep, or in use",
    expected: "a journal, or no file of this name",
  });
}

function describeWeights(
  file: WeightsFile,
  { whole, own, sweeps, sampled }: {
    whole: FileContents;
    own: FileContents;
    sweeps: SweepTensor[];
    sampled: number | null;
  },
  figures: TensorFigures[],
): Measurements {
  const { layers } = whole;
  const head = headOf(layers.map(({ layer }) => layer));
  const doubtful = layers.filter(({ layer }) => layer.doubtful).length;
  const notes = [
    ...sampled === null ? [] : notesOnSample(sampled),
    ...file.notes,
    ...doubtful > 0
      ? [`The class of ${formatCount(doubtful, "layer")} is a guess from names and shapes.`]
      : [],
  ];
  const figuresOf = new Map(sweeps.map(({ tensor }, i) => [tensor, figures[i]]));
  const isOwn = new Set(own.layers);
  const measured = layers.flatMap((one, index) => {
    if (!isOwn.has(one)) return [];
    const { layer, tensors } = one;
    const weights = tensors.map((tensor) =>
      describeTensor(layer, tensor as TorchTensor, {
        isHead: index === head,
        figures: figuresOf.get(tensor)!,
      })
    );
    return [describeLayer(layer, { index, isHead: index === head, weights })];
  });
  const counts = layers.flatMap(({ tensors }) => tensors.map(({ shape }) => countOf(shape)!));
  return {
    version: 1,
    model: {
      name: stemOf(file.path),
      source: file.path,
      parameters: counts.reduce((sum, count) => sum + count, 0),
      layers: layers.length,
    },
    engine: { backend: "none", simd: false, relaxedSimd: false, tfjs: "none" },
    batch: { examples: 0, seed: null, inputs: NOTHING, perInput: [] },
    objective: { name: "none", value: 0 },
    seed: null,
    weightsOnly: {
      format: file.format,
      notes,
      ...file.config?.tiesEmbeddings ? { tiesEmbeddings: true } : {},
      ...sampled === null ? {} : { sampled },
      ...own.whole.length === 0 ? {} : {
        wholeNumbers: own.whole.map((one) => describeWhole(one, figuresOf.get(one.tensor)!)),
      },
    },
    layers: measured,
  };
}

/** Explains a sample and its limits. */
function notesOnSample(sampled: number): string[] {
  if (sampled === 0) return ["A sample would be all: every tensor was read whole."];
  return [
    `A sample: of ${formatCount(sampled, "tensor")} only ${
      formatMemory(SAMPLE_BYTES)
    } each, in ${STRETCHES} stretches; smaller ones whole.`,
    "Not judged in a sample: zero, constant and repeated rows and units.",
    `Without a NaN, an infinite entry or a zero in the sample, at most ${
      formatShare(UNSEEN)
    } of a tensor's stretches have one (95 %).`,
  ];
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

function describeLayer(
  { name, className, kind, layout }: TorchLayer,
  { index, isHead, weights }: { index: number; isHead: boolean; weights: WeightMeasurements[] },
): LayerMeasurements {
  const figures = [
    "preActivations",
    "activations",
    "activationGradients",
    "preActivationGradients",
    "saturatedFraction",
    "deadFraction",
    "spread",
  ];
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

function describeTensor(
  layer: TorchLayer,
  tensor: TorchTensor,
  { isHead, figures }: { isHead: boolean; figures: TensorFigures },
): WeightMeasurements {
  const { shape, axes, role, own } = tensor;
  const { units, nonFinite, sample } = figures;
  return {
    name: `${layer.name}/${own}`,
    shape: axes.map((axis) => shape[axis]),
    ...tensor.type === "float32" ? {} : { type: tensor.type },
    trainable: role !== "mean" && role !== "variance",
    values: valuesOf(figures),
    gradients: null,
    gradientsOfUsedRows: null,
    duplicateUnits: layer.kind === "embedding" ? null : units?.duplicate ?? null,
    ...units === null ? {} : { zeroUnits: units.zero },
    ...alikeOf(figures),
    ...nonFinite === null ? {} : { nonFiniteAt: placeOf(nonFinite, tensor) },
    entries: isHead && shape.length === 1 && shape[0] <= MAX_ENTRIES
      ? Array.from(tensor.read())
      : null,
    ...sample === undefined ? {} : { sample },
    absent: { gradients: NO_PASS },
  };
}

function valuesOf({ sums, sample }: TensorFigures): TensorStatistics {
  const values = statisticsOf(sums)!;
  return sample === undefined
    ? values
    : { ...values, l2: values.rms * Math.sqrt(sample.of - values.nonFinite) };
}

/** Returns the rows and columns that carry nothing of their own, if there are any. */
function alikeOf(
  { rows, columns }: Pick<TensorFigures, "rows" | "columns">,
): Pick<WeightMeasurements, "alike"> {
  const hasAlike = (lines: LineCounts | null): lines is LineCounts =>
    lines !== null && lines.zero + lines.constant + lines.repeated > 0;
  const none: LineCounts = { zero: 0, constant: 0, repeated: 0 };
  return hasAlike(rows) || hasAlike(columns)
    ? { alike: { rows: rows ?? none, columns: columns ?? none } }
    : {};
}

function describeWhole({ tensor, layer }: WholeSweep, figures: TensorFigures): WholeTensor {
  const { name, type, shape, shard } = tensor;
  const { range, units, sample, rows, columns } = figures;
  const [first, ...others] = shape;
  // Lines of one entry each are all constant.
  const long = {
    rows: others.every((size) => size === 1) ? null : rows,
    columns: first === 1 ? null : columns,
  };
  return {
    name,
    type,
    shape,
    range: range!,
    values: valuesOf(figures),
    ...alikeOf(long),
    ...layer === null ? {} : { layer },
    ...units === null
      ? {}
      : { units: units.count, duplicateUnits: units.duplicate, zeroUnits: units.zero },
    ...shard === undefined ? {} : { file: shard },
    ...sample === undefined ? {} : { sample },
  };
}

/** Returns the number of entries that are not finite, and the place of the first. */
function placeOf(
  { nan, infinite, firstNaN, firstInfinite }: NonFinite,
  { shape, shard }: TorchTensor,
): WeightMeasurements["nonFiniteAt"] {
  let rest = Math.min(...[firstNaN, firstInfinite].filter((index) => index >= 0));
  const first = shape.toReversed().map((size) => {
    const index = rest % size;
    rest = Math.floor(rest / size);
    return index;
  });
  return { nan, infinite, first: first.reverse(), ...shard === undefined ? {} : { file: shard } };
}
