import type { LayersModel } from "../engine/tensorflow.ts";

/**
 * Seed of each model that `acrossSeeds` or `testGradientHealth` drew. The assertion that they call gets the model and
 * the batch alone, and its message names the seed. An entry lasts as long as its model, and nothing is judged by it.
 */
export const DRAWN_SEEDS: WeakMap<LayersModel, number> = new WeakMap();
