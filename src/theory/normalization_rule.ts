import {
  type Gradient,
  type LayerRule,
  scaleGradient,
  sharedOver,
  type Signal,
  unitsOf,
} from "./signal.ts";

/** TensorFlow.js's default epsilon, added to the variance. */
const EPSILON = 1e-3;
/** Below this share, the rest of a gradient is a difference of two nearly equal numbers. */
const LEAST_LEFT = 0.05;
/** Added to the spread of a gradient if the alikeness of the examples is a guess. */
const VAGUE = 0.25;

/**
 * Rule for batch, layer and group normalisation, and for those by root mean square and by norm,
 * which do not subtract a mean. Forwards, only gamma and beta matter. Backwards, delta is
 * multiplied by gamma and divided by the standard deviation of the input; batch normalisation also
 * removes the part that all examples share and the part along z.
 */
export const normalizationRule: LayerRule = (node, inputs, context) => {
  const [input] = inputs;
  if (inputs.length !== 1) return null;
  const weight = (name: string) =>
    node.weights.find((weight) => new RegExp(`(^|/)${name}(_\\d+)?$`).test(weight.name));
  const gamma = weight("gamma") ?? weight("scale");
  const beta = weight("beta");

  const { normEntries } = node;
  const isNorm = node.operation === "norm";
  if (isNorm && normEntries === undefined) return null;
  const epsilon = isNorm ? 0 : node.epsilon ?? EPSILON;
  const isBatch = node.statistics !== undefined;
  const gain = gamma?.meanSquare ?? 1;
  const [mean, shift] = [beta?.mean ?? 0, beta?.meanSquare ?? 0];
  if (node.statistics === "moving") {
    const variance = weight("moving_variance")?.mean ?? 1;
    const factor = gain / (variance + epsilon);
    const centre = weight("moving_mean")?.mean ?? 0;
    const offset = mean - Math.sqrt(factor) * centre;
    const through = (moment: number) =>
      factor * moment + 2 * Math.sqrt(factor) * offset * input.mean + offset ** 2 + shift -
      mean ** 2;
    const a: Signal = {
      ...input,
      meanSquare: through(input.meanSquare),
      alike: through(input.alike),
      near: through(input.near),
      mean: Math.sqrt(factor) * input.mean + offset,
      normal: undefined,
    };
    return linear(a, factor);
  }
  const units = unitsOf(node);
  // Batch normalisation removes each unit's mean over the examples; layer normalisation removes
  // each example's mean over the units, if any.
  const isCentred = !isNorm && node.operation !== "rootMeanSquare";
  const common = isBatch ? input.alike : isCentred ? input.mean ** 2 : 0;
  const variance = Math.max(0, input.meanSquare - common);
  const factor = isNorm ? 1 / (normEntries! * variance) : gain / (variance + epsilon);
  const through = (moment: number) => factor * Math.max(0, moment - common) + shift;
  const alike = isBatch ? shift : through(input.alike);
  const meanSquare = factor * variance + shift;
  const a: Signal = {
    meanSquare,
    mean: isCentred ? mean : Math.sqrt(factor) * input.mean,
    alike: Math.min(alike, meanSquare),
    near: Math.min(through(input.near), meanSquare),
    entries: node.entries,
    // If epsilon dominates the divisor, the size of the input still counts.
    spread: input.spread * (epsilon / (variance + epsilon)) ** 2,
    aligned: isBatch ? 1 / units : Math.max(1 / units, (alike / Math.max(meanSquare, 1e-300)) ** 2),
    vague: input.vague,
  };
  if (!(variance > 0)) return null;
  // Without a mean to subtract, delta loses one direction instead of two.
  const lost = (isCentred ? 2 : 1) / (normEntries ?? units);
  // Each unit is divided by its own standard deviation, not by the mean one.
  const doubt = input.spread * (variance / (variance + epsilon)) ** 2 + (input.uneven ?? 0) +
    (input.vague && isBatch ? VAGUE : 0);
  const send = (delta: Gradient): Gradient | null => {
    const left = isBatch
      ? delta.square - sharedOver(delta, context.examples) - delta.along
      : delta.square * (1 - lost);
    if (!(left > LEAST_LEFT * delta.square)) return null;
    const sent = scaleGradient(delta, factor);
    return {
      ...sent,
      square: left * factor,
      alike: isBatch ? 0 : sent.alike,
      near: isBatch ? Math.max(0, sent.near - sent.alike - delta.along * factor) : sent.near,
      spread: delta.spread + doubt,
    };
  };
  return {
    z: a,
    a,
    back(gradient) {
      const sent = send({ ...gradient, chosen: undefined });
      return { delta: gradient, inputs: sent === null ? null : [sent] };
    },
  };
};

function linear(a: Signal, factor: number) {
  const send = (delta: Gradient) => [scaleGradient(delta, factor)];
  return {
    z: a,
    a,
    back: (gradient: Gradient) => ({ delta: gradient, inputs: send(gradient) }),
  };
}
