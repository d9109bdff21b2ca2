import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { isKernel } from "../../theory/weight_kinds.ts";
import { activationTraits } from "../../traits/activation_traits.ts";
import { atMost, figure, layerNames, number, say } from "../say.ts";
import type { Verdict } from "../finding.ts";
import type { Case } from "../rule.ts";
import { networkOf } from "../network/network.ts";

/**
 * Returns the l2 norm of a layer's kernels, which regularizers usually act on, or of all weights if
 * it has none.
 */
export function kernelNorm(weights: LayerMeasurements["weights"]): number {
  const kernels = weights.filter(isKernel);
  return Math.hypot(...(kernels.length > 0 ? kernels : weights).map(({ values }) => values.l2));
}

/**
 * Returns the factor by which to weaken penalties so that their gradient, `ratio` times that of the
 * loss, becomes equal to it. Rounded up to two digits.
 */
export function enoughWeaker(ratio: number): number {
  const unit = 10 ** (Math.floor(Math.log10(ratio)) - 1);
  return Number((Math.ceil(ratio / unit) * unit).toPrecision(2));
}

/**
 * Reports penalties under which the best that training can reach is one answer for every example.
 *
 * In a chain of n dense layers whose activations have slopes of at most 1, outputs vary by at most
 * L times the inputs, L the product of the norms of the kernels, which cost n l L^(2 / n) at least
 * under L2 penalties of weight l. If that grows faster than the loss can fall, whatever L is, every
 * fit shrinks until nothing is left.
 */
export function flattening({ layers, measurements }: Case): Verdict[] {
  const ratio = flatness(measurements);
  if (ratio === null || !(ratio > 1)) return [];
  const { layers: all } = measurements;
  const names = layers.filter(({ penalty }) => (penalty ?? 0) > 0).map(({ name }) => name);
  if (names.length === 0) return [];
  const figures = { ratio: figure(ratio, "penalties / the largest that leave a fit") };
  return [{
    severity: "error",
    kind: "flattening",
    layer: names[0],
    layers: names,
    measured: ratio,
    expected: atMost(1),
    figures,
    message: say`The penalties of ${layerNames(names, all)} flatten the network: they are at least
      ${figures.ratio} times those under which kernels that fit the targets gain more than they cost, so
      that training ends in one answer for every example.`,
    fix: say`Make the penalties of ${layerNames(names, all)} at least ${
      number(weakerThanFlat(ratio), "exact")
    } times weaker, or leave them out.`,
  }];
}

/** At this share of the limit, penalties leave 97 % of a fit in a chain of three layers. */
const MARGIN = 20;

/** Returns the factor by which penalties must be weaker that are this many times the limit. */
export function weakerThanFlat(ratio: number): number {
  return enoughWeaker(MARGIN * ratio);
}

/**
 * L2 penalties of one weight give the same sum over the squares of each kernel within this share; L1
 * penalties do not.
 */
const SAME = 1e-3;

/** Losses that are the mean square of the difference. */
const SQUARES: readonly string[] = ["meanSquaredError", "mse_loss"];

/** Returns the penalties over the largest that leave a fit; `null` if theory does not apply. */
function flatness(measurements: Measurements): number | null {
  const { batch, objective: { name } } = measurements;
  const { chain, plain } = networkOf(measurements);
  const [target, ...others] = batch.targets ?? [];
  const count = chain.length;
  const isPlain = typeof plain !== "string" && count >= 2 &&
    chain.every(({ layer, kernel }) => (layer.penalty ?? 0) > 0 && kernel.shape.length === 2);
  if (!isPlain || !SQUARES.includes(name) || others.length > 0 || target?.spread == null) {
    return null;
  }
  const slope = chain.reduce((product, { activation }) => product * steepest(activation), 1);
  const [{ values: { rms, count: entries }, spread }] = batch.perInput;
  const reach = slope * rms * Math.sqrt((spread ?? 1) * entries / batch.examples);
  const weights = chain.map(({ layer }) => layer.penalty! / kernelNorm(layer.weights) ** 2);
  const [weight] = weights;
  if (weights.some((other) => Math.abs(other / weight - 1) > SAME)) return null;
  const variance = target.spread * target.values.rms ** 2;
  const deviation = Math.sqrt(variance * target.values.count / batch.examples);
  // Outputs of s times the deviation of the targets gain 2 s - s^2 of the variance at most, and more
  // than they cost only if weight (deviation / reach)^(2 / n) < variance s^(1 - 2 / n) (1 - s).
  const power = 1 - 2 / count;
  const share = power / (1 + power);
  const limit = variance * share ** power * (1 - share);
  return weight * (deviation / reach) ** (2 / count) / limit;
}

/** Inputs among which an activation is steepest. */
const GRID = Array.from({ length: 161 }, (_, i) => (i - 80) / 10);

/** Returns the largest slope of an activation; infinite if unknown, since then nothing is known. */
function steepest(name: string): number {
  const curve = activationTraits(name)?.curve;
  return curve == null ? Infinity : Math.max(...GRID.map((z) => Math.abs(curve.derivative(z))));
}
