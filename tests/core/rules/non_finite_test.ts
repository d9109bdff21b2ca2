import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { nonFinite } from "../../../src/core/rules/data/non_finite.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

const broken = statisticsOf([NaN, ...Array(639).fill(1)]);
const infinite = statisticsOf([Infinity, -Infinity, ...Array(638).fill(1)]);

const places: Record<string, Partial<LayerMeasurements>> = {
  "weight w": { weights: [makeWeight({ name: "w", values: broken })] },
  "z": { preActivations: broken },
  "a": { activations: broken },
  "dJ/da": { activationGradients: broken },
  "delta": { preActivationGradients: broken },
  "gradient of w": { weights: [makeWeight({ name: "w", gradients: broken })] },
};

for (const [what, layer] of Object.entries(places)) {
  Deno.test(`nonFinite finds one NaN in ${what}`, () => {
    const [finding, ...others] = nonFinite.run(makeMeasurements([{}, layer, {}]));
    assertEquals(others, []);
    assertEquals([finding.severity, finding.layer, finding.measured], ["error", "dense_2", 1]);
    assertStringIncludes(finding.message, `${what} (1 of 640)`);
  });
}

Deno.test("nonFinite counts infinities and lists every tensor of a layer", () => {
  const [finding] = nonFinite.run(
    makeMeasurements([{ preActivations: infinite, activations: broken }]),
  );
  assertEquals(finding.measured, 3);
  assertStringIncludes(finding.message, "z (2 of 640), a (1 of 640)");
});

Deno.test("nonFinite lets a mask close the scores of a softmax that stays finite", () => {
  const layersOf = (weights: typeof broken) =>
    nonFinite.run(makeMeasurements([], {
      layers: [
        makeLayer({ name: "query", inputs: [] }),
        makeLayer({ name: "mask", inputs: ["query"], weights: [], activations: infinite }),
        makeLayer({
          name: "rows",
          inputs: ["mask"],
          activation: "softmax",
          weights: [],
          preActivations: infinite,
          activations: weights,
        }),
      ],
    })).map(({ layer }) => layer);
  assertEquals(layersOf(flat(0.1, 640)), []);
  assertEquals(layersOf(broken), ["mask", "rows"]);
});

Deno.test("nonFinite lets a mask close exponents that stay finite, but not another operation", () => {
  const layersOf = (className: string, outputs: typeof broken) =>
    nonFinite.run(makeMeasurements([], {
      layers: [
        makeLayer({ name: "decays", inputs: [] }),
        makeLayer({ name: "mask", inputs: ["decays"], weights: [], activations: infinite }),
        makeLayer({
          name: "power",
          className,
          kind: "merge",
          inputs: ["mask"],
          activation: null,
          weights: [],
          activations: outputs,
        }),
      ],
    })).map(({ layer }) => layer);
  assertEquals(layersOf("exp", flat(0.1, 640)), []);
  assertEquals(layersOf("exp", broken), ["mask", "power"]);
  assertEquals(layersOf("relu", flat(0.1, 640)), ["mask"]);
});

Deno.test("nonFinite lets a finite operation close what was set to -Infinity, but not an overflow", () => {
  const layersOf = (
    className: string,
    outputs = flat(0.1, 640),
    { delta = flat(0.1, 640), closer = "sigmoid" } = {},
  ) =>
    nonFinite.run(makeMeasurements([], {
      layers: [
        makeLayer({ name: "logits", inputs: [] }),
        makeLayer({
          name: "origin",
          className,
          inputs: ["logits"],
          weights: [],
          activations: infinite,
          activationGradients: delta,
        }),
        makeLayer({
          name: "moved",
          className: "scatter",
          inputs: ["origin", "logits"],
          weights: [],
          activations: infinite,
        }),
        makeLayer({
          name: "gate",
          className: closer,
          inputs: ["moved"],
          activation: closer === "sigmoid" ? "sigmoid" : null,
          weights: [],
          preActivations: infinite,
          activations: outputs,
        }),
      ],
    })).map(({ layer }) => layer);
  for (const className of ["full_like", "masked_fill", "where", "shift"]) {
    assertEquals(layersOf(className), [], className);
  }
  assertEquals(layersOf("Linear"), ["origin", "moved", "gate"]);
  assertEquals(layersOf("mul"), ["origin", "moved", "gate"]);
  // An infinity that reaches an output or a gradient is a fault.
  assertEquals(layersOf("full_like", broken), ["origin", "moved", "gate"]);
  assertEquals(layersOf("full_like", flat(0.1, 640), { delta: broken }), ["origin"]);
  assertEquals(layersOf("full_like", flat(0.1, 640), { closer: "topk" }), []);
  assertEquals(layersOf("Linear", flat(0.1, 640), { closer: "topk" }), ["origin", "moved", "gate"]);
});

Deno.test("nonFinite names the first layer of the forward pass", () => {
  const findings = nonFinite.run(makeMeasurements([
    { preActivationGradients: broken },
    { activations: broken },
    { activations: broken },
  ]));
  assertEquals(findings.length, 3);
  assertEquals(findings.map(({ message }) => message.includes("begin")), [false, true, false]);
  assertEquals(findings.map(({ kind }) => kind), ["spread", "origin", "spread"]);
  // One fix, that of the origin: joined findings must not begin with one that leads nowhere.
  assertEquals(
    [...new Set(findings.map(({ fix }) => fix))],
    ["Look for an overflow or a 0/0 in dense_2."],
  );
});

Deno.test("nonFinite names the layer nearest to the output when only gradients are broken", () => {
  const delta = { preActivationGradients: broken };
  const findings = nonFinite.run(makeMeasurements([delta, delta, {}]));
  assertEquals(findings.map(({ message }) => message.includes("begin")), [false, true]);
});

Deno.test("nonFinite finds a NaN in an input, and blames it rather than a layer", () => {
  const measurements = makeMeasurements([{ activations: broken }]);
  measurements.batch.perInput[0].values = broken;
  const findings = nonFinite.run(measurements);
  assertEquals(findings.map(({ layer }) => layer), [null, "dense_1"]);
  assertEquals(findings.map(({ kind }) => kind), ["input", "spread"]);
  assertStringIncludes(findings[0].message, "input input (1 of 640)");
  assertEquals(findings[1].message.includes("begin"), false);
  assertEquals(findings[1].fix, "Clean the batch: a NaN in an input reaches every layer.");
});

Deno.test("nonFinite finds an objective that is NaN or infinite", () => {
  for (const value of [NaN, Infinity, -Infinity]) {
    const findings = nonFinite.run(makeMeasurements([], { objective: { name: "mse", value } }));
    assertEquals(findings.map(({ layer }) => layer), [null]);
    assertStringIncludes(findings[0].message, String(value));
  }
});

Deno.test("nonFinite finds nothing in finite measurements, however large, nor in absent ones", () => {
  const huge = flat(1e38, 640);
  assertEquals(
    nonFinite.run(makeMeasurements([{ preActivations: huge, activations: huge }])),
    [],
  );
  const absent = { preActivations: null, activationGradients: null, preActivationGradients: null };
  assertEquals(nonFinite.run(makeMeasurements([absent])), []);
  assertEquals(nonFinite.run(goldenMeasurements("relu_exploding")), []);
});

Deno.test("nonFinite says that a linear head lets the outputs of a logarithm be negative", () => {
  const fixOf = (name: string, activation: string) =>
    nonFinite.run(
      makeMeasurements([], {
        layers: [makeLayer(), makeHead({ activation })],
        objective: { name, value: NaN },
      }),
    ).map(({ fix }) => fix);
  const [fix] = fixOf("poisson", "linear");
  assertStringIncludes(fix, "End the model in exponential or softplus");
  for (const [other] of [fixOf("poisson", "exponential"), fixOf("meanSquaredError", "linear")]) {
    assertStringIncludes(other, "Check the outputs and the targets");
  }
});
