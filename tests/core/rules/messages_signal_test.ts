import type {
  LayerMeasurements,
  TensorStatistics,
} from "../../../src/core/measure/measurements.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import { attentionNetwork } from "../../networks/attention_network.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  ofWeight,
  statisticsOf,
} from "../../networks/measurements.ts";
import { judge, testMessages } from "./test_messages.ts";
import { toldMeasurements } from "./told_theory.ts";

/** Numbers of one exponent in fp16, or too large for it. */
const ofExponent = (exponent: number, over = 0): TensorStatistics => ({
  ...flat(1, 1000),
  exponents: { zeros: 0, nonFinite: 0, under: 0, from: exponent, counts: [1000 - over], over },
});

/** A row of layers of the given widths. */
const row = (activations: string[], widths: number[]) =>
  makeMeasurements(activations.map((activation, i) => ({
    activation,
    shape: [32, widths[i + 1]],
    weights: [makeWeight({ name: `dense_${i + 1}/kernel`, shape: [widths[i], widths[i + 1]] })],
  })));

/** A layer beside another that mixes, with a weight as given. */
const weightOf = (
  weight: Parameters<typeof makeWeight>[0],
  layer: Partial<LayerMeasurements> = {},
) => {
  const weights = [makeWeight({ name: "odd/kernel", ...weight })];
  const odd = makeLayer({ name: "odd", depth: 2, ...layer, weights });
  return makeMeasurements([], { layers: [makeLayer(), odd, makeHead({ depth: 3 })] });
};

const headOf = (weight: Parameters<typeof makeWeight>[0]) =>
  weightOf({ shape: [20, 5], ...weight }, { role: "output" });

/** A layer of a user, which may not mix its inputs. */
const customOf = (weight: Parameters<typeof makeWeight>[0]) =>
  weightOf(weight, { className: "Mine", kind: "opaque" });

/** A layer whose outputs have a spread, under kernels that are usually drawn for another one. */
const drawn = (std: number, usual: number) =>
  toldMeasurements([{ name: "a", activations: flat(std, 640) }], {
    critical: [{ a: { std: 0.5 } }],
    usual: { a: { std: usual } },
  });

const same = statisticsOf(Array(400).fill(0.1));

const SAID: Record<string, () => Finding[]> = {
  "attention: one key takes all": () =>
    judge("attention", attentionNetwork({ entropy: 0.05, scores: 12 })),
  "attention: one key takes all, trained": () =>
    judge("attention", attentionNetwork({ entropy: 0.1, moved: true })),
  "attention: all keys alike": () => judge("attention", attentionNetwork({ scores: 1e-6 })),
  "attention: tokens alike": () => judge("attention", attentionNetwork({ apart: [0.9, 0] })),
  "attention: tokens alike without skips": () =>
    judge("attention", attentionNetwork({ apart: [0.9, 0], skip: false })),
  "half-precision: overflow": () =>
    judge("half-precision", makeMeasurements([{ activations: ofExponent(3, 100) }])),
  "half-precision: underflow without a scaled loss": () =>
    judge("half-precision", makeMeasurements([{ preActivationGradients: ofExponent(-30) }])),
  "half-precision: underflow that no scale mends": () => {
    const gradients = [ofExponent(-30), ofExponent(14)];
    return judge(
      "half-precision",
      makeMeasurements(gradients.map((preActivationGradients) => ({ preActivationGradients }))),
    );
  },
  "architecture: no activation": () => judge("architecture", row(["linear", "tanh"], [20, 20, 20])),
  "architecture: a hidden softmax": () =>
    judge("architecture", row(["tanh", "softmax"], [20, 20, 20])),
  "architecture: no activation at all": () =>
    judge("architecture", row(["linear", "linear"], [20, 20, 20])),
  "architecture: no activation in several": () =>
    judge("architecture", row(["tanh", "linear", "linear", "tanh"], [20, 20, 20, 20, 20])),
  "architecture: a linear bottleneck": () =>
    judge("architecture", row(["tanh", "linear", "tanh"], [20, 20, 5, 20])),
  "architecture: additions that grow": () => {
    const additions = [1, 10, 100].map((size, i) => ({
      name: `add_${i + 1}`,
      className: "Add",
      kind: "addition" as const,
      activation: null,
      weights: [],
      activations: flat(size, 640),
    }));
    return judge("architecture", makeMeasurements([{}, ...additions]));
  },
  "architecture: examples that grow alike": () =>
    judge("architecture", makeMeasurements([{ spread: 0.9 }, { spread: 1e-6 }, { spread: 0.5 }])),
  "architecture: examples that grow alike in few directions": () => {
    const alikeness = { cosine: 0.99995, effectiveRank: 1.27, examples: 16 };
    return judge("architecture", makeMeasurements([{ spread: 1e-6, alikeness }]));
  },
  "architecture: a lottery": () =>
    judge("architecture", row(Array(12).fill("relu"), Array(13).fill(2))),
  "architecture: a variance that drifts": () =>
    judge("architecture", row(Array(30).fill("gelu"), Array(31).fill(40))),
  "init-scale: a weight of a custom layer": () =>
    judge("init-scale", customOf({ name: "odd/w", values: flat(50, 400) })),
  "init-scale: a gated recurrent kernel, counted from He": () =>
    judge(
      "init-scale",
      ofWeight({ name: "rnn/recurrent_kernel", shape: [16, 64], values: flat(1, 1024) }, {
        className: "LSTM",
      }),
    ),
  "init-scale: small, counted from orthogonal": () =>
    judge("init-scale", ofWeight({ shape: [16, 64], values: flat(0.04, 1024) })),
  "init-scale: too small": () => judge("init-scale", ofWeight({ values: flat(1e-3, 400) })),
  "symmetry: a head that is constant": () => {
    const values = statisticsOf(Array(100).fill(0.1));
    return judge("symmetry", headOf({ values }));
  },
  "symmetry: a head with units alike": () => judge("symmetry", headOf({ duplicateUnits: 2 })),
  "symmetry: a head with units of zeros": () => judge("symmetry", headOf({ zeroUnits: 1 })),
  "symmetry: a custom layer that is constant": () => judge("symmetry", customOf({ values: same })),
  "symmetry: a custom layer with units alike": () =>
    judge("symmetry", customOf({ duplicateUnits: 2 })),
  "symmetry: a custom layer with units of zeros": () =>
    judge("symmetry", customOf({ zeroUnits: 2, duplicateUnits: 1 })),
  "symmetry: units of zeros": () => judge("symmetry", ofWeight({ zeroUnits: 2 })),
  "symmetry: one seed for all": () => {
    const values = statisticsOf(Array.from({ length: 400 }, (_, i) => Math.sin(i)));
    const weights = [makeWeight({ values })];
    return judge("symmetry", makeMeasurements([{ weights }, { weights }]));
  },
  "activation-scale: small, as it is often drawn": () =>
    judge("activation-scale", drawn(0.1, 0.15)),
  "activation-scale: large, as it is often drawn": () => judge("activation-scale", drawn(2, 1.5)),
};

testMessages(import.meta, SAID);
