import type { LayersModel } from "../engine/tensorflow.ts";

/**
 * Seeds of the models that `acrossSeeds` or `testGradientHealth` drew. The assertion that they call
 * gets only the model and the batch, and its message names the seed. An entry lasts as long as its
 * model, and does not influence the verdict.
 */
export const DRAWN_SEEDS: WeakMap<LayersModel, number> = new WeakMap();
