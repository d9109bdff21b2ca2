import type { Layer, LayersModel } from "../../../engine/tensorflow.ts";
import { type LeafLayer, leafLayers } from "../layers/leaf_layers.ts";
import { uniqueNames } from "../names.ts";
import { requireModel } from "../require_model.ts";
import { requireEngine } from "../../../engine/running_engine.ts";
import { isKernel } from "../../../ground/theory/weight_kinds.ts";
import { InputError, nearest, refusal } from "../../../ground/words/input_error.ts";
import { formatCount } from "../../../ground/words/numbers.ts";
import { type Overview, withOverview } from "../../../ground/words/overview.ts";
import {
  anyObject,
  boolean,
  list,
  oneOfNames,
  optional,
  requireValue,
  string,
} from "../../../ground/words/shape.ts";
import { showValue } from "../../../ground/words/show_value.ts";

/** Weight of a layer as TensorFlow.js keeps it: `read()` returns its `tf.Variable`. */
export type LayerVariable = Layer["weights"][number];

/** Weight of a model, with its owner. */
export interface ModelWeight {
  /** Path of the layer that owns it, as in {@linkcode leafLayers}. */
  layerPath: string;
  /**
   * Name, unique in the model: the layer's path and the weight's own name,
   * `"encoder/dense_1/kernel"`.
   */
  weightName: string;
  /** Variable of TensorFlow.js. */
  variable: LayerVariable;
  /** Layer that owns it. */
  layer: Layer;
  /**
   * True if training the model would change it: neither it, its layer nor a model around is frozen.
   */
  trainable: boolean;
}

/**
 * Returns the weights of a model by layer: each once, even if layers or weights are shared.
 *
 * TensorFlow.js makes the names of variables unique over the whole process (`dense_1/kernel_3`);
 * the names here are unique within the model and do not depend on the models made before. If one
 * layer has two weights of one name (stacked RNN cells), the second is called `kernel_2`.
 *
 * @param model A built model.
 * @param leaves Its leaf layers, if known already; the model was checked then, too.
 * @returns One entry per weight, in the order of {@linkcode leafLayers}, and within a layer in its
 * own.
 *
 * @example Names of the weights
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { modelWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ name: "head", units: 1, inputShape: [4] })],
 * });
 * assertEquals(modelWeights(model).map((weight) => weight.weightName), ["head/kernel", "head/bias"]);
 * model.dispose();
 * ```
 */
export function modelWeights(model: LayersModel, leaves?: readonly LeafLayer[]): ModelWeight[] {
  if (leaves === undefined) requireModel(model);
  const trainable = new Set<LayerVariable>(model.trainableWeights);
  const seen = new Set<LayerVariable>();
  const weights: ModelWeight[] = [];
  for (const { path, layer } of leaves ?? leafLayers(model)) {
    for (const variable of layer.weights) {
      if (seen.has(variable)) continue;
      seen.add(variable);
      const own = variable.originalName.slice(variable.originalName.lastIndexOf("/") + 1);
      // A PyTorch program names its weights itself, as in `state_dict()`.
      const { stateDictName } = variable as { stateDictName?: string };
      weights.push({
        layerPath: path,
        weightName: stateDictName ?? `${path}/${own}`,
        variable,
        layer,
        trainable: trainable.has(variable),
      });
    }
  }
  const names = uniqueNames(weights.map(({ weightName }) => weightName));
  weights.forEach((weight, i) => weight.weightName = names[i]);
  return weights;
}

/** New value of a weight: its entries, row-major, and its shape if that should be checked too. */
export type NewWeight =
  | Pick<WeightValue, "shape" | "values">
  | Float32Array
  | readonly number[];

/**
 * Sets weights of a model by name; the others keep their values. If anything is wrong, none is set.
 *
 * @param model A built model.
 * @param weights New values by name, as from {@linkcode getWeights}, or bare entries.
 * @throws {EngineError} If no engine runs.
 * @throws {InputError} If the model has no weight of a name, or entries are not numbers, or if a
 * shape or a number of entries is wrong.
 *
 * @example Put the weights back
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import {
 *   exerciseModel,
 *   getWeights,
 *   rescaleWeights,
 *   setWeights,
 * } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await startEngine();
 * const model = exerciseModel();
 * const weights = getWeights(model);
 * rescaleWeights(model, 1 / 894);
 * setWeights(model, weights);
 * assertEquals(getWeights(model), weights);
 * model.dispose();
 * ```
 */
export function setWeights(model: LayersModel, weights: Readonly<Record<string, NewWeight>>): void {
  requireModel(model);
  requireValue("weights", weights, anyObject);
  const { tf } = requireEngine();
  const known = new Map(modelWeights(model).map((weight) => [weight.weightName, weight]));
  const checked = Object.entries(weights).map(([name, weight]) => {
    const own = known.get(name);
    if (own === undefined) {
      throw new InputError({
        place: "The model",
        verb: "has no weight",
        found: showValue(name),
        expected: oneOfNames([...known.keys()]),
        meant: nearest(name, [...known.keys()]),
      });
    }
    const shape = own.variable.shape as number[];
    // An array has a method called values.
    const { shape: given, values: entries } = Array.isArray(weight) || ArrayBuffer.isView(weight)
      ? { shape: undefined, values: weight }
      : Object(weight) as Partial<WeightValue>;
    if (given !== undefined) requireShape(name, given, shape);
    return { variable: own.variable, shape, values: requireEntries(name, entries, shape) };
  });
  // Fresh tensors only: XNNPACK keeps using the old weights if a tensor is written in place.
  tf.tidy(() => {
    for (const { variable, shape, values } of checked) {
      (variable.read() as unknown as { assign(value: unknown): void }).assign(
        tf.tensor(values, shape, variable.dtype),
      );
    }
  });
}

/** An item may be anything. */
const showShape = (shape: readonly unknown[]) => `[${shape.map(showValue).join(",")}]`;

function requireShape(name: string, found: readonly number[], expected: number[]): void {
  if (!Array.isArray(found) || showShape(found) !== showShape(expected)) {
    throw new InputError({
      place: `The shape of weight ${showValue(name)}`,
      found: Array.isArray(found) ? showShape(found) : showValue(found),
      expected: JSON.stringify(expected),
    });
  }
}

function requireEntries(name: string, entries: unknown, shape: number[]): Float32Array {
  const isList = Array.isArray(entries);
  const isArray = isList || entries instanceof Float32Array;
  const bad = isList ? entries.findIndex((entry) => typeof entry !== "number") : -1;
  if (!isArray || bad !== -1) {
    const entry = isArray ? `, entry ${bad},` : "";
    const found = showValue(isArray ? entries[bad] : entries);
    throw new InputError(
      refusal`The value of weight ${showValue(name)}${entry} is ${found}, expected numbers`,
    );
  }
  const count = shape.reduce((product, size) => product * size, 1);
  if (entries.length !== count) {
    throw new InputError({
      place: `The value of weight ${showValue(name)}`,
      verb: "has",
      found: formatCount(entries.length, "entry", "entries"),
      expected: `${count} for shape ${JSON.stringify(shape)}`,
    });
  }
  // A copy: TensorFlow.js may keep the array it is given, and the caller may go on using it.
  return new Float32Array(entries);
}

/** Weight, read off the engine. */
export interface WeightValue {
  /** Path of the layer that owns it. */
  layer: string;
  /** Name, unique in the model: `"dense_1/kernel"`. */
  name: string;
  /** Shape. */
  shape: number[];
  /** Copy of the entries, row-major. */
  values: Float32Array;
}

/**
 * Returns all weights of a model, by name. They are copies, so they do not change with the model.
 *
 * @param model A built model.
 * @returns The weights in the model's order, including frozen ones and moving statistics.
 *
 * @example The exercise's first step: read the weights
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, getWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await startEngine();
 * const model = exerciseModel({ depth: 2 });
 * const weights = getWeights(model);
 * assertEquals(Object.keys(weights).slice(0, 2), ["dense_1/kernel", "dense_1/bias"]);
 * assertEquals(weights["dense_3/kernel"].shape, [20, 1]);
 * model.dispose();
 * ```
 */
export function getWeights(model: LayersModel): Record<string, WeightValue> {
  requireModel(model);
  // A weight may have any name, even "__proto__".
  const weights = Object.fromEntries(
    modelWeights(model).map(({ layerPath, weightName, variable }) => [weightName, {
      layer: layerPath,
      name: weightName,
      shape: [...variable.shape] as number[],
      values: Float32Array.from(variable.read().dataSync()),
    }]),
  );
  const given = () => ({
    title: "mean |w|",
    bars: Object.values(weights).filter(isKernel).map(({ name, values }) => ({
      label: name,
      value: meanAbs(values),
    })),
  });
  return withOverview(weights, overview, { of: "values", given });
}

function overview(weights: Record<string, WeightValue>): Overview {
  const all = Object.values(weights);
  const entries = all.reduce((sum, { values }) => sum + values.length, 0);
  // Biases that start at 0 would be every other row.
  const [nonzero, zero] = [true, false].map((wanted) =>
    all.filter(({ values }) => values.some((w) => w !== 0) === wanted)
  );
  const listed = zero.length > 1 ? nonzero : all;
  return {
    title: `${formatCount(all.length, "weight")} with ${formatCount(entries, "entry", "entries")}`,
    columns: ["weight", "shape", "mean |w|", "largest |w|"],
    rows: [
      ...listed.map(({ name, shape, values }) => [
        name,
        `[${shape.join(", ")}]`,
        meanAbs(values),
        values.reduce((most, w) => Math.max(most, Math.abs(w)), 0),
      ]),
      ...zero.length > 1 ? [[`${zero.length} weights that are all 0`, null, 0, 0]] : [],
    ],
  };
}

const meanAbs = (values: Float32Array) =>
  values.reduce((sum, w) => sum + Math.abs(w), 0) / Math.max(1, values.length);

/** Options of {@linkcode rescaleWeights}. */
export interface RescaleOptions {
  /**
   * True to rescale only kernels: weights of rank 2 and higher, including recurrent kernels and
   * embeddings, except those of a PReLU or a normalisation. Biases, batch-norm gains and moving
   * statistics then stay. Default: true.
   */
  kernelsOnly?: boolean;
  /** Layers to rescale, by path: a pattern that the path contains, or full paths. Default: all. */
  layers?: RegExp | readonly string[];
}

/**
 * Multiplies weights of a model by a constant.
 *
 * @param model A built model.
 * @param factor Factor: finite, and not 0, which could not be undone.
 * @param options Weights to choose.
 * @returns Names of the weights that were rescaled.
 * @throws {EngineError} If no engine runs.
 * @throws {InputError} If the factor is 0 or not finite, or if no layer has a given path, or the
 * pattern matches none.
 *
 * @example The exercise's question: what does a smaller scale do?
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, rescaleWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await startEngine();
 * const model = exerciseModel();
 * const tanhLayers = Array.from({ length: 9 }, (_, i) => `dense_${i + 2}`);
 * const rescaled = rescaleWeights(model, 1 / 894, { layers: tanhLayers });
 * assertEquals(rescaled.length, 9);
 * model.dispose();
 * ```
 */
export function rescaleWeights(
  model: LayersModel,
  factor: number,
  options: RescaleOptions = {},
): string[] {
  requireModel(model);
  requireValue("options", options, anyObject);
  const { kernelsOnly = true, layers } = options;
  requireValue("options.kernelsOnly", kernelsOnly, boolean);
  if (!(layers instanceof RegExp)) requireValue("options.layers", layers, optional(list(string)));
  const { tf } = requireEngine();
  if (typeof factor !== "number" || !Number.isFinite(factor) || factor === 0) {
    throw new InputError(
      { place: "factor", found: showValue(factor), expected: "a finite number other than 0" },
    );
  }
  const weights = modelWeights(model);
  const paths = new Set(weights.map((weight) => weight.layerPath));
  const chosen = layers === undefined ? paths : choose(paths, layers);
  const rescaled = weights.filter(({ layerPath, weightName, variable }) =>
    chosen.has(layerPath) && (!kernelsOnly || isKernel({ name: weightName, shape: variable.shape }))
  );
  tf.tidy(() => {
    for (const { variable } of rescaled) {
      const value = variable.read();
      (value as unknown as { assign(value: unknown): void }).assign(tf.mul(value, factor));
    }
  });
  return rescaled.map((weight) => weight.weightName);
}

function choose(paths: Set<string>, layers: RegExp | readonly string[]): Set<string> {
  if (layers instanceof RegExp) {
    // Not test(): a pattern with the flag g would continue after its last match.
    const found = new Set([...paths].filter((path) => path.search(layers) !== -1));
    if (found.size > 0) return found;
    throw new InputError(
      refusal`layers is ${String(layers)}, expected a pattern that matches a layer with weights`,
    );
  }
  const missing = layers.find((path) => !paths.has(path));
  if (missing !== undefined) {
    throw new InputError(
      refusal`layers has ${showValue(missing)}, expected the name of a layer with weights`,
    );
  }
  return new Set(layers);
}
