import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import type * as tfjs from "@tensorflow/tfjs";
import { dropTape } from "../measure/drop_tape.ts";
import { keepState } from "../measure/keep_state.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { modelWeights } from "../model/model_weights.ts";

/**
 * Sets aside everything that running or training a model changes in it, and returns a function that
 * puts it back, bit by bit: every weight, moving statistics, recurrent states, dropout masks. It also
 * frees what a gradient that threw has left behind.
 */
export function keepModel(tf: TensorFlow, model: LayersModel): () => void {
  const leaves = leafLayers(model);
  // A variable is never written in place, so a clone, which shares its data, is a copy.
  const weights = modelWeights(model, leaves).map((weight) => {
    const variable = weight.variable.read() as tfjs.Variable;
    return { variable, value: tf.keep(variable.clone()) };
  });
  const restoreState = keepState(tf, leaves.map(({ layer }) => layer));
  return () => {
    dropTape(tf);
    restoreState();
    for (const { variable, value } of weights) {
      variable.assign(value);
      value.dispose();
    }
  };
}
