import { isObject } from "../../ground/words/shape.ts";
import { ModelError, unexpected } from "../../core/model/model_error.ts";
import { plainTopology } from "../files/plain_topology.ts";
import { requireTopologyLayers } from "./require_layers.ts";
import { camelCase } from "../../ground/traits/setting.ts";
import { type Json, type KnownAs, MODEL_CLASSES } from "./topology_json.ts";
import { requireSomeLayers, unknownClass } from "./unknown_class.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { refusal } from "../../ground/words/input_error.ts";

/** Architecture of a model in the form that TensorFlow.js builds it from. */
export interface Topology {
  /** Class of the model: `Sequential`, `Functional`, `Model`. */
  className: string;
  /** Configuration, with keys in camel case. */
  config: Record<string, unknown>;
  /** Place in the file of each configuration of a class. */
  places: WeakMap<object, string>;
}

const DTYPES = ["float32", "int32", "bool"];

/** No sane model nests deeper, and recursion must end before the stack overflows. */
const MAX_DEPTH = 100;

/**
 * Checks the `modelTopology` of a model.json and converts it, Keras's snake case to camel case, to
 * the form from which TensorFlow.js builds a model. Nothing is built here. Topologies on which
 * TensorFlow.js would hang, or fail without a clear message, are rejected.
 *
 * @param topology The piece of JSON: `{class_name, config}`, or `{model_config: {...}}` of Keras.
 * @param isKnown Returns true if TensorFlow.js has a class of this name.
 * @param root Place in the file. Default: `modelTopology`, as in a model.json.
 * @throws {ModelError} If something in it is missing, wrong or unknown; the message starts with the
 * place.
 */
export function convertTopology(
  topology: unknown,
  isKnown: (name: string) => boolean,
  root = "modelTopology",
): Topology {
  let place = root;
  if (!isObject(topology)) throw unexpected(place, topology, "an object");
  let model = topology;
  if (topology.model_config !== undefined && topology.model_config !== null) {
    place += ".model_config";
    if (!isObject(topology.model_config)) {
      throw unexpected(place, topology.model_config, "an object");
    }
    model = topology.model_config;
  }
  if (typeof model.class_name !== "string" || model.config === undefined) {
    throw unexpected(`${place}.class_name`, model.class_name, MODEL_CLASSES.join(", "));
  }
  // The training configuration is not part of the model: the class of a Keras loss need not be
  // known.
  const { training_config: _, ...untrained } = model;
  const knownAs = (name: string) => knownNameOf(name, isKnown);
  requireSomeLayers(model, place, knownAs);
  const own = plainTopology(untrained, place, knownAs);
  const places = new WeakMap<object, string>();
  const converted = convert(own, { key: "", place, depth: 0 }, {
    knownAs,
    places,
  }) as unknown as Topology;
  const { className, config } = converted;
  if (!MODEL_CLASSES.includes(className)) {
    throw unexpected(`${place}.class_name`, className, MODEL_CLASSES.join(", "));
  }
  requireTopologyLayers(own, place, knownAs);
  dropUnused(converted);
  // In Keras 1, the configuration of a Sequential is the list of its layers.
  const whole = Array.isArray(config) ? { layers: config } : config;
  places.set(whole, `${place}.config`);
  return { className, config: whole, places };
}

function convert(
  value: unknown,
  { key, place, depth }: { key: string; place: string; depth: number },
  context: { knownAs: KnownAs; places: WeakMap<object, string> },
): unknown {
  if (depth > MAX_DEPTH) {
    const name = key || "modelTopology";
    throw new ModelError(
      refusal`${name} has more than ${MAX_DEPTH} levels, expected at most ${MAX_DEPTH}`,
    );
  }
  // `gelu_new` has the same name in TensorFlow.js.
  if (typeof value === "string") {
    return key.toLowerCase().endsWith("activation")
      ? context.knownAs(value) ?? camelCase(value)
      : camelCase(value);
  }
  if (Array.isArray(value)) {
    return value.map((item, i) => {
      // References to layers start with a name, which must stay unchanged.
      const isName = i === 0 && typeof item === "string" &&
        ["inboundNodes", "inputLayers", "outputLayers"].includes(key);
      const at = { key, place: `${place}[${i}]`, depth: depth + 1 };
      return isName ? item : convert(item, at, context);
    });
  }
  if (!isObject(value)) return value;
  const isClass = typeof value.class_name === "string" && typeof value.config === "object";
  if (isClass) requireClass(value, place, context.knownAs);
  // Keras also saves a type for initialisers, which TensorFlow.js ignores.
  if (isClass && !key.endsWith("Initializer")) requireDtype(value.config as Json, place);
  const converted = Object.fromEntries(
    Object.entries(value).map(([own, inner]) => {
      // A name is the author's choice and keeps its case.
      if (own === "name" && typeof inner === "string") return [own, inner];
      const ownKey = camelCase(own);
      const at = { key: ownKey, place: `${place}.${own}`, depth: depth + 1 };
      return [ownKey, convert(inner, at, context)];
    }),
  );
  if (!isClass) return converted;
  const resolved = resolveClass(converted, value.class_name as string, context.knownAs);
  if (Object(resolved.config) === resolved.config) {
    context.places.set(resolved.config as object, `${place}.config`);
  }
  return resolved;
}

/** Returns the name by which TensorFlow.js knows a class, or `null` if it is unknown. */
function knownNameOf(name: string, isKnown: (name: string) => boolean): string | null {
  // Keras writes the package of a custom class in front of its name.
  const bare = name.slice(name.indexOf(">") + 1);
  return [name, camelCase(name), bare, camelCase(bare)].find(isKnown) ?? null;
}

/** Gives a class the name and the configuration by which TensorFlow.js knows it. */
function resolveClass(value: Json, name: string, knownAs: KnownAs): Json {
  const className = knownAs(name);
  // Keras has two classes for what is one in TensorFlow.js.
  return className === null
    ? { className: "L1L2", config: { l1: 0, l2: 0, ...value.config as Json } }
    : { ...value, className };
}

function requireClass(value: Json, place: string, knownAs: KnownAs): void {
  const written = value.class_name as string;
  if (knownAs(written) === null && written !== "L1" && written !== "L2") {
    throw unknownClass(value.class_name, place);
  }
}

/** TensorFlow.js accepts any name of a type, and fails when it first needs a tensor of it. */
function requireDtype(config: Json | null, place: string): void {
  const dtype = config?.dtype;
  if (dtype === "string") {
    throw new ModelError({
      place: `${place}.config.dtype`,
      found: showValue(dtype),
      expected: "a type of numbers",
      meant:
        ": text is not preprocessed here. Save the model behind the preprocessing, which takes numbers",
    });
  }
  if (dtype === undefined || dtype === null || DTYPES.includes(dtype as string)) return;
  throw unexpected(`${place}.config.dtype`, dtype, '"float32", "int32" or "bool"');
}

/**
 * Removes the layers that neither an input nor an output of their model needs. They would be built,
 * but the model would not know their weights and so not dispose them.
 */
function dropUnused(value: unknown): void {
  if (typeof value !== "object" || value === null) return;
  const { layers, inputLayers, outputLayers } = value as Record<string, Json[]>;
  if (Array.isArray(layers) && Array.isArray(inputLayers) && Array.isArray(outputLayers)) {
    const byName = new Map(layers.map((layer) => [layer.name, layer]));
    const nameOf = (reference: unknown) => (reference as unknown[])[0];
    const used = new Set([...inputLayers, ...outputLayers].map(nameOf));
    // Iteration over a set includes entries added during it.
    for (const name of used) {
      for (const node of byName.get(name)!.inboundNodes as unknown[][]) {
        for (const reference of node) used.add(nameOf(reference));
      }
    }
    (value as Json).layers = layers.filter(({ name }) => used.has(name));
  }
  for (const inner of Object.values(value)) dropUnused(inner);
}
