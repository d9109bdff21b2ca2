import { showValue } from "../words/show_value.ts";
import { ModelError } from "./model_error.ts";

/** The architecture of a model in the form that TensorFlow.js builds it from. */
export interface Topology {
  /** Class of the model: `Sequential`, `Functional`, `Model`. */
  className: string;
  /** Its configuration, keys in camel case. */
  config: Record<string, unknown>;
}

type Json = Record<string, unknown>;

const MODEL_CLASSES = ["Model", "Functional", "Sequential"];

const DTYPES = ["float32", "int32", "bool"];

/** No sane model nests deeper, and recursion must end before the stack does. */
const MAX_DEPTH = 100;

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const camelCase = (text: string) =>
  text.length <= 1 ? text : text.replace(/_+(\w|$)/g, (_, letter) => letter.toUpperCase());

function expected(place: string, found: unknown, what: string): ModelError {
  const shown = found === undefined ? "missing" : showValue(found);
  return new ModelError(`${place} is ${shown}, expected ${what}`);
}

/**
 * Checks the `modelTopology` of a model.json and converts it, Keras's snake case to camel case, to what
 * TensorFlow.js builds a model from. Nothing is built here. What TensorFlow.js would stumble over
 * without a clear word, or never come back from, is refused.
 *
 * @param topology The piece of JSON: `{class_name, config}`, or `{model_config: {...}}` of Keras.
 * @param isKnown Whether TensorFlow.js has a class of this name.
 * @throws {ModelError} If something in it is missing, wrong or unknown; the message starts with the place.
 */
export function convertTopology(topology: unknown, isKnown: (name: string) => boolean): Topology {
  let place = "modelTopology";
  if (!isObject(topology)) throw expected(place, topology, "an object");
  refuseKeras3(topology, place);
  let model = topology;
  if (topology.model_config !== undefined && topology.model_config !== null) {
    place += ".model_config";
    if (!isObject(topology.model_config)) throw expected(place, topology.model_config, "an object");
    model = topology.model_config;
  }
  if (typeof model.class_name !== "string" || model.config === undefined) {
    throw expected(`${place}.class_name`, model.class_name, MODEL_CLASSES.join(", "));
  }
  // How it was trained is no part of the model: a loss of Keras is no class that must be known.
  const { training_config: _, ...own } = model;
  const { className, config } = convert(own, "", place, isKnown, 0) as unknown as Topology;
  if (!MODEL_CLASSES.includes(className)) {
    throw expected(`${place}.class_name`, className, MODEL_CLASSES.join(", "));
  }
  // Keras 1 has the layers of a Sequential where the configuration is now.
  return { className, config: Array.isArray(config) ? { layers: config } : config };
}

function convert(
  value: unknown,
  key: string,
  place: string,
  isKnown: (name: string) => boolean,
  depth: number,
): unknown {
  if (depth > MAX_DEPTH) {
    throw new ModelError(`${key || "modelTopology"} is nested more than ${MAX_DEPTH} levels deep`);
  }
  if (typeof value === "string") return camelCase(value);
  if (Array.isArray(value)) {
    return value.map((item, i) => {
      // References to layers start with a name, which must stay as it is.
      const isName = i === 0 && typeof item === "string" &&
        ["inboundNodes", "inputLayers", "outputLayers"].includes(key);
      return isName ? item : convert(item, key, `${place}[${i}]`, isKnown, depth + 1);
    });
  }
  if (!isObject(value)) return value;
  const isClass = typeof value.class_name === "string" && typeof value.config === "object";
  if (isClass) checkClass(value, place, isKnown);
  // Keras notes a type for initialisers, too, which TensorFlow.js does not look at.
  if (isClass && !key.endsWith("Initializer")) checkDtype(value.config as Json, place);
  const converted = Object.fromEntries(
    Object.entries(value).map(([own, inner]) => {
      // A name is somebody's choice; nothing is known of its case.
      if (own === "name" && typeof inner === "string") return [own, inner];
      const ownKey = camelCase(own);
      return [ownKey, convert(inner, ownKey, `${place}.${own}`, isKnown, depth + 1)];
    }),
  );
  return isClass ? resolveClass(converted, value.class_name as string, isKnown) : converted;
}

/** The name that TensorFlow.js knows a class by, or `null` if it knows none. */
function knownAs(name: string, isKnown: (name: string) => boolean): string | null {
  // Keras writes the package of a custom class in front of its name.
  const bare = name.slice(name.indexOf(">") + 1);
  return [name, camelCase(name), bare, camelCase(bare)].find(isKnown) ?? null;
}

/** Gives a class the name, and the configuration, that TensorFlow.js knows it by. */
function resolveClass(value: Json, name: string, isKnown: (name: string) => boolean): Json {
  const className = knownAs(name, isKnown);
  // What Keras has two classes for is one in TensorFlow.js.
  return className === null
    ? { className: "L1L2", config: { l1: 0, l2: 0, ...value.config as Json } }
    : { ...value, className };
}

function checkClass(value: Json, place: string, isKnown: (name: string) => boolean): void {
  const written = value.class_name as string;
  refuseKeras3(value, place);
  const name = knownAs(written, isKnown);
  if (name === null && written !== "L1" && written !== "L2") {
    throw new ModelError(
      `${place}.class_name is ${
        showValue(value.class_name)
      }, a class that TensorFlow.js does not ` +
        `have, expected one that it has or that --register FILE brings (a module that exports ` +
        `register({ tf }))`,
    );
  }
  if (name === "Functional" || name === "Model") checkGraph(value.config, `${place}.config`);
  if (name === "Sequential") {
    const layers = Array.isArray(value.config) ? value.config : Object(value.config).layers;
    if (!Array.isArray(layers)) throw expected(`${place}.config.layers`, layers, "an array");
  }
}

/** TensorFlow.js takes any name for a type, and fails where it first needs a tensor of it. */
function checkDtype(config: Json | null, place: string): void {
  const dtype = config?.dtype;
  if (dtype === undefined || dtype === null || DTYPES.includes(dtype as string)) return;
  throw expected(`${place}.config.dtype`, dtype, '"float32", "int32" or "bool"');
}

/** Keras 3 writes another format, which the converter hands on and TensorFlow.js cannot read. */
function refuseKeras3(value: Json, place: string): void {
  const config = Object(value.config) as Json;
  const version = typeof value.keras_version === "string" ? value.keras_version : "";
  const found = /^[3-9]\./.test(version)
    ? `${place}.keras_version is ${showValue(version)}`
    : value.class_name === "InputLayer" && "batch_shape" in config &&
        !("batch_input_shape" in config)
    ? `${place}.config has "batch_shape"`
    : isObject(config.dtype)
    ? `${place}.config.dtype is an object`
    : null;
  if (found === null) return;
  throw new ModelError(
    `${found}: the model was saved by Keras 3, whose format TensorFlow.js cannot read, expected ` +
      `Keras 2 (save it with the package tf_keras, or with TF_USE_LEGACY_KERAS=1, and convert again)`,
  );
}

/** Checks that the layers of a functional model lead to each other. */
function checkGraph(config: unknown, place: string): void {
  const { layers, input_layers: inputs, output_layers: outputs } = Object(config) as Json;
  if (!Array.isArray(layers)) throw expected(`${place}.layers`, layers, "an array");
  const names = new Set<unknown>();
  layers.forEach((layer, i) => {
    const at = `${place}.layers[${i}]`;
    if (typeof layer?.class_name !== "string" || !isObject(layer.config)) {
      throw expected(at, layer, 'an object with "class_name" and "config"');
    }
    const { name, config: { name: own } } = layer;
    if (typeof name !== "string") throw expected(`${at}.name`, name, "a string");
    if (names.has(name)) throw expected(`${at}.name`, name, "a name that no layer before it has");
    if (own !== undefined && own !== name) {
      throw expected(`${at}.config.name`, own, `${showValue(name)} as ${at}.name has it`);
    }
    names.add(name);
  });
  const checkReference = (reference: unknown, at: string) => {
    const [name, ...rest] = Array.isArray(reference) ? reference : [];
    const isReference = typeof name === "string" &&
      rest.slice(0, 2).every((index) => Number.isSafeInteger(index) && index >= 0) &&
      rest.length >= 2;
    if (!isReference) throw expected(at, reference, "an array [layer, node, tensor]");
    if (!names.has(name)) throw expected(`${at}[0]`, name, "the name of a layer of this model");
  };
  layers.forEach((layer, i) => {
    const at = `${place}.layers[${i}].inbound_nodes`;
    if (!Array.isArray(layer.inbound_nodes)) throw expected(at, layer.inbound_nodes, "an array");
    layer.inbound_nodes.forEach((node: unknown, n: number) => {
      if (!Array.isArray(node)) throw expected(`${at}[${n}]`, node, "an array of references");
      node.forEach((reference, r) => checkReference(reference, `${at}[${n}][${r}]`));
    });
  });
  for (const [key, list] of [["input_layers", inputs], ["output_layers", outputs]] as const) {
    if (!Array.isArray(list) || list.length === 0) {
      throw expected(`${place}.${key}`, list, "an array of references to layers");
    }
    list.forEach((reference, i) => checkReference(reference, `${place}.${key}[${i}]`));
  }
}
