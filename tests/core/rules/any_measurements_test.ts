import { assertHealthy } from "../../../src/core/assert/assertions.ts";
import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import { matchesBaseline } from "../../../src/core/rules/matches_baseline.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { anyMeasurements } from "../text/arbitrary.ts";
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";

const activation = fc.constantFrom(null, "linear", "tanh", "relu", "sigmoid", "selu", "softmax");
const className = fc.constantFrom(
  "Dense",
  "Conv2D",
  "DepthwiseConv2D",
  "LSTM",
  "Activation",
  "Flatten",
  "BatchNormalization",
);
const kernel = fc.constantFrom<number[]>([8, 8], [128, 128], [1, 1], [3, 3, 4, 64], [0, 4], [8]);

const heads = fc.constantFrom<string[] | undefined>(undefined, ["a"], ["b"]);

/** A row that rules take for one of a real network, whatever its figures are. */
const plausible = (row: LayerMeasurements): fc.Arbitrary<LayerMeasurements> =>
  fc.record({ activation, className, kernel, heads })
    .map(({ kernel, ...given }) => ({
      ...row,
      ...given,
      weights: row.weights.map((weight, k) => ({
        ...weight,
        name: `${row.name}/${k === 0 ? "kernel" : "bias"}`,
        shape: k === 0 ? kernel : kernel.slice(-1),
      })),
    }));

/** Measurements that the types allow, half of them in the shape of a network that rules know. */
const measurements: fc.Arbitrary<Measurements> = anyMeasurements.chain((base) =>
  fc.record({
    layers: fc.oneof(fc.constant(base.layers), fc.tuple(...base.layers.map(plausible))),
    inRow: fc.boolean(),
    name: fc.constantFrom(
      "sum",
      "meanSquaredError",
      "categoricalCrossentropy",
      "binaryCrossentropy",
    ),
    examples: fc.constantFrom(0, 1, 8, 32),
  }).map(({ layers, inRow, name, examples }) => ({
    ...base,
    layers: layers.map((layer, i) => inRow ? { ...layer, depth: i + 1, calls: 1 } : layer),
    objective: { ...base.objective, name },
    batch: {
      ...base.batch,
      examples,
      perInput: inRow ? base.batch.perInput.slice(0, 1) : base.batch.perInput,
      targets: base.batch.perInput.slice(0, 1).map(({ name, shape, values }) => ({
        name,
        shape,
        values,
        unitMeans: [0.25, 0.75],
      })),
    },
  }))
);

Deno.test("runRules() gives sound findings on whatever measurements the types allow", () => {
  fc.assert(
    fc.property(measurements, measurements, (now, then) => {
      const findings = [...runRules(now), ...matchesBaseline(then).run(now)];
      const names = new Set([...now.layers, ...then.layers].map(({ name }) => name));
      for (const finding of findings) {
        const { layer, layers = [], message, fix, expected, measured } = finding;
        for (const name of [layer, ...layers]) assert(name === null || names.has(name), name ?? "");
        for (const text of [message, fix, expected.text]) {
          assert(text.length > 0 && !/undefined|\[object/.test(text), text);
        }
        assert(measured === null || typeof measured === "number");
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("every rule's figure is a number or null on whatever measurements the types allow", () => {
  fc.assert(
    fc.property(measurements, ({ layers }) => {
      for (const { figure } of RULES) {
        for (const layer of layers) {
          const value = figure.of(layer);
          assert(value === null || typeof value === "number");
        }
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("assertHealthy() says all errors in under 25 lines without a control character", () => {
  fc.assert(
    fc.property(measurements, (now) => {
      const errors = runRules(now).filter(({ severity }) => severity === "error");
      let lines: string[] = [];
      try {
        assertHealthy(now);
      } catch (error) {
        lines = (error as Error).message.split("\n");
      }
      assertEquals(lines.length > 0, errors.length > 0);
      assert(lines.length < 25);
      for (const line of lines) assertEquals(/[\p{Cc}\p{Cf}\p{Cs}]/u.test(line), false, line);
    }),
    { numRuns: 200 },
  );
});
