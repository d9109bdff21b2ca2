import type { Finding } from "../checks/finding.ts";
import type { Measurements } from "../measure/measurements.ts";
import { isSigmoid } from "../traits/activation_traits.ts";

/** Dropout of this rate and more keeps some networks from learning. */
const DROPS = 0.3;
/** Inputs and targets of which the rms is beyond this, or below its inverse. */
const FAR = 10;
/** An offset of this many standard deviations hides what differs between examples. */
const OFFSET = 5;
/** Below this share of the second moment, the examples are next to alike in a layer. */
const ALIKE = 1e-3;
/** From this many hidden layers of sigmoid on, little of the gradient may reach the first. */
const SQUASHING = 3;
/** A hidden layer of this few units may have lost what tells the examples apart. */
const NARROW = 3;
/** From this many layers on, a network without a normalisation is deep. */
const DEEP = 10;

/**
 * Whether there is something about a network that one pass cannot judge, and a short training can: then it is
 * tried although no rule found an error. Nothing is said of it where it learns.
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

/** Whether signals pass many layers, and nothing brings them back to size on the way. */
function isDeep(layers: Measurements["layers"]): boolean {
  return layers.some(({ depth, weights }) => weights.length > 0 && depth >= DEEP) &&
    !layers.some(({ kind }) => kind === "normalization");
}
