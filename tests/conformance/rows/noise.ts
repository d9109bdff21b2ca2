import { map, type NdArray, zip } from "../reference/mod.ts";
import type { Row } from "../row.ts";
import { describe, make, type Options } from "./make.ts";

const RATE = 0.4;
// The constants of self-normalising networks.
const ALPHA_DROPPED = -1.6732632423543772 * 1.0507009873554805;
const ALPHA_SCALE = ((1 - RATE) * (1 + RATE * ALPHA_DROPPED ** 2)) ** -0.5;
const ALPHA_SHIFT = -ALPHA_SCALE * ALPHA_DROPPED * RATE;

/** In training: `reference` learns from what came out for the drawn input which noise it was. */
function rows(
  subject: string,
  options: Options,
  shape: number[],
  reference: (x: NdArray, observed: NdArray, drawn: NdArray) => NdArray,
): Row[] {
  const shared = { subject, inputs: [{ shape }], create: make(subject, options) };
  return [
    { ...shared, options: `${describe(options)}, inference`, reference: ([x]) => x },
    {
      ...shared,
      options: `${describe(options)}, training`,
      call: (_tf, layer, [x]) => layer.apply(x, { training: true }),
      reference: ([x], _weights, [observed], [drawn]) => reference(x, observed, drawn),
    },
  ];
}

/** Applies dropout to entries, given the kept ones; an input is never 0. */
const dropped = (x: NdArray, observed: NdArray) =>
  zip(x, observed, (value, out) => out === 0 ? 0 : value / (1 - RATE));

/** The layers that draw random numbers in training. */
export const NOISE: Row[] = [
  ...rows("dropout", { rate: RATE, seed: 7 }, [4, 5], dropped),
  ...rows("dropout", { rate: RATE }, [2, 3, 4], dropped),
  ...rows("dropout", { rate: RATE, seed: 3, noiseShape: [2, 1, 4] }, [2, 3, 4], (x, observed) =>
    // One draw for all entries of axis 1.
    map(x, (value, i) => {
      const first = Math.floor(i / 12) * 12 + i % 4;
      return observed.data[first] === 0 ? 0 : value / (1 - RATE);
    })),
  ...rows("dropout", { rate: 0 }, [2, 3], (x) => x),
  ...rows("spatialDropout1d", { rate: RATE, seed: 5 }, [3, 4, 5], (x, observed) =>
    // Whole channels go: what holds for a channel's first step holds for all.
    map(x, (value, i) => {
      const first = Math.floor(i / 20) * 20 + i % 5;
      return observed.data[first] === 0 ? 0 : value / (1 - RATE);
    })),
  ...rows(
    "gaussianNoise",
    { stddev: 0.5 },
    [3, 4],
    (x, observed, drawn) => map(x, (value, i) => value + observed.data[i] - drawn.data[i]),
  ),
  ...rows(
    "gaussianDropout",
    { rate: RATE },
    [3, 4],
    (x, observed, drawn) => map(x, (value, i) => value * observed.data[i] / drawn.data[i]),
  ),
  ...rows("alphaDropout", { rate: RATE }, [4, 5], (x, observed) => {
    const nothing = ALPHA_SCALE * ALPHA_DROPPED + ALPHA_SHIFT;
    return zip(
      x,
      observed,
      (value, out) => Math.abs(out - nothing) < 1e-5 ? nothing : ALPHA_SCALE * value + ALPHA_SHIFT,
    );
  }),
];
