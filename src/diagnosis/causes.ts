import { activations, attention, hiddenSoftmax, missingActivations } from "./causes/activations.ts";
import { baseline } from "./causes/baseline.ts";
import { biases, headBias } from "./causes/biases.ts";
import { brokenNumbers } from "./causes/broken_numbers.ts";
import { coldStatistics } from "./causes/cold_statistics.ts";
import { constantWeights } from "./causes/constant_weights.ts";
import { cutGradient, flatRows, mutualZeros, residualGrowth } from "./causes/signal.ts";
import { embeddings } from "./causes/embeddings.ts";
import { gains, narrowChain } from "./causes/gains.ts";
import { heads } from "./causes/heads.ts";
import { inputs } from "./causes/inputs.ts";
import { kernelScale } from "./causes/kernel_scale.ts";
import { singleUnits } from "./causes/single_units.ts";
import { targets } from "./causes/targets.ts";
import { zeroScales } from "./causes/zero_scales.ts";
import { frozen, learningRate, regularization } from "./causes/training.ts";
import type { Search } from "./diagnosis.ts";

/**
 * Searches, in the order in which they may claim consequences: faults that break every number
 * first, then inputs and outputs, then the weights, and last faults of no single layer.
 */
export const SEARCHES: readonly Search[] = [
  brokenNumbers,
  frozen,
  coldStatistics,
  singleUnits,
  zeroScales,
  inputs,
  headBias,
  heads,
  targets,
  cutGradient,
  mutualZeros,
  constantWeights,
  embeddings,
  flatRows,
  biases,
  hiddenSoftmax,
  kernelScale,
  attention,
  missingActivations,
  residualGrowth,
  activations,
  narrowChain,
  gains,
  learningRate,
  regularization,
  baseline,
];
