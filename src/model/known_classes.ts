import type { TensorFlow } from "../engine/tensorflow.ts";
import { KERAS_LAYER_TRAITS } from "../traits/keras_layer_traits.ts";
import { classes } from "./build_model.ts";

/** No literal in an `import()`: a model of TensorFlow.js's own layers should not wait for them. */
const KERAS_LAYERS = "../engine/keras_layers/keras_layers.ts";

/**
 * Tells which classes a topology may name: those of TensorFlow.js and those that a program has registered.
 * Where the topology names a layer that Keras has and TensorFlow.js lacks, these come, too.
 *
 * @param tf The engine's TensorFlow.js.
 * @param topology The topology, as it stands in the file.
 * @returns Whether there is a class of a name.
 */
export async function knownClasses(
  tf: TensorFlow,
  topology: unknown,
): Promise<(name: string) => boolean> {
  const isKnown = (name: string) => Object.hasOwn(classes(tf), name);
  if (namesKerasLayer(topology, isKnown)) {
    const { kerasLayers } = await import(
      KERAS_LAYERS
    ) as typeof import("../engine/keras_layers/keras_layers.ts");
    kerasLayers(tf);
  }
  return isKnown;
}

function namesKerasLayer(topology: unknown, isKnown: (name: string) => boolean): boolean {
  const open = [topology];
  // Not by recursion: a file may nest deeper than the stack goes.
  for (let value = open.pop(); value !== undefined || open.length > 0; value = open.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const { class_name: name } = value as { class_name?: unknown };
    if (typeof name === "string") {
      const bare = name.slice(name.indexOf(">") + 1);
      if (Object.hasOwn(KERAS_LAYER_TRAITS, bare) && !isKnown(bare)) return true;
    }
    for (const inner of Object.values(value)) open.push(inner);
  }
  return false;
}
