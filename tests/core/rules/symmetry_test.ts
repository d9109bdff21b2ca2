import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { assertSymmetryBroken } from "../../../src/core/assert/assertions.ts";
import type {
  LayerMeasurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../../src/core/measure/measurements.ts";
import { symmetry } from "../../../src/core/rules/weights/symmetry.ts";
import { makeMeasurements, makeWeight, statisticsOf } from "../../networks/measurements.ts";
import { severities } from "./severities.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";

function symmetric(weight: Partial<WeightMeasurements>, layer: Partial<LayerMeasurements> = {}) {
  return symmetry.run(makeMeasurements([{ weights: [makeWeight(weight)], ...layer }]));
}

const constant = (value: number, count = 400) => statisticsOf(Array(count).fill(value));

Deno.test("symmetry fails one unit that equals another, and passes none or no figure", () => {
  assertEquals(symmetric({ duplicateUnits: 0 }), []);
  assertEquals(symmetric({ duplicateUnits: null }), []);
  const [finding] = symmetric({ duplicateUnits: 1 });
  assertEquals([finding.severity, finding.measured], ["error", 1]);
});

Deno.test("symmetry lets a few units of one weight each draw the same by chance", () => {
  const drawn = (count: number, duplicateUnits: number) => {
    const values = statisticsOf(Array.from({ length: count }, (_, i) => i));
    return symmetric({ shape: [1, count], values, duplicateUnits });
  };
  assertEquals(drawn(1024, 1), []);
  assertEquals(severities(drawn(1024, 2)), ["error"]);
  assertEquals(severities(drawn(64, 1)), ["error"]);
});

Deno.test("symmetry fails a constant kernel, and passes the smallest variance", () => {
  assertEquals(severities(symmetric({ values: constant(0.1), duplicateUnits: 19 })), ["error"]);
  assertEquals(severities(symmetric({ values: constant(0) })), ["error"]);
  const almost = statisticsOf([0.1001, ...Array(399).fill(0.1)]);
  assertEquals(symmetric({ values: almost }), []);
});

Deno.test("symmetry only warns where another layer has units that differ", () => {
  const alike = { weights: [makeWeight({ values: constant(0.1) })] };
  const found = (...others: Partial<LayerMeasurements>[]) =>
    severities(symmetry.run(makeMeasurements([alike, ...others])));
  assertEquals(found(), ["error"]);
  assertEquals(found(alike), ["error", "error"]);
  assertEquals(found({}), ["warning"]);
  // A single unit cannot differ from others.
  assertEquals(found({ weights: [makeWeight({ shape: [20, 1] })] }), ["error"]);
  assertEquals(found({ className: "Dropout", activation: null, weights: [] }), ["error"]);
  assertThrows(() => assertSymmetryBroken(makeMeasurements([alike, {}])));
});

Deno.test("symmetry lets an embedding start at zero that has a gradient", () => {
  const layer = { className: "Embedding" };
  assertEquals(symmetric({ values: constant(0) }, layer), []);
  assertEquals(severities(symmetric({ values: constant(0.1) }, layer)), ["error"]);
  assertEquals(severities(symmetric({ values: constant(0), gradients: constant(0) }, layer)), [
    "error",
  ]);
});

Deno.test("symmetry lets a head start at zero and warns of other constants in it", () => {
  assertEquals(symmetric({ values: constant(0) }, { role: "output" }), []);
  assertEquals(severities(symmetric({ values: constant(1) }, { role: "output" })), ["warning"]);
});

Deno.test("symmetry lets either kernel of a recurrent cell tell its units apart", () => {
  const check = (kernel: TensorStatistics, recurrent: TensorStatistics, suffix = "") => {
    const weights = [
      makeWeight({ name: `rnn/kernel${suffix}`, values: kernel }),
      makeWeight({ name: `rnn/recurrent_kernel${suffix}`, values: recurrent }),
      makeWeight({ name: "rnn/kernel_9" }),
      makeWeight({ name: "rnn/recurrent_kernel_9" }),
    ];
    return symmetry.run(makeMeasurements([{ name: "rnn", className: "RNN", weights }]));
  };
  const drawn = makeWeight().values;
  for (const suffix of ["", "_2"]) {
    assertEquals(check(drawn, constant(0), suffix), []);
    assertEquals(check(constant(1), drawn, suffix), []);
    assertEquals(severities(check(constant(1), constant(0), suffix)), ["error", "error"]);
  }
});

Deno.test("symmetry warns of a constant in a custom layer, not of zeros or a row, and fails equal units", () => {
  for (const known of ["Dense", "Conv2DTranspose", "SeparableConv2D", "LSTM", "RNN"]) {
    const found = symmetric({ values: constant(0) }, { className: known });
    assertEquals(severities(found), ["error"], known);
  }
  const layer = { className: "PositionEmbedding" };
  assertEquals(severities(symmetric({ values: constant(0.1) }, layer)), ["warning"]);
  assertEquals(symmetric({ values: constant(0) }, layer), []);
  for (const shape of [[1, 400], [1, 1, 400]]) {
    assertEquals(symmetric({ values: constant(1), shape }, layer), []);
    assertEquals(severities(symmetric({ values: constant(1), shape })), ["error"]);
  }
  assertEquals(severities(symmetric({ duplicateUnits: 2 }, layer)), ["error"]);
});

Deno.test("symmetry passes a kernel of one unit, and a bias", () => {
  assertEquals(symmetric({ shape: [20, 1], values: constant(1, 20) }), []);
  assertEquals(symmetric({ shape: [20], values: constant(1, 20) }), []);
});

/**
 * Returns the findings on a layer in which some units have only zero weights, and some those of
 * another.
 */
function found(zeroUnits: number, duplicateUnits: number, given: Partial<LayerMeasurements> = {}) {
  const weights = [makeWeight({ name: "dense_1/kernel", zeroUnits, duplicateUnits })];
  return symmetry.run(makeMeasurements([{ weights, ...given }]));
}

const kinds = (...given: Parameters<typeof found>) =>
  found(...given).map(({ severity, kind, measured }) => [severity, kind, measured]);

Deno.test("symmetry warns of units of zeros", () => {
  assertEquals(kinds(0, 0), []);
  assertEquals(kinds(1, 0), [["warning", "zero-units", 1]]);
  assertStringIncludes(found(1, 0)[0].message, "1 unit of dense_1 has no weights but zeros");
  assertStringIncludes(found(2, 1)[0].message, "2 units of dense_1 have no weights but zeros");
});

Deno.test("symmetry takes one row of zeros of a table for its padding, and warns of more", () => {
  const table = { className: "Embedding", kind: "embedding" as const };
  assertEquals(kinds(1, 0, table), []);
  assertEquals(kinds(2, 1, table), [["warning", "zero-units", 2]]);
});

Deno.test("symmetry counts units of zeros once, and no longer as copies of each other", () => {
  assertEquals(kinds(3, 2), [["warning", "zero-units", 3]]);
  assertEquals(kinds(3, 3), [["warning", "zero-units", 3], ["error", "duplicates", 1]]);
  assertEquals(kinds(0, 1), [["error", "duplicates", 1]]);
  assertStringIncludes(found(0, 1)[0].message, "1 unit of dense_1 has exactly the weights");
  assertStringIncludes(found(0, 2)[0].message, "2 units of dense_1 have exactly the weights");
});

/** Returns what `symmetry` finds in six layers of 16 units, whose initialisers are these. */
async function foundInDrawn(
  initializer: (tf: TensorFlow, layer: number) => ReturnType<TensorFlow["initializers"]["zeros"]>,
) {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential();
  for (let layer = 1; layer <= 6; layer++) {
    model.add(tf.layers.dense({
      name: `dense_${layer}`,
      units: 16,
      activation: "relu",
      kernelInitializer: initializer(tf, layer),
      inputShape: [16],
    }));
  }
  const measurements = await measure(model, randomBatch(model));
  model.dispose();
  return runRules(measurements)
    .filter(({ rule }) => rule === "symmetry");
}

Deno.test("symmetry warns once of layers that one seed draws", async () => {
  const findings = await foundInDrawn((tf) => tf.initializers.heUniform({ seed: 7 }));
  assertEquals(
    findings.map(({ severity, kind, layers }) => [severity, kind, layers?.length]),
    [["warning", "shared-draw", 6]],
  );
});

Deno.test("symmetry leaves kernels with seeds of their own, and identities, alone", async () => {
  assertEquals(await foundInDrawn((tf, layer) => tf.initializers.heUniform({ seed: layer })), []);
  assertEquals(await foundInDrawn((tf) => tf.initializers.heUniform({})), []);
  assertEquals(await foundInDrawn((tf) => tf.initializers.identity({ gain: 1 })), []);
});
