import type { LayerMeasurements, Measurements } from "../../src/core/measure/measurements.ts";
import { flat, makeHead, makeLayer, makeMeasurements, makeWeight } from "./measurements.ts";

/** Figures of a network with one attention. */
export interface AttentionGiven {
  entropy?: number;
  scores?: number;
  /** 1 - mean cosine of the tokens at the start and at the end. */
  apart?: [start: number, end: number];
  /** rms of the gradients of queries, keys and values. */
  gradients?: [query: number, key: number, value: number];
  skip?: boolean;
  moved?: boolean;
}

/** Makes the measurements of a network with one attention. */
export function attentionNetwork(given: AttentionGiven = {}): Measurements {
  const { entropy = 0.9, scores = 1, apart = [0.9, 0.5], gradients = [0.1, 0.1, 0.1] } = given;
  const { skip = true, moved = false } = given;
  const shape = [32, 8, 16];
  const alike = (distance: number) => ({
    tokenAlikeness: { cosine: 1 - distance, effectiveRank: 4, tokens: 8, examples: 4 },
  });
  const bias = (name: string) =>
    makeWeight({ name: `${name}/bias`, shape: [20], values: flat(0.1, 20) });
  const kernel = (name: string, size: number) => ({
    weights: [
      makeWeight({ name: `${name}/kernel`, gradients: flat(size, 400) }),
      ...moved ? [bias(name)] : [],
    ],
  });
  const row = (name: string, inputs: string[], own: Partial<LayerMeasurements> = {}) =>
    makeLayer({ name, inputs, activation: null, weights: [], shape, ...own });
  const [query, key, value] = gradients;
  const layers = [
    row("embed", [], { ...kernel("embed", 0.1), ...alike(apart[0]) }),
    row("query", ["embed"], kernel("query", query)),
    row("key", ["embed"], kernel("key", key)),
    row("value", ["embed"], kernel("value", value)),
    row("scores", ["query", "key"], { className: "AttentionScores", kind: "merge" }),
    row("softmax", ["scores"], {
      className: "AttentionWeights",
      kind: "activation",
      activation: "softmax",
      preActivations: flat(scores, 640),
      attention: { entropy, oneHot: 1 - entropy, keys: 8, rows: 256 },
    }),
    row("context", ["softmax", "value"], { className: "AttentionContext", kind: "merge" }),
    skip
      ? row("end", ["embed", "context"], { className: "Add", kind: "addition", ...alike(apart[1]) })
      : row("end", ["context"], { ...kernel("end", 0.1), ...alike(apart[1]) }),
  ];
  return makeMeasurements([], { layers: [...layers, makeHead({ inputs: ["end"], depth: 3 })] });
}
