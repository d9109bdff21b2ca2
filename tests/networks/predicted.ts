import type { LayerMeasurements } from "../../src/core/measure/measurements.ts";
import { meanField } from "../../src/ground/theory/mean_field.ts";
import { flat, makeMeasurements, makeWeight } from "./measurements.ts";

export const WIDTH = 64;

/**
 * A chain of wide layers with figures just as mean-field theory predicts, times factors. The head
 * sends its last layer just the delta that it has.
 */
export function predicted(
  activation: string,
  sigma: number,
  { deltas = [1, 1, 1], deviations = [1, 1, 1], width = WIDTH }: {
    deltas?: number[];
    deviations?: number[];
    width?: number;
  } = {},
) {
  const states = meanField(deltas.map(() => ({ activation, weightVariance: sigma ** 2 })));
  let signal = 1;
  const layers = states.map(() => ({} as Partial<LayerMeasurements>));
  for (let i = states.length - 1; i >= 0; i--) {
    if (i < states.length - 1) signal *= states[i].chi;
    layers[i] = {
      activation,
      preActivations: flat(Math.sqrt(states[i].preActivationVariance), width * 32),
      activations: flat(states[i].activationStd * deviations[i], width * 32),
      preActivationGradients: flat(Math.sqrt(signal * deltas[i]), width * 32),
      weights: [makeWeight({
        shape: [width, width],
        values: flat(sigma / Math.sqrt(width), width * width),
      })],
    };
  }
  const slopeSquare = states.at(-1)!.chi / sigma ** 2;
  const kernel = makeWeight({
    name: "head/kernel",
    shape: [width, 1],
    values: flat(Math.sqrt((deltas.at(-1)! || 1) / slopeSquare), width),
  });
  const chain = makeMeasurements(layers);
  const whole = chain.layers.map((layer) =>
    layer.role === "hidden" ? layer : { ...layer, weights: [kernel] }
  );
  return { ...chain, layers: whole };
}

/** Such a chain as a network that is not a row of layers: its first layer is called twice. */
export function branched(given: Parameters<typeof predicted>[2] = {}) {
  const chain = predicted("tanh", 1, given);
  const [first, ...rest] = chain.layers;
  return { ...chain, layers: [{ ...first, calls: 2 }, ...rest] };
}
