/**
 * Number of weights that memorising one noisy target takes: with fewer, healthy networks fail to in
 * 40 steps.
 */
export const WEIGHTS_PER_TARGET = 4;
