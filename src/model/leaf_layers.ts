import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { innerLayers } from "./inner_layers.ts";
import { automaticName, uniqueNames } from "./names.ts";
import { requireLayers } from "./require_model.ts";

/** Layer that computes something itself, and its place in the model. */
export interface LeafLayer {
  /** Names of the containers around it and its own, joined by `/`: `"encoder/dense_1"`. Unique. */
  path: string;
  /** The layer. */
  layer: Layer;
}

/**
 * Returns the layers of a model that compute something themselves, in the model's own (topological)
 * order.
 *
 * Descends into nested models and wrappers (`TimeDistributed`, `Bidirectional`), which are not
 * listed themselves. A recurrent layer is listed as one layer; its cell is `layer.cell`. A layer
 * that is used at several places is listed once. Input layers are left out: they only pass the
 * batch on, and a `tf.sequential()` lists none where the same `tf.model()` does. Layer classes are
 * recognised by their names and parts, never by `instanceof`: a model may come from another copy of
 * TensorFlow.js.
 *
 * A layer without a given name has one like `dense_Dense7`, which counts the layers of the process;
 * here it becomes `dense_1`, the first of its kind in its container, whatever was built before. A
 * name given by a program or a file stays as it is, and no generated name equals it.
 *
 * @param model A built model.
 * @returns One entry per layer.
 *
 * @example Layers of a nested model
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { leafLayers } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const encoder = tf.sequential({
 *   name: "encoder",
 *   layers: [tf.layers.dense({ name: "hidden", units: 3, inputShape: [4] })],
 * });
 * const model = tf.sequential({ layers: [encoder, tf.layers.dense({ name: "head", units: 1 })] });
 * assertEquals(leafLayers(model).map(({ path }) => path), ["encoder/hidden", "head"]);
 * model.dispose();
 * ```
 */
export function leafLayers(model: LayersModel): LeafLayer[] {
  requireLayers(model);
  const found: { path: string; given: boolean; layer: Layer }[] = [];
  const seen = new Set<Layer>();
  const visit = (container: Layer, layers: Layer[], prefix: string, given: boolean) => {
    const label = labels(container, layers);
    for (const layer of layers) {
      if (seen.has(layer) || layer.getClassName() === "InputLayer") continue;
      seen.add(layer);
      const own = label(layer);
      const path = prefix + own.name;
      const inner = innerLayers(layer);
      if (inner === null) found.push({ path, given: given && own.given, layer });
      else visit(layer, inner, `${path}/`, given && own.given);
    }
  };
  visit(model, model.layers, "", true);
  // Two paths can be equal if a name contains the separator.
  const paths = uniqueNames(found.map(({ path }) => path), (i) => found[i].given);
  return found.map(({ layer }, i) => ({ path: paths[i], layer }));
}

/**
 * Returns names for sibling layers that depend only on these layers, and whether they were given.
 */
function labels(
  container: Layer,
  siblings: Layer[],
): (layer: Layer) => { name: string; given: boolean } {
  const stems = new Map(siblings.map((layer) => [layer, automaticName(layer, container)]));
  const taken = new Set<string>();
  for (const [layer, stem] of stems) if (stem === null) taken.add(layer.name);
  const last = new Map<string, number>();
  return (layer) => {
    const stem = stems.get(layer) ?? null;
    if (stem === null) return { name: layer.name, given: true };
    let n = last.get(stem) ?? 0;
    do n++; while (taken.has(`${stem}_${n}`));
    last.set(stem, n);
    return { name: `${stem}_${n}`, given: false };
  };
}
