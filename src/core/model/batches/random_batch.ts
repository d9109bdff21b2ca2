import { InputError, nearest } from "../../../ground/words/input_error.ts";
import { requireEngine } from "../../../engine/running_engine.ts";
import type { Layer, LayersModel, Tensor, TensorFlow } from "../../../engine/tensorflow.ts";
import { layerTraits } from "../../../ground/traits/layer_traits.ts";
import type { LayerKind } from "../../../ground/traits/layers.ts";
import {
  anyObject,
  oneOfNames,
  requireKnownOptions,
  requireValue,
  string,
} from "../../../ground/words/shape.ts";
import { showValue } from "../../../ground/words/show_value.ts";
import { frontLayers, headOf, innerLayers } from "../layers/leaf_layers.ts";
import { batchShapes, type BatchSize } from "../layers/shapes.ts";
import { isObjective, OBJECTIVES } from "../objective.ts";
import { requireModel } from "../require_model.ts";
import type { Batch } from "./batch.ts";
import { SeededRandom } from "./seeded_random.ts";
import { activationTraits } from "../../../ground/traits/activation_traits.ts";
import type { TargetKind } from "../../../ground/traits/loss_traits.ts";
import { lossTraits } from "../../../ground/traits/losses.ts";

/** Options of {@linkcode randomBatch}. */
export interface RandomBatchOptions extends BatchSize {
  /** Seed of the batch. Default: 0. */
  seed?: number;
  /** Objective to draw targets for, see {@linkcode randomTargets}. Default: none, no targets. */
  objective?: string;
}

/** Names of the options; the type makes sure that none is missing. */
const OPTIONS: Record<keyof Required<RandomBatchOptions>, null> = {
  examples: null,
  undefinedSize: null,
  seed: null,
  objective: null,
};

/**
 * Draws a random batch that fits a model: standard normal entries, like normalised data; entries of
 * the mean and variance of a `Normalization` at the front; whole numbers in range for an input that
 * an embedding looks up; whole numbers from 0 to 255 for an input that a `Rescaling` brings to
 * about 1; 0 or 1 for any other integer input. The same seed gives the same batch on every backend.
 *
 * @param model A built model.
 * @param options Size, seed, and the objective if it needs targets.
 * @returns The batch; the caller disposes its tensors.
 * @throws {EngineError} If no engine runs.
 * @throws {InputError} If a size is not a whole number above 0 or does not suit the model, or if
 * the model is not built, or an option or the objective is unknown.
 *
 * @example A batch for a model of 20 features
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const model = exerciseModel();
 * const batch = randomBatch(model, { objective: "meanSquaredError" });
 * assertEquals([batch.inputs].flat()[0].shape, [32, 20]);
 * assertEquals([batch.targets!].flat()[0].shape, [32, 1]);
 * tf.dispose(batch as never);
 * model.dispose();
 * ```
 */
export function randomBatch(model: LayersModel, options: RandomBatchOptions = {}): Batch {
  requireModel(model);
  requireValue("options", options, anyObject);
  requireKnownOptions("randomBatch", options, Object.keys(OPTIONS));
  const { seed = 0, objective = "sum" } = options;
  // A pass could not use targets for an unknown loss.
  if (typeof objective !== "string" || !isObjective(objective)) {
    const near = typeof objective === "string" ? nearest(objective, OBJECTIVES) : "";
    throw new InputError({
      place: "options.objective",
      found: showValue(objective),
      expected: oneOfNames(OBJECTIVES),
      hint: near,
    });
  }
  const { tf } = requireEngine();
  const shapes = batchShapes(model, options);
  const ranges = inputRanges(model);
  const pixels = takesPixels(model);
  const raw = rawInputs(tf, model);
  const random = new SeededRandom(seed, "batch");
  const targets = objective === "sum" ? null : randomTargets(model, objective, options);
  const inputs = shapes.map((shape, i) => {
    const { dtype } = model.inputs[i];
    const count = shape.reduce((product, length) => product * length, 1);
    const other = pixels[i] ? { from: 0, to: PIXEL_VALUES } : { from: 0, to: 2 };
    const toRaw = ranges[i] === null ? raw[i] : null;
    const isNormal = toRaw !== null || dtype === "float32" && !pixels[i];
    const range = ranges[i] ?? (isNormal ? null : other);
    const values = range === null ? random.normals(count) : Int32Array.from(
      { length: count },
      () => range.from + random.integer(range.to - range.from),
    );
    return toRaw === null
      ? tf.tensor(values, shape, dtype)
      : tf.tidy(() => toRaw(tf.tensor(values, shape)));
  });
  return { inputs: inputs.length === 1 ? inputs[0] : inputs, targets, seed, random: true };
}

const PIXEL_VALUES = 256;

/**
 * Returns, for each input of a model, true if it takes pixels from 0 to 255: every layer that reads
 * it first is a `Rescaling` that brings these to about 1, whatever follows.
 */
export function takesPixels(model: LayersModel): boolean[] {
  return frontLayers(model, () => true, "first").map((layers) =>
    layers !== null && layers.every(scalesPixels)
  );
}

/** Returns true if a layer scales 255 to about 1: to 0.5 (half of it) up to 4 (from -2 to 2). */
function scalesPixels(layer: Layer): boolean {
  const { scale } = layer as unknown as { scale?: unknown };
  if (layer.getClassName() !== "Rescaling" || typeof scale !== "number") return false;
  const largest = (PIXEL_VALUES - 1) * Math.abs(scale);
  return largest >= 0.5 && largest <= 4;
}

/** Turns normal numbers into raw data that the layer at the front maps back to them. */
type ToRaw = (normals: Tensor) => Tensor;

interface Normalization {
  inputsOf(outputs: Tensor): Tensor | null;
}

/**
 * Returns, for each input that only a `Normalization` reads first, the map from normal numbers to
 * its inputs: its mean and deviation are those of the data. `null` for every other input.
 */
function rawInputs(tf: TensorFlow, model: LayersModel): (ToRaw | null)[] {
  return frontLayers(model, () => true, "first").map((layers, i) => {
    // Several have statistics of the same kind of data, each along its own axes.
    const layer = layers?.every(normalizes) ? layers[0] : undefined;
    const input = model.inputs[i];
    if (layer === undefined || !readsAs(layer, input.shape)) return null;
    return (normals) => {
      const raw = (layer as Layer & Normalization).inputsOf(normals);
      if (raw === null) return normals;
      const fitting = input.dtype === "int32" ? tf.cast(tf.round(raw), "int32") : raw;
      // NaN or infinite statistics are the model's fault, which no input can show.
      return tf.all(tf.isFinite(raw)).dataSync()[0] ? fitting : normals;
    };
  });
}

const normalizes = (layer: Layer): boolean =>
  layer.getClassName() === "Normalization" &&
  typeof (layer as Partial<Normalization> & Layer).inputsOf === "function";

/** Returns true if a layer is called on tensors of this shape: after a reshape, places differ. */
const readsAs = (layer: Layer, shape: readonly (number | null)[]): boolean =>
  layer.inboundNodes.some(({ inputTensors: [read] }) =>
    read !== undefined && String(read.shape.slice(1)) === String(shape.slice(1))
  );

/** Whole numbers that an input takes: from `from` to below `to`. */
export interface InputRange {
  /** Smallest number. */
  from: number;
  /** Largest number plus one. */
  to: number;
  /**
   * Largest number plus one that some of its entries may have: columns of an input may be looked up
   * in tables of different lengths.
   */
  limit?: number;
}

type SymbolicTensor = LayersModel["inputs"][number];

/** Layers that pass on their input's entries, in another shape or order. */
const PASSING: readonly LayerKind[] = ["passesOn", "selects", "concatenation"];

interface Parts {
  inputDim: number;
  maskZero?: boolean;
  numTokens: number;
  settings?: { calledWith?: readonly string[] };
}

/**
 * Returns the range in which a layer looks up the entries of one of its inputs, or `null` if it
 * calculates with them.
 */
function lookUp(layer: Layer, position = 0): InputRange | null {
  const parts = layer as unknown as Parts;
  // An attention also takes masks.
  if (parts.settings?.calledWith?.[position]?.endsWith("Mask")) return { from: 0, to: 2 };
  switch (layer.getClassName()) {
    case "Embedding":
      // With maskZero, 0 marks a missing entry.
      return { from: parts.maskZero && parts.inputDim > 1 ? 1 : 0, to: parts.inputDim };
    case "CategoryEncoding":
      return { from: 0, to: parts.numTokens };
    default:
      return null;
  }
}

/** Range in which entries of a tensor are looked up, and true if they are a part of it alone. */
type Consumer = InputRange & { isPart: boolean };

/** Returns all ranges in which the entries of a tensor are looked up. */
function consumers(tensor: SymbolicTensor): Consumer[] {
  const found: Consumer[] = [];
  const parts = new Set<SymbolicTensor>();
  // A model may be called on its own inputs, so the path may lead back to its start. Iteration over
  // a set includes entries added during iteration.
  const seen = new Set([tensor]);
  for (const one of seen) {
    for (const node of one.sourceLayer.outboundNodes) {
      const position = node.inputTensors.indexOf(one);
      if (position === -1) continue;
      const layer = node.outboundLayer;
      const own = lookUp(layer, position);
      const { kind, operation } = layerTraits(layer.getClassName());
      const isPart = parts.has(one) || operation === "crop";
      if (own !== null) found.push({ ...own, isPart });
      else if (PASSING.includes(kind)) {
        for (const next of node.outputTensors) {
          seen.add(next);
          if (isPart) parts.add(next);
        }
      } else {
        // A nested model continues from its own input; a wrapper has none.
        const inputs = (layer as unknown as { inputs?: SymbolicTensor[] }).inputs;
        const inner = innerLayers(layer);
        if (inner !== null && Array.isArray(inputs)) seen.add(inputs[position]);
        else {
          // The first layer in a container that looks entries up gets the input: the others look up
          // values that the container makes, such as positions.
          const ranges = (inner ?? []).map((one) => lookUp(one));
          const [first] = ranges.filter((range) => range !== null);
          if (first !== undefined) found.push({ ...first, isPart });
        }
      }
    }
  }
  return found;
}

/**
 * Returns, for each input of a model, the whole numbers that it takes because an embedding looks
 * them up, or `null` for an input of any numbers. Looks through layers that only reshape, and
 * nested models.
 */
export function inputRanges(model: LayersModel): (InputRange | null)[] {
  return model.inputs.map((input) => {
    const ranges = consumers(input);
    if (ranges.length === 0) return null;
    const ends = ranges.map(({ to }) => to);
    const whole = ranges.flatMap(({ to, isPart }) => isPart ? [] : [to]);
    const from = Math.max(...ranges.map((range) => range.from));
    const to = Math.min(...ends), limit = Math.min(Math.max(...ends), ...whole);
    return limit > to ? { from, to, limit } : { from, to };
  });
}

/** Options of {@linkcode randomTargets}. */
export interface RandomTargetsOptions extends BatchSize {
  /** Seed of the targets. Default: 0. */
  seed?: number;
}

/** Returns the shapes of the outputs with every axis filled in. */
function outputShapes(model: LayersModel, inputs: number[][]): number[][] {
  const fill = (shape: (number | null)[]) => [inputs[0][0], ...shape.slice(1)];
  let shapes = model.outputs.map((output) => fill(output.shape));
  if (shapes.flat().includes(null)) {
    const computed = model.computeOutputShape(inputs.length === 1 ? inputs[0] : inputs);
    shapes = (Array.isArray(computed[0]) ? computed : [computed]).map((shape) =>
      fill(shape as number[])
    );
  }
  const open = shapes.findIndex((shape) => shape.includes(null));
  if (open !== -1) {
    throw new InputError({
      place: `The output ${showValue(model.outputs[open].sourceLayer.name)}`,
      verb: "has",
      found: `the open shape [${shapes[open].map((length) => length ?? "any").join(", ")}]`,
      expected: "a batch with targets",
    });
  }
  return shapes as number[][];
}

/**
 * Draws random targets that suit a loss: one-hot for `categoricalCrossentropy`, `categoricalHinge`
 * and `kullbackLeiblerDivergence`, class numbers for `sparseCategoricalCrossentropy` (last axis 1),
 * 0 or 1 for `binaryCrossentropy`, -1 or 1 for the hinges, counts from 0 to 3 for `poisson`,
 * non-negative numbers for `meanSquaredLogarithmicError`, standard normal for any other, but within
 * the range of a relu, relu6, softplus, sigmoid, hardSigmoid, tanh or softsign head.
 *
 * @param model A built model.
 * @param objective Name of the loss.
 * @param options Size and seed, the same as for the batch.
 * @returns One tensor for a model with one output, else one per output; the caller disposes them.
 * @throws {EngineError} If no engine runs.
 * @throws {InputError} If a size does not suit the model, or the shape of an output is unknown.
 *
 * @example Class numbers
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { randomTargets } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 10, activation: "softmax", inputShape: [4] })],
 * });
 * const targets = [randomTargets(model, "sparseCategoricalCrossentropy")].flat();
 * assertEquals(targets[0].shape, [32, 1]);
 * tf.dispose(targets);
 * model.dispose();
 * ```
 */
export function randomTargets(
  model: LayersModel,
  objective: string,
  options: RandomTargetsOptions = {},
): Tensor | Tensor[] {
  requireModel(model);
  requireValue("objective", objective, string);
  requireValue("options", options, anyObject);
  const { tf } = requireEngine();
  const random = new SeededRandom(options.seed ?? 0, "targets");
  const targets = outputShapes(model, batchShapes(model, options)).map((shape, i) =>
    drawTarget(tf, random, { loss: objective, head: headOf(model.outputs[i]), shape })
  );
  return targets.length === 1 ? targets[0] : targets;
}

/** Draws one target of a loss, with `classes` entries, into `target`. */
type Draw = (random: SeededRandom, target: Float32Array, classes: number) => void;

const each = (draw: (random: SeededRandom) => number): Draw => (random, target) => {
  for (let i = 0; i < target.length; i++) target[i] = draw(random);
};

const oneHot: Draw = (random, target, classes) => {
  for (let i = 0; i < target.length; i += classes) target[i + random.integer(classes)] = 1;
};

const sign = each((random) => random.integer(2) * 2 - 1);

/** Draws within the range of a head's outputs: targets outside it would be a fault of the draw. */
function withinReach(head: string): Draw {
  const traits = activationTraits(head);
  // The outputs of a softmax depend on each other: drawing each entry separately does not fit.
  const [low, high] = traits === null || traits.curve === null
    ? [-Infinity, Infinity]
    : traits.range;
  return each((random) => {
    const x = random.normal();
    if (high === 1) return low === 0 ? 1 / (1 + Math.exp(-x)) : Math.tanh(x);
    return low === 0 ? Math.min(Math.abs(x), high) : x;
  });
}

/** Draws of targets that are restricted to some numbers. */
const DRAWS: Record<Exclude<TargetKind, "numbers">, Draw> = {
  "positive numbers": each((random) => Math.abs(random.normal())),
  counts: each((random) => random.integer(4)),
  labels: each((random) => random.integer(2)),
  shares: oneHot,
  classes: (random, target, classes) => {
    for (let i = 0; i < target.length; i++) target[i] = random.integer(classes);
  },
  signs: sign,
};

/**
 * Draws random targets of one output that suit its loss and its head.
 *
 * @param output `loss`: name of its loss; `head`: activation or class at its end, see
 * {@linkcode headOf}; `shape`: its shape, examples first.
 * @returns A tensor; the caller disposes it.
 */
export function drawTarget(
  tf: TensorFlow,
  random: SeededRandom,
  { loss, head, shape }: { loss: string; head: string; shape: number[] },
): Tensor {
  const classes = shape.at(-1)!;
  const kind = lossTraits(loss)?.targets ?? "numbers";
  const own = kind === "classes" ? [...shape.slice(0, -1), 1] : shape;
  const values = new Float32Array(own.reduce((product, length) => product * length, 1));
  const draw = kind === "numbers" ? withinReach(head) : DRAWS[kind];
  draw(random, values, classes);
  return tf.tensor(values, own);
}
