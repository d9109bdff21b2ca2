import type { Measurements } from "../../measure/measurements.ts";
import type { Finding } from "../../rules/finding.ts";
import { isSigmoid } from "../../traits/activation_traits.ts";

/** Dropout of this rate or more keeps some networks from learning. */
const DROPS = 0.3;
/** Inputs and targets are out of scale if their rms is above this or below its inverse. */
const FAR = 10;
/** An offset of this many standard deviations hides the differences between examples. */
const OFFSET = 5;
/** Below this share of the second moment, the examples are nearly alike in a layer. */
const ALIKE = 1e-3;
/** From this number of hidden sigmoid layers on, little of the gradient may reach the first. */
const SQUASHING = 3;
/** A hidden layer with this few units may have lost the differences between the examples. */
const NARROW = 3;
/** From this number of layers on, a network without normalisation is deep. */
const DEEP = 10;

/**
 * Returns true if something about a network can be judged by a short training but not by one pass.
 * It is then trained although no rule found an error, and nothing is reported if it learns.
 */
export function needsTrial(
  measurements: Measurements,
  findings: readonly Finding[],
): boolean {
  const { layers, batch, objective } = measurements;
  const { perInput, targets = [] } = batch;
  const isFar = (rms: number) => rms > FAR || rms < 1 / FAR;
  return findings.some(({ severity }) => severity === "warning") ||
    layers.some(({ dropout, role, spread, shape, weights }) =>
      (dropout ?? 0) >= DROPS || role === "hidden" &&
        ((spread ?? 1) < ALIKE || weights.length > 0 && (shape?.at(-1) ?? Infinity) <= NARROW)
    ) ||
    (objective.penalty ?? 0) > Math.abs(objective.value) ||
    perInput.some(({ dtype, lookedUp, values, spread, features }) =>
      dtype === "float32" && !lookedUp &&
      (isFar(values.rms) || spread === 0 || (features?.largestOffset ?? 0) > OFFSET)
    ) ||
    targets.some(({ classes, values }) => classes === undefined && isFar(values.rms)) ||
    layers.filter(({ role, activation }) => role === "hidden" && isSigmoid(activation)).length >=
      SQUASHING ||
    isDeep(layers);
}

/** Returns true if signals pass many layers and nothing rescales them on the way. */
function isDeep(layers: Measurements["layers"]): boolean {
  return layers.some(({ depth, weights }) => weights.length > 0 && depth >= DEEP) &&
    !layers.some(({ kind }) => kind === "normalization");
}
