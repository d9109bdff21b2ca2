import { callable, object, requireValue } from "../../ground/words/shape.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { Layer, Tensor, TensorFlow } from "../tensorflow.ts";

/** Layer class of TensorFlow.js. */
export type LayerClass = { prototype: Record<string, unknown> };

/** Weight of a layer, with methods to read and write it. */
export interface LayerWeight {
  read(): Tensor;
  write(value: Tensor): unknown;
}

export interface LayerActivation {
  apply(x: Tensor): Tensor;
}

// deno-lint-ignore no-explicit-any -- signatures differ between layers
export type LayerMethod = (this: any, ...args: any[]) => any;

/**
 * Finds a class by its registered name. Two classes have none: `Layer`, the base of all layers, and
 * `Container`, the base of the models.
 */
export type ClassFinder = (className: string) => LayerClass | undefined;

/** Context that a repair gets when it is installed. */
interface RepairContext {
  readonly tf: TensorFlow;
  /** Returns the TensorFlow.js class of a name, if there is one to repair. */
  classOf: ClassFinder;
  /**
   * Replaces a method of a class, own or inherited, until the repairs are removed. Does nothing if
   * the class does not exist.
   *
   * @param make Makes the method from the previous one.
   */
  patch(
    layerClass: LayerClass | string | undefined,
    name: string,
    make: (original: LayerMethod) => LayerMethod,
  ): void;
}

/** Repairs faults in the layers of TensorFlow.js that no op can fix. */
export type LayerRepair = (context: RepairContext) => void;

/** Returns the only tensor that a layer was called with. */
export function oneTensor(inputs: Tensor | Tensor[]): Tensor {
  return Array.isArray(inputs) ? inputs[0] : inputs;
}

/** Returns true if the active backend has an op of this name. */
export const hasKernel = (tf: TensorFlow, kernelName: string): boolean =>
  tf.getKernel(kernelName, tf.getBackend()) != null;

/** Methods installed by repairs, which identify repaired classes. */
export const repairedMethods = new WeakSet<object>();

/** Properties in which models, wrappers and recurrent layers hold inner layers. */
const INNER = ["layers", "model", "layer", "forwardLayer", "backwardLayer", "cell", "cells"];

/** Class that may be registered under its own name. */
type NamedClass = LayerClass & { className?: string };

/**
 * Returns the classes of a model's layers, inner layers included, that come from other copies of
 * TensorFlow.js.
 *
 * @returns For each copy, its classes by name. The base of all layers is called `Layer`, that of
 * all models `Container`.
 */
export function otherCopies(tf: TensorFlow, model: object): Map<string, LayerClass>[] {
  const copies = new Map<object, Map<string, LayerClass>>();
  const seen = new Set<unknown>();
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (!(value instanceof tf.layers.Layer)) collect(value, copies);
    for (const key of INNER) {
      // Getters of an unbuilt layer throw.
      const inner = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
      if (Array.isArray(inner)) inner.forEach(visit);
      else visit(inner);
    }
  };
  visit(model);
  return [...copies.values()];
}

/**
 * Returns the name under which a class is repaired. It is `undefined` for a user's class with the
 * inherited name of its base, which is repaired with the base.
 */
function nameOf(prototype: object, layerClass: NamedClass): string | undefined {
  if (Object.hasOwn(prototype, "runInternalGraph")) return "Container";
  return Object.hasOwn(layerClass, "className") ? layerClass.className : undefined;
}

/** Adds the classes in an object's prototype chain, if it is a layer. */
function collect(value: object, copies: Map<object, Map<string, LayerClass>>): void {
  const classes = new Map<string, LayerClass>();
  let prototype = Object.getPrototypeOf(value);
  for (; prototype !== null; prototype = Object.getPrototypeOf(prototype)) {
    const layerClass = prototype.constructor as NamedClass;
    const isBase = Object.hasOwn(prototype, "addWeight");
    const name = isBase ? "Layer" : nameOf(prototype, layerClass);
    if (name !== undefined) classes.set(name, layerClass);
    if (!isBase) continue;
    const known = copies.get(prototype) ?? new Map<string, LayerClass>();
    for (const [className, found] of classes) known.set(className, found);
    copies.set(prototype, known);
    return;
  }
}

type FromConfig = (cls: unknown, config: Record<string, unknown>, ...rest: unknown[]) => unknown;

/** Settings that each replacement of `fromConfig` stores; without any of them it does nothing. */
const storing = new WeakMap<object, ReadonlySet<string>>();

/**
 * Makes layers created from a configuration store settings that TensorFlow.js's class does not
 * know, if they differ from the default, and serialise them again.
 *
 * @param usual The settings, each with the value that matches the class.
 */
export function storeSettings(
  { tf, patch }: Pick<RepairContext, "tf" | "patch">,
  classNames: readonly string[],
  usual: Readonly<Record<string, unknown>>,
): void {
  const { classNameMap } = tf.serialization.SerializationMap.getMap() as unknown as {
    classNameMap: Record<string, [cls: unknown, fromConfig: FromConfig]>;
  };
  for (const name of classNames) {
    patch(name, "getConfig", (original) =>
      function (this: Record<string, unknown>) {
        const kept = Object.keys(usual).filter((key) =>
          this[key] != null && this[key] !== usual[key]
        );
        return {
          ...original.call(this),
          ...Object.fromEntries(kept.map((key) => [key, this[key]])),
        };
      });
    const [cls, fromConfig] = classNameMap[name];
    const stored = storing.get(fromConfig) ?? new Set<string>();
    if (Object.keys(usual).every((key) => stored.has(key))) continue;
    const keeping: FromConfig = (cls, config, ...rest) => {
      const isStored = ([key, value]: [string, unknown]) =>
        Object.hasOwn(usual, key) && value != null && value !== usual[key];
      const { true: own = [], false: others = [] } = Object.groupBy(
        Object.entries(config),
        (entry) => `${isStored(entry)}`,
      );
      // The class may reject unknown settings.
      const layer = fromConfig(cls, Object.fromEntries(others), ...rest) as object;
      return Object.assign(layer, Object.fromEntries(own));
    };
    storing.set(keeping, new Set([...stored, ...Object.keys(usual)]));
    classNameMap[name] = [cls, keeping];
  }
}

interface Options {
  dilationRate?: number | number[];
  dataFormat?: string;
  bias?: unknown;
}

const isDilated = ({ dilationRate = 1 }: Options) => [dilationRate].flat().some((rate) => rate > 1);
const isChannelsFirst = ({ dataFormat }: Options) => dataFormat === "channelsFirst";

/** Silent errors of TensorFlow.js that a repair of the class fixes. */
const SILENTLY_WRONG: Record<string, (layer: Options) => string | null> = {
  Conv1D: (layer) => isChannelsFirst(layer) ? "returns channels last where they go in first" : null,
  DepthwiseConv2D: (layer) => isDilated(layer) ? "ignores dilationRate" : null,
  SeparableConv2D: (layer) =>
    isChannelsFirst(layer) && layer.bias ? "adds the bias along the wrong axis" : null,
};

/**
 * Returns the reason why the numbers of a layer cannot be trusted, if any: TensorFlow.js silently
 * computes something other than its options say, and no repair is installed.
 *
 * @param layer A built layer. Call this before a pass, while its `call` is that of its class.
 * @returns A sentence that names the layer, or `null` if it can be measured.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { unmeasurableReason } from "@gradient-health/gradient-health/ops";
 *
 * tf.env().set("PROD", true); // no banner
 * const layer = tf.layers.conv2dTranspose({ filters: 1, kernelSize: 2, dilationRate: 2 });
 * console.assert(unmeasurableReason(layer)?.includes("dilationRate"));
 * console.assert(unmeasurableReason(tf.layers.dense({ units: 1 })) === null);
 * ```
 */
export function unmeasurableReason(layer: Layer): string | null {
  requireValue("layer", layer, object({ getClassName: callable }));
  const className = layer.getClassName();
  const name = `Layer ${layer.name} (${className})`;
  const options = layer as unknown as Options;
  const rate = [options.dilationRate ?? 1].flat().find((rate) =>
    !(Number.isInteger(rate) && rate > 0)
  );
  if (rate !== undefined) {
    return `${name} has a dilationRate of ${showValue(rate)}: expected whole numbers of at least 1`;
  }
  if (/^Conv[23]DTranspose$/.test(className) && isDilated(options)) {
    return `${name} has dilationRate ${
      JSON.stringify(options.dilationRate)
    }, which TensorFlow.js ` +
      "ignores in a transposed convolution: set it to 1, or measure another layer";
  }
  const fault = SILENTLY_WRONG[className]?.(options) ?? null;
  const { call } = Object.getPrototypeOf(layer);
  if (fault === null || repairedMethods.has(call)) return null;
  return `${name} comes from a copy of TensorFlow.js that ${fault}, and that this engine does not ` +
    "repair: build the model with the engine's own TensorFlow.js";
}
