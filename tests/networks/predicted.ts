import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import type { Finding } from "../../src/rules/finding.ts";
import { meanField } from "../../src/theory/mean_field.ts";
import { flat, makeMeasurements, makeWeight } from "./measurements.ts";

export const WIDTH = 64;

/** A chain of wide critical layers with figures just as mean-field theory predicts, times factors. */
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
  return makeMeasurements(layers);
}

/** A chain whose head sends its last layer just the delta that it has. */
export function whole(given: Parameters<typeof predicted>[2] = {}) {
  const { deltas = [1, 1, 1], width = WIDTH } = given;
  const chain = predicted("tanh", 1, given);
  const { chi } = meanField(deltas.map(() => ({ activation: "tanh", weightVariance: 1 }))).at(-1)!;
  const layers = chain.layers.map((layer) =>
    layer.role === "hidden" ? layer : {
      ...layer,
      weights: [makeWeight({
        name: "head/kernel",
        shape: [width, 1],
        values: flat(Math.sqrt(deltas.at(-1)! / chi), width),
      })],
    }
  );
  return { ...chain, layers };
}

/** Such a chain as a network that is no row of layers: its first layer is called twice. */
export function branched(given: Parameters<typeof predicted>[2]) {
  const chain = whole(given);
  const [first, ...rest] = chain.layers;
  return { ...chain, layers: [{ ...first, calls: 2 }, ...rest] };
}

/** Both sides of the limit that a warning of such a network names last. */
export function limitOf({ bounds }: Finding["expected"]): number {
  return bounds!.at(-1)!;
}
