import type { Engine } from "../engine/engine.ts";
import { shadowMethod } from "../engine/patching.ts";
import { heapOf } from "../engine/start/prepare_engine.ts";
import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { inSameState } from "../measure/keep_state.ts";
import { sumTensor } from "../measure/sums.ts";
import { leafLayers } from "../model/layers/leaf_layers.ts";

/**
 * Returns the first layer of a forward pass whose outputs have NaN or infinite entries; `null` if
 * there is none.
 *
 * @param input Batch of the model's single input.
 */
export function nonFiniteOrigin(engine: Engine, model: LayersModel, input: Tensor): string | null {
  const { tf } = engine;
  const heap = heapOf(engine);
  let origin: string | null = null;
  const isBroken = (tensor: Tensor) => {
    const { finite, count } = sumTensor(heap, tensor);
    return finite < count;
  };
  const undo = leafLayers(model).map(({ layer, path }) =>
    shadowMethod(layer, "call", (call) => (...args: Parameters<typeof call>) => {
      const outputs = call(...args);
      if (origin === null && ([outputs].flat() as Tensor[]).some(isBroken)) origin = path;
      return outputs;
    })
  );
  try {
    const pass = () => tf.tidy(() => void model.apply(input, { training: true }));
    inSameState(tf, model.layers, pass);
    return origin;
  } finally {
    for (const restore of undo.reverse()) restore();
  }
}
