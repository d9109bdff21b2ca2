import type { LayersModel } from "../engine/tensorflow.ts";

/** Under which seed each model was drawn: an assertion over a model is handed the model and no seed. */
export const DRAWN_SEEDS: WeakMap<LayersModel, number> = new WeakMap();
