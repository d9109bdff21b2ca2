import { assertEquals } from "@std/assert";
import { type Baseline, findBaseline, parseBaseline } from "../../../src/gate/find_baseline.ts";
import { formatBaseline, updateBaseline } from "../../../src/gate/write_baseline.ts";
import { GateError } from "../../../src/core/diagnosis/gate_result.ts";
import { layer, measurements } from "../../networks/sample.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { mutateBytes, mutateJson } from "../mutate.ts";

const FIGURES = { activations: 0.62, deltas: 0.011, saturated: 0.1, dead: 0 };
const BASELINE: Baseline = {
  digits: {
    0: {
      objective: "sum",
      examples: 32,
      layers: {
        dense_1: { ...FIGURES, weights: { "dense_1/kernel": [0.1, 0.2], "dense_1/bias": [0] } },
        dense_2: { activations: NaN, deltas: Infinity },
      },
    },
    1: { objective: "meanSquaredError", examples: 1, layers: {} },
  },
};

export const target: FuzzTarget = {
  name: "baselines",
  about: "A damaged baseline is read, compared with and updated, or refused with file and place.",
  shortRun: 300,
  open() {
    const json = JSON.parse(formatBaseline(BASELINE));
    const measured = measurements([layer("dense_1", {}), layer("dense_2", {})]);
    const run = { model: "digits", seed: 0, measurements: measured };
    return Promise.resolve({
      tryOne(chance) {
        const bytes = new TextEncoder().encode(JSON.stringify(mutateJson(json, chance)));
        const text = new TextDecoder().decode(
          chance.happens(0.3) ? mutateBytes(bytes, chance) : bytes,
        );
        try {
          const baseline = parseBaseline(text, "figures.json");
          assertEquals(parseBaseline(formatBaseline(baseline), "figures.json"), baseline);
          findBaseline(baseline, measured, { name: "digits", seed: 0, names: ["digits"] });
          findBaseline(baseline, measured, { name: "renamed", seed: 0, names: ["renamed"] });
          const updated = updateBaseline(baseline, [run]);
          assertEquals(parseBaseline(formatBaseline(updated), "figures.json"), updated);
        } catch (error) {
          requireClearError(error, [GateError], [/^figures\.json:/]);
        }
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};
