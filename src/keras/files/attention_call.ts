import { KERAS_LAYER_RECORDS } from "../../traits/keras_layers.ts";
import { ModelError, unexpected } from "../../model/model_error.ts";
import { showValue } from "../../words/show_value.ts";
import type { Json } from "../topology/topology_json.ts";

const ARGUMENTS = [
  "query",
  "value",
  "key",
  "query_mask",
  "value_mask",
  "key_mask",
  "attention_mask",
];

const OPTIONS = ["use_causal_mask", "return_attention_scores"];

/** A call of an attention in terms of our layers: part of it moves to the layer. */
interface AttentionCall {
  /** The remaining arguments and keywords: tensors, and those that any layer may be called with. */
  node: Json;
  /** Settings that move to the layer's configuration. */
  settings: Json;
}

/**
 * Converts a call of a Keras attention. TensorFlow.js only calls a layer with tensors: their roles,
 * and all other arguments of a call, move to the configuration of the layer here.
 *
 * @param place Where it is in the file.
 * @returns `null` if the layer is not an attention.
 */
export function attentionCall(className: string, node: Json, place: string): AttentionCall | null {
  if (!Object.hasOwn(KERAS_LAYER_RECORDS, className)) return null;
  const { calledWith } = KERAS_LAYER_RECORDS[className];
  if (calledWith === undefined) return null;
  const { args, kwargs } = node;
  const given = { ...Object(kwargs) as Json };
  const settings: Json = {};
  for (const option of OPTIONS) {
    const value = given[option] ?? false;
    delete given[option];
    if (typeof value !== "boolean") {
      throw unexpected(`${place}.kwargs.${option}`, value, "true or false");
    }
    if (value) settings[option] = true;
  }
  if (calledWith === "array") return { node: { ...node, kwargs: given }, settings };
  const listed = Array.isArray(args) ? args : [];
  const named = new Map(listed.map((value, i) => [ARGUMENTS[i], value]));
  for (const name of ARGUMENTS) {
    if (given[name] !== undefined) named.set(name, given[name]);
    delete given[name];
  }
  const inputs = ARGUMENTS.filter((name) => named.get(name) != null);
  if (inputs[0] !== "query" || listed.length > ARGUMENTS.length) {
    throw unexpected(`${place}.args`, args, "query, value and key");
  }
  if (inputs.join() !== "query,value") settings.called_with = inputs;
  return {
    node: { ...node, args: [inputs.map((name) => named.get(name))], kwargs: given },
    settings,
  };
}

/**
 * Adds the settings of its calls to an attention.
 *
 * @param place Where the calls are in the file.
 * @throws {ModelError} If they differ.
 */
export function withCalls(layer: Json, calls: readonly Json[], place: string): Json {
  const [first = {}] = calls;
  const other = calls.findIndex((one) => JSON.stringify(one) !== JSON.stringify(first));
  if (other !== -1) {
    throw new ModelError(
      `${place}[${other}] calls ${
        showValue(layer.name)
      } with other settings than ${place}[0], expected ` +
        `the same in every call: TensorFlow.js gives them to a layer once`,
    );
  }
  return { ...layer, config: { ...layer.config as Json, ...first } };
}
