import type * as tfjs from "@tensorflow/tfjs";
import { dropTape } from "../measure/engine_state.ts";
import { keepState } from "../measure/keep_state.ts";
import { containerLayers } from "../model/inner_layers.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { modelWeights } from "../model/model_weights.ts";
import type { OpenProbe } from "./open_probe.ts";

/** A probe whose model may be run and trained, because everything that this changes has been saved. */
export interface KeptProbe extends OpenProbe {
  /**
   * Restores, before the next pass, what a pass changes without training: recurrent states, moving
   * statistics and anything else that a layer writes when it is called. Passes that start from different
   * states cannot be compared. Trained weights stay as they are.
   */
  rewind(): void;
  /** Restores everything, bit by bit, and frees what a gradient that threw has left behind. */
  restore(): void;
}

/** Saves everything that running or training a model changes in it. */
export function keepModel(probe: OpenProbe): KeptProbe {
  const { tf, model } = probe;
  const leaves = leafLayers(model);
  // A wrapper may have a state beside that of the layer in it.
  const layers = [...leaves.map(({ layer }) => layer), ...containerLayers(model)];
  // A variable is never written in place, so a clone, which shares its data, is a copy.
  const weights = modelWeights(model, leaves).map((weight) => {
    const variable = weight.variable.read() as tfjs.Variable;
    return { variable, value: tf.keep(variable.clone()), trainable: weight.trainable };
  });
  const trained = new Set(weights.filter(({ trainable }) => trainable).map((one) => one.variable));
  let restoreState = keepState(tf, layers, trained);
  return {
    ...probe,
    rewind() {
      restoreState();
      restoreState = keepState(tf, layers, trained);
    },
    restore() {
      dropTape(tf);
      restoreState();
      for (const { variable, value } of weights) {
        variable.assign(value);
        value.dispose();
      }
    },
  };
}
