import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { innerLayers } from "./inner_layers.ts";
import { uniqueName } from "./unique_name.ts";

/** A layer that computes something itself, and where in the model it stands. */
export interface LeafLayer {
  /** Names of the containers around it and its own, joined by `/`: `"encoder/dense_1"`. Unique. */
  path: string;
  /** The layer. */
  layer: Layer;
}

/**
 * The layers of a model that compute something themselves, in the model's own (topological) order.
 *
 * Descends into nested models and wrappers (`TimeDistributed`, `Bidirectional`), which are not listed
 * themselves. A recurrent layer is listed as one layer; its cell is `layer.cell`. A layer that is
 * used at several places is listed once. Input layers are left out: they only pass the batch on, and
 * a `tf.sequential()` lists none where the same `tf.model()` does. Layer classes are told by their
 * names and parts, never by `instanceof`: a model may come from another copy of TensorFlow.js.
 *
 * @param model A built model.
 * @returns One entry a layer.
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
  const found: LeafLayer[] = [];
  const seen = new Set<Layer>();
  const paths = new Set<string>();
  const visit = (layers: Layer[], prefix: string) => {
    for (const layer of layers) {
      if (seen.has(layer) || layer.getClassName() === "InputLayer") continue;
      seen.add(layer);
      const inner = innerLayers(layer);
      if (inner === null) {
        found.push({ path: uniqueName(prefix + layer.name, paths), layer });
      } else {
        visit(inner, `${prefix}${layer.name}/`);
      }
    }
  };
  visit(model.layers, "");
  return found;
}
