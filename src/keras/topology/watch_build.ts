import { patchProperty } from "../../engine/patching.ts";
import type { Layer, LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { showShape } from "../../core/model/layers/shapes.ts";
import { penalizeActivity } from "../../core/model/activity_penalties.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { layerParts } from "../../engine/keras_layer.ts";
import { LAYERS } from "../../ground/traits/layers.ts";
import { failure } from "../../ground/words/failure.ts";
import { LAYER_SETTINGS } from "./layer_settings.ts";
import { snakeCase } from "../../ground/traits/setting.ts";
import { InputError, type Refusal, refusal } from "../../ground/words/input_error.ts";

type Shape = readonly (number | null)[];
type Symbolic = LayersModel["inputs"][number];
type FromConfig = (cls: unknown, config: object, ...rest: unknown[]) => unknown;
type Apply = (this: Layer, inputs: unknown, options?: unknown) => unknown;

/** Registry of TensorFlow.js: for each class the function that builds it from a configuration. */
export type Classes = Record<string, [cls: unknown, fromConfig: FromConfig]>;

/** Number of entries that fill the 4 GiB of the WASM heap. */
const MAX_ENTRIES = 2 ** 30;

/**
 * Largest number of steps of a recurrent layer. Each leaves about 20 tensors behind for the
 * backward pass, of which JavaScript's heap can hold a few million.
 */
const MAX_STEPS = 100_000;

/**
 * Smallest number of layers in a chain at which a stack overflow is blamed on its length:
 * TensorFlow.js calls itself about ten times for each.
 */
const LONG_CHAIN = 500;

/** Words before a number of axes, by the prefix of TensorFlow.js's `ndim`. */
const BOUNDS: Readonly<Record<string, string>> = { "": "", min_: "at least ", max_: "at most " };

/**
 * Watches TensorFlow.js build a model, so that its errors name a place in the file, and rejects
 * shapes that no pass could hold: without entries, or with more than fit the heap.
 */
export class BuildWatch {
  readonly #tf: TensorFlow;
  readonly #places: WeakMap<object, string>;
  readonly #made = new Map<Layer, string>();
  /** Places of the objects being built, innermost last. */
  readonly #open: string[] = [];
  readonly #stop: () => void;

  /** @param places Place in the file of each configuration. */
  constructor(tf: TensorFlow, known: Classes, places: WeakMap<object, string>) {
    this.#tf = tf;
    this.#places = places;
    const stock = { ...known };
    for (const [name, [cls, fromConfig]] of Object.entries(stock)) {
      if (typeof fromConfig !== "function") continue;
      known[name] = [
        cls,
        (own, config, ...rest) =>
          this.#build(name, config, (config) => fromConfig(own, config, ...rest)),
      ];
    }
    const prototype = tf.layers.Layer.prototype as unknown as { apply: Apply };
    const { apply } = prototype;
    const watched = (layer: Layer, inputs: unknown, apply: () => unknown) =>
      this.#apply(layer, inputs, apply);
    const restore = patchProperty(prototype as object, "apply", {
      value: function (this: Layer, inputs: unknown, options?: unknown) {
        return watched(this, inputs, () => apply.call(this, inputs, options));
      },
    });
    this.#stop = () => {
      Object.assign(known, stock);
      restore();
    };
  }

  /** All layers made so far. */
  get layers(): Layer[] {
    return [...this.#made.keys()];
  }

  /** Returns the place in the file of a layer that is being built. */
  placeOf(layer: Layer): string {
    return this.#made.get(layer) ?? this.#open.at(-1) ?? "modelTopology";
  }

  stop(): void {
    this.#stop();
  }

  #build(name: string, config: object, build: (config: object) => unknown): unknown {
    const place = this.#places.get(config) ?? this.#open.at(-1) ?? "modelTopology";
    this.#open.push(place);
    try {
      const { activityRegularizer, ...stockConfig } = config as Record<string, unknown>;
      const isPenalized = Object.hasOwn(LAYER_SETTINGS, name) && activityRegularizer != null;
      // TensorFlow.js rejects the setting.
      const built = build(isPenalized ? stockConfig : config);
      if (!(built instanceof this.#tf.layers.Layer)) return built;
      this.#made.set(built, place);
      if (isPenalized) {
        const parts = layerParts(this.#tf, { kernelRegularizer: activityRegularizer as "l1l2" });
        penalizeActivity(this.#tf, built, parts.kernelRegularizer);
      }
      return built;
    } catch (error) {
      const found = `not a configuration of ${name}`;
      throw blame(error, { className: name, layers: this.#made.size, place, verb: "is", found });
    } finally {
      this.#open.pop();
    }
  }

  #apply(layer: Layer, inputs: unknown, apply: () => unknown): unknown {
    const place = this.placeOf(layer);
    const list = [inputs].flat() as Symbolic[];
    if (list.some((input) => !Array.isArray(Object(input).shape))) {
      throw new ModelError(
        refusal`${place} takes an output that another layer does not give, expected one that it gives`,
      );
    }
    const taken = list.map(({ shape }) => showShape(shape)).join(", ");
    let output: unknown;
    this.#open.push(place);
    try {
      const longest = list.map(({ shape }) => shape).sort((a, b) => b.length - a.length)[0];
      requireNoAxes(layer, longest, place);
      requireNoLoops(layer, list[0].shape, place);
      output = apply();
    } catch (error) {
      const className = layer.getClassName();
      const found = `inputs of shape ${taken}`;
      throw blame(error, { className, layers: this.#made.size, place, verb: "cannot take", found });
    } finally {
      this.#open.pop();
    }
    for (const { shape } of [output].flat() as Symbolic[]) requireOutput(shape, place, taken);
    return output;
  }
}

/** Rewrites an error of TensorFlow.js so that it names the place. */
function blame(
  error: unknown,
  { className, layers, ...parts }: Omit<Refusal, "expected"> & {
    className: string;
    layers: number;
  },
): ModelError {
  if (error instanceof ModelError) return error;
  const what = `${parts.place} ${parts.verb} ${parts.found}`;
  if (error instanceof RangeError && error.message.startsWith("Maximum call stack")) {
    return new ModelError(
      layers < LONG_CHAIN
        ? `${what}: it calls itself without end`
        : `${what}: TensorFlow.js has no room for ${layers} layers in a row, run deno with ` +
          `--v8-flags=--stack-size=7000`,
      { cause: error },
    );
  }
  const rank = failure(error).match(/expected (min_|max_)?ndim=(\d+), found/);
  if (rank !== null) {
    const bound = BOUNDS[rank[1] ?? ""];
    return new ModelError({ ...parts, expected: `${bound}${rank[2]} axes` }, { cause: error });
  }
  // V8's errors about TensorFlow.js's own code help only readers of that code.
  const isStock = Object.hasOwn(LAYERS, className);
  const isInternal = !(error instanceof InputError) &&
    (error instanceof TypeError || error instanceof RangeError);
  const why = isStock && isInternal
    ? "TensorFlow.js cannot build it"
    : failure(error).replace(/\.? Input received: .*/, "")
      .replace(/Received stateSpec=\[object Object\][^;]*; However /, "");
  return new ModelError(`${what}: ${why}`, { cause: error });
}

function requireOutput(shape: Shape, place: string, taken: string): void {
  const sizes = shape.filter((size) => size !== null);
  const entries = sizes.reduce((product, size) => product * size, 1);
  if (sizes.every((size) => Number.isSafeInteger(size) && size > 0) && entries <= MAX_ENTRIES) {
    return;
  }
  const expected = entries > MAX_ENTRIES
    ? `at most 2^30 entries: the engine has 4 GiB of memory`
    : "sizes of at least 1";
  throw new ModelError(
    refusal`${place} makes the shape ${showShape(shape)} of ${taken}, expected ${expected}`,
  );
}

/** Rejects an axis that the input does not have. */
function requireNoAxes(layer: Layer, shape: Shape, place: string): void {
  if (!Object.hasOwn(LAYER_SETTINGS, layer.getClassName())) return;
  for (const key of ["axis", "axes", "sharedAxes"] as const) {
    const found = (layer as unknown as Record<typeof key, number | number[] | null>)[key];
    for (const axis of found === undefined || found === null ? [] : [found].flat()) {
      if (axis >= -shape.length && axis < shape.length) continue;
      throw new ModelError(
        refusal`${place}.${snakeCase(key)} is ${axis}, expected an axis of the shape ${
          showShape(shape)
        }`,
      );
    }
  }
}

interface Looping {
  cell?: unknown;
  dataFormat?: string;
  dilationRate?: number[];
  kernelSize?: number[];
  poolSize?: number[];
  padding?: string;
}

/** Rejects layers that would loop, or pad, far beyond their input. */
function requireNoLoops(layer: Layer, shape: Shape, place: string): void {
  const { cell, dataFormat, dilationRate, kernelSize, poolSize, padding } =
    layer as unknown as Looping;
  const isRecurrent = cell !== undefined || layer.getClassName() === "TimeDistributed";
  if (isRecurrent && (shape[1] ?? 0) > MAX_STEPS) {
    throw new ModelError({
      place,
      verb: "runs",
      found: `${shape[1]} steps`,
      expected: `at most ${MAX_STEPS}`,
      hint: ": JavaScript cannot hold the tensors of more",
    });
  }
  const window = kernelSize ?? poolSize;
  if (!Array.isArray(window) || padding === "valid" || cell !== undefined) return;
  const first = dataFormat === "channelsFirst" ? 2 : 1;
  const padded = window.map((size, i) =>
    (shape[first + i] ?? 1) + (size - 1) * (dilationRate?.[i] ?? 1)
  );
  const channels = shape.at(dataFormat === "channelsFirst" ? 1 : -1) ?? 1;
  const entries = padded.reduce((product, size) => product * size, channels);
  if (entries <= MAX_ENTRIES) return;
  throw new ModelError({
    place,
    verb: "pads",
    found: `its input of shape ${showShape(shape)} to ${padded.join(" x ")}`,
    expected: "at most 2^30 entries",
    hint: ": the engine has 4 GiB of memory",
  });
}
