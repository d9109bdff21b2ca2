import { activate } from "./activation_moments.ts";
import {
  type Gradient,
  type LayerRule,
  type NetworkNode,
  scaleGradient,
  scaleSignal,
  sharedOver,
  type Signal,
  unitsOf,
} from "./signal.ts";
import { normalizationWeight } from "./weight_kinds.ts";

/** Sums the gradients of several copies; the part that they share adds up. */
function gathered(gradient: Gradient, copies: number): Gradient {
  const { square, alike, near } = gradient;
  const sum = { square: square + (copies - 1) * near, alike: alike * copies, near: near * copies };
  return { ...gradient, ...sum, along: 0, chosen: undefined };
}

/** Rule for a separate activation layer. */
export const activationRule: LayerRule = (node, [input], context) => {
  if (input === undefined || node.activation === null) return null;
  // A PReLU starts as a leaky relu of fixed slope.
  const slopes = node.activation === "prelu" ? node.weights[0] : undefined;
  const isOneSlope = slopes !== undefined && slopes.meanSquare - slopes.mean ** 2 <= 1e-6;
  const activation = isOneSlope ? `leakyRelu(${slopes.mean})` : node.activation;
  const z = context.settle(node, input);
  const activated = activate(activation, z, unitsOf(node), context.examples);
  if (activated === null) return null;
  const backFromDelta = (delta: Gradient) => [delta];
  return {
    z,
    a: activated.a,
    back(gradient) {
      const delta = activated.back(gradient);
      return { delta, inputs: [delta] };
    },
    backFromDelta,
  };
};

/** Passes every entry on in another shape. Positions become units, which do not share a kernel. */
export const passingRule: LayerRule = (node, inputs, context) => {
  if (inputs.length !== 1) return null;
  const a = { ...inputs[0], entries: node.entries };
  const isReshaped = context.shapesOf(node)[0]?.length !== node.shape?.length;
  return {
    z: null,
    a,
    back: (gradient) => ({
      delta: null,
      inputs: [isReshaped ? { ...gradient, near: gradient.alike } : gradient],
    }),
  };
};

/** Drops or repeats entries, pads with zeros, or takes the nearest neighbour. */
export const selectingRule: LayerRule = (node, [input], context) => {
  if (input === undefined) return null;
  const share = input.entries / node.entries;
  switch (node.operation) {
    case "pad": {
      const a = { ...scaleSignal(input, share), mean: input.mean * share, entries: node.entries };
      return {
        z: null,
        a,
        back: (gradient) => ({ delta: null, inputs: [scaleGradient(gradient, share)] }),
      };
    }
    case "copy":
    case "repeat": {
      const near = node.operation === "repeat" ? input.meanSquare : input.near;
      const a: Signal = { ...input, near, entries: node.entries };
      return {
        z: null,
        a,
        back: (gradient) => ({ delta: null, inputs: [gathered(gradient, 1 / share)] }),
      };
    }
    case "crop": {
      const [shape] = context.shapesOf(node);
      if (shape === null || share < 1) return null;
      const a = { ...input, entries: node.entries };
      return { z: null, a, back: (gradient) => ({ delta: null, inputs: [gradient] }) };
    }
    default:
      return null;
  }
};

/** Multiplies by a constant and adds one. */
export const rescalingRule: LayerRule = (node, [input]) => {
  if (input === undefined || node.rescaling === undefined) return null;
  const { scale, offset } = node.rescaling;
  const shifted = (moment: number) =>
    scale ** 2 * moment + 2 * scale * offset * input.mean + offset ** 2;
  const a: Signal = {
    ...input,
    meanSquare: shifted(input.meanSquare),
    alike: shifted(input.alike),
    near: shifted(input.near),
    mean: scale * input.mean + offset,
    normal: undefined,
  };
  return {
    z: null,
    a,
    back: (gradient) => ({ delta: null, inputs: [scaleGradient(gradient, scale ** 2)] }),
  };
};

/** Looks up rows of a table for random tokens, few of which are equal. */
export const embeddingRule: LayerRule = (node) => {
  const [table] = node.weights;
  if (table === undefined || table.shape.length !== 2) return null;
  const [rows, units] = table.shape;
  const meanSquare = table.meanSquare;
  const alike = table.mean ** 2 + (meanSquare - table.mean ** 2) / rows;
  const a: Signal = {
    meanSquare,
    mean: table.mean,
    alike,
    near: alike,
    entries: node.entries,
    // The looked-up rows matter: in a normal table the mean square of a row varies by 2 / units.
    spread: 2 / units / Math.max(1, Math.min(rows, node.entries / units)),
    aligned: meanSquare > 0 ? Math.max(1 / units, (alike / meanSquare) ** 2) : 1,
    vague: false,
    normal: undefined,
  };
  return {
    z: a,
    a,
    back: (gradient) => ({ delta: gradient, inputs: [] }),
    backFromDelta: () => [],
  };
};

/** Added to the spread of a custom layer's signals: a factor of 1.4 in the rms. */
const DECLARED = 0.5;

/**
 * Rule for a custom layer, as declared when its class was registered; proportional to its first
 * input.
 */
export const customRule: LayerRule = ({ declared, ...node }, inputs) => {
  const { output, gradients, input } = declared!;
  if (!(input > 0)) return null;
  const [first] = inputs;
  const factor = first.meanSquare / input;
  const meanSquare = output.meanSquare * factor;
  const a: Signal = {
    meanSquare,
    mean: output.mean * Math.sqrt(factor),
    alike: output.mean ** 2 * factor,
    near: (meanSquare + output.mean ** 2 * factor) / 2,
    entries: node.entries,
    spread: first.spread + DECLARED,
    aligned: first.aligned,
    vague: true,
  };
  return {
    z: null,
    a,
    back: (gradient) => ({
      delta: null,
      inputs: gradients?.map((factor) => ({
        ...scaleGradient(gradient, factor),
        spread: gradient.spread + DECLARED,
      })) ?? null,
    }),
  };
};

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
  const { normEntries } = node;
  const isNorm = node.operation === "norm";
  if (inputs.length !== 1 || isNorm && normEntries === undefined) return null;
  const affine = affineOf(node);
  if (node.statistics === "moving") return movingRule(node, input, affine);
  const { gain, mean, shift, epsilon } = affine;
  const isBatch = node.statistics !== undefined;
  const units = unitsOf(node);
  // Batch normalisation removes each unit's mean over the examples; layer normalisation removes
  // each example's mean over the units, if any.
  const isCentred = !isNorm && node.operation !== "rootMeanSquare";
  const ofExample = isCentred ? input.mean ** 2 : 0;
  const common = isBatch ? input.alike : ofExample;
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
  const divisor = { factor, doubt, lost, examples: isBatch ? context.examples : null };
  return {
    z: a,
    a,
    back(gradient) {
      const sent = backThrough({ ...gradient, chosen: undefined }, divisor);
      return { delta: gradient, inputs: sent === null ? null : [sent] };
    },
  };
};

/** Returns the factor, the offset and the epsilon of a normalisation. */
function affineOf(node: NetworkNode) {
  const { weights, operation } = node;
  const gamma = normalizationWeight(weights, "gamma") ?? normalizationWeight(weights, "scale");
  const beta = normalizationWeight(weights, "beta");
  // Gemma's weight starts at 0 and is added to 1.
  const isAddedToOne = operation === "rootMeanSquare" && gamma?.meanSquare === 0;
  return {
    gain: isAddedToOne ? 1 : gamma?.meanSquare ?? 1,
    mean: beta?.mean ?? 0,
    shift: beta?.meanSquare ?? 0,
    epsilon: node.operation === "norm" ? 0 : node.epsilon ?? EPSILON,
  };
}

/** Rule for a batch normalisation by its moving statistics: it is linear. */
function movingRule(
  node: NetworkNode,
  input: Signal,
  { gain, mean, shift, epsilon }: ReturnType<typeof affineOf>,
) {
  const variance = normalizationWeight(node.weights, "moving_variance")?.mean ?? 1;
  const factor = gain / (variance + epsilon);
  const centre = normalizationWeight(node.weights, "moving_mean")?.mean ?? 0;
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

/**
 * Returns the gradient before a normalisation, or `null` if hardly anything of it is left.
 *
 * @param examples Number of examples, for a batch normalisation.
 */
function backThrough(
  delta: Gradient,
  { factor, doubt, lost, examples }: {
    factor: number;
    doubt: number;
    lost: number;
    examples: number | null;
  },
): Gradient | null {
  const isBatch = examples !== null;
  const left = isBatch
    ? delta.square - sharedOver(delta, examples) - delta.along
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
}

function linear(a: Signal, factor: number) {
  const send = (delta: Gradient) => [scaleGradient(delta, factor)];
  return {
    z: a,
    a,
    back: (gradient: Gradient) => ({ delta: gradient, inputs: send(gradient) }),
  };
}
