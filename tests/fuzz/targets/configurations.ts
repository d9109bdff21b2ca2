import { GateError } from "../../../src/core/diagnosis/gate_result.ts";
import { readConfiguration } from "../../../src/gate/find_configuration.ts";
import { resolveConfiguration } from "../../../src/gate/resolve_configuration.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { mutateBytes, mutateJson } from "../mutate.ts";

const CONFIGURATION = {
  extends: "strict",
  models: [
    {
      path: "a/model.json",
      name: "a",
      batch: "a/batch.json",
      objective: "meanSquaredError",
      examples: 16,
      seeds: "0..9",
      trained: false,
      register: ["layers.ts"],
    },
    { path: "b.ts", seeds: [1, 2, 5] },
  ],
  rules: {
    "dead-units": "warn",
    "vanishing-gradients": ["error", { vanishingRatio: 0.01 }],
    baseline: ["warn", { baselineFactor: 3 }],
    symmetry: "off",
  },
  suppressions: [
    { rule: "dead-units", layer: "dense_1", reason: "known", model: "a", until: "2099-01-31" },
  ],
  baseline: "figures.json",
  maxWarnings: 3,
};

export const target: FuzzTarget = {
  name: "configurations",
  about: "A damaged configuration is read, or refused in a sentence with its file.",
  shortRun: 100,
  open: () =>
    Promise.resolve({
      async tryOne(chance) {
        const isShared = chance.happens(0.2);
        const json = mutateJson(CONFIGURATION, chance);
        const whole = JSON.stringify(isShared ? { gradientHealth: json } : json, null, 2);
        const bytes = new TextEncoder().encode(whole);
        const text = new TextDecoder().decode(
          chance.happens(0.3) ? mutateBytes(bytes, chance) : bytes,
        );
        const file = "gate.json";
        try {
          const key = isShared ? "gradientHealth" : null;
          const configuration = await readConfiguration({ file, text, key });
          JSON.stringify(resolveConfiguration(configuration, { file }));
        } catch (error) {
          requireClearError(error, [GateError], [/^gate\.json:/]);
        }
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
};
