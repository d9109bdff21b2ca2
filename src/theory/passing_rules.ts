import { activate } from "./activate.ts";
import {
  type Gradient,
  type LayerRule,
  scaleGradient,
  scaleSignal,
  type Signal,
  unitsOf,
} from "./signal.ts";

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
