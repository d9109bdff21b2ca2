import type * as tfjs from "@tensorflow/tfjs";
import { dropTape } from "../measure/engine_state.ts";
import { keepState } from "../measure/keep_state.ts";
import { containerLayers } from "../model/inner_layers.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { modelWeights } from "../model/model_weights.ts";
import type { OpenProbe } from "./open_probe.ts";

/** Probe whose model may be run and trained: everything that this changes is saved. */
export interface KeptProbe extends OpenProbe {
  /**
   * Restores, before the next pass, everything that a pass changes without training: recurrent
   * states, moving statistics and whatever else a layer writes when called. Passes that start from
   * different states cannot be compared. Trained weights stay as they are.
   */
  rewind(): void;
  /** Restores everything, bit by bit, and frees tensors leaked by a gradient that threw. */
  restore(): void;
}

/** Saves everything that running or training a model changes in it. */
export function keepModel(probe: OpenProbe): KeptProbe {
  const { tf, model } = probe;
  const leaves = leafLayers(model);
  // A wrapper may have state besides that of its inner layer.
  const layers = [...leaves.map(({ layer }) => layer), ...containerLayers(model)];
  // A clone shares the data, but variables are never written in place, so it keeps the old values.
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
