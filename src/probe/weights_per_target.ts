/** Weights that learning one noisy target by heart takes: with fewer, healthy networks fail to in 40 steps. */
export const WEIGHTS_PER_TARGET = 4;
