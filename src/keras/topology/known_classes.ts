import type { TensorFlow } from "../../engine/tensorflow.ts";
import { KERAS_ACTIVATIONS } from "../../ground/traits/activation_traits.ts";
import { KERAS_LAYER_TRAITS } from "../../ground/traits/keras_layers.ts";
import { isOperation, KERAS_NAMES } from "../files/plain_operation.ts";
import { classes } from "./build_model.ts";
import { camelCase } from "../../ground/traits/setting.ts";
import type { Json } from "./topology_json.ts";

/**
 * Finds the classes that a topology may name: those of TensorFlow.js and those that a program has
 * registered. If the topology names a layer or an activation that Keras has and TensorFlow.js
 * lacks, Keras's classes are loaded, too.
 *
 * @returns A function that returns true if there is a class of a name.
 */
export async function knownClasses(
  tf: TensorFlow,
  topology: unknown,
): Promise<(name: string) => boolean> {
  const isKnown = (name: string) => Object.hasOwn(classes(tf), name);
  if (namesKeras(topology, isKnown)) {
    const { kerasLayers } = await import("../layers/mod.ts");
    kerasLayers(tf);
  }
  return isKnown;
}

function namesKeras(topology: unknown, isKnown: (name: string) => boolean): boolean {
  const open = [topology];
  // Not recursive: a file may nest deeper than the stack allows.
  for (let value = open.pop(); value !== undefined || open.length > 0; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const { class_name: name } = value as { class_name?: unknown };
    if (isOperation(value as Json)) return true;
    if (typeof name === "string") {
      const bare = name.slice(name.indexOf(">") + 1);
      if (Object.hasOwn(KERAS_LAYER_TRAITS, bare) && !isKnown(bare)) return true;
    }
    for (const [key, inner] of Object.entries(value)) {
      if (/activation$/i.test(key) && isKerasActivation(inner)) return true;
      open.push(inner);
    }
  }
  return false;
}

/** Returns true if an activation may be Keras's own: a name, a function, or an activation layer. */
function isKerasActivation(value: unknown): boolean {
  if (typeof value === "string") {
    return Object.hasOwn(KERAS_NAMES, value) || /^leakyRelu\(/.test(value) ||
      Object.hasOwn(KERAS_ACTIVATIONS, camelCase(value));
  }
  return typeof value === "object" && value !== null;
}
