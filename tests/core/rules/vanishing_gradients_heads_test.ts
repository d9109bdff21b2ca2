import { assertEquals, assertStringIncludes } from "@std/assert";
import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { vanishingGradients } from "../../../src/core/rules/signal/vanishing_gradients.ts";
import {
  chain,
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../networks/measurements.ts";

const check = (measurements: Measurements, options?: RuleOptions) =>
  vanishingGradients.run(measurements, options);

const zero = flat(0, 640);
const silent = { activationGradients: zero, preActivationGradients: zero };

Deno.test("vanishingGradients only warns of a head that starts at zero, and names it", () => {
  const head = makeHead({
    depth: 3,
    weights: [makeWeight({ name: "head/kernel", values: flat(0, 20) })],
  });
  const layers = [1, 2].map((depth) => makeLayer({ name: `dense_${depth}`, depth, ...silent }));
  const findings = check(makeMeasurements([], { layers: [...layers, head] }));
  assertEquals(findings.map(({ severity }) => severity), ["warning"]);
  assertStringIncludes(findings[0].message, 'the kernel of the head "head" is all zeros');
});

/** Two towers that share no layer: `a` of one layer under this head, and `b` of two. */
function towers(a: Partial<LayerMeasurements>, head: Partial<LayerMeasurements> = {}) {
  const of = (name: string) => ({ heads: [`${name}_head`] });
  return makeMeasurements([], {
    layers: [
      makeLayer({ name: "a_1", ...of("a"), ...a }),
      makeLayer({ name: "b_1", ...of("b") }),
      makeLayer({ name: "b_2", depth: 2, ...of("b") }),
      makeHead({ name: "a_head", depth: 2, ...of("a"), ...head }),
      makeHead({ name: "b_head", depth: 3, ...of("b") }),
    ],
  });
}

Deno.test("vanishingGradients only warns of one head of two that starts at zero", () => {
  const weights = [makeWeight({ name: "a_head/kernel", values: flat(0, 20) })];
  const findings = check(towers(silent, { weights }));
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [["warning", "a_1"]]);
  assertStringIncludes(findings[0].message, 'the kernel of the head "a_head" is all zeros');
  const other = check(towers(silent));
  assertEquals(other.map(({ severity }) => severity), ["warning"]);
  assertStringIncludes(other[0].message, "sends no gradient down");
});

Deno.test("vanishingGradients lays no silence to a layer on the way of another head", () => {
  const { layers, ...rest } = towers(silent);
  const stop = { ...layers[2], preActivationGradients: zero };
  const below = { ...layers[1], ...silent };
  const findings = check({ ...rest, layers: layers.with(2, stop).with(1, below) });
  assertEquals(findings.map(({ severity, layer, layers }) => [severity, layer, layers]), [
    ["error", "b_2", ["b_2", "b_1"]],
    ["warning", "a_1", undefined],
  ]);
});

Deno.test("vanishingGradients only warns of an objective that sends nothing down", () => {
  const findings = check(makeMeasurements([silent, silent]));
  assertEquals(findings.map(({ severity }) => severity), ["warning"]);
  assertStringIncludes(findings[0].message, 'the objective "sum" sends no gradient');
  assertEquals(findings[0].unjudged, true);
});

/** Outputs of a softmax over ten classes on 32 examples: one-hot, except for the smoothed share. */
const oneHot = (doubt: number) =>
  statisticsOf(
    Array.from({ length: 320 }, (_, i) => i % 10 === 0 ? 1 - 9 * doubt : doubt),
  );

/** Two silent layers under a head, under a loss. */
function under(head: Partial<LayerMeasurements>, value = 14, name = "categoricalCrossentropy") {
  const weights = [makeWeight({ name: "k", values: flat(2, 400) })];
  const layers = [1, 2].map((depth) =>
    makeLayer({ name: `h${depth}`, activation: "relu", depth, weights, ...silent })
  );
  const z = { preActivations: flat(1.2e10, 320), activationGradients: flat(0, 320) };
  return makeMeasurements([], {
    layers: [...layers, makeHead({ name: "out", depth: 3, ...silent, ...z, ...head })],
    objective: { name, value },
  });
}

Deno.test("vanishingGradients fails a softmax that is certain, and says how to rescale", () => {
  const softmax = { activation: "softmax", activations: oneHot(0) };
  const [finding, ...others] = check(under(softmax));
  assertEquals(others, []);
  assertEquals([finding.severity, finding.kind, finding.layer], ["error", "certain-head", "out"]);
  assertEquals(finding.layers, ["out", "h1", "h2"]);
  assertStringIncludes(finding.fix, "Multiply the kernels of h1, h2 by 0.");
  const pixels = under(softmax);
  pixels.batch.perInput[0].values = flat(150, 640);
  assertStringIncludes(check(pixels)[0].fix, "Normalise the inputs");
});

Deno.test("vanishingGradients tells a certain head from an uncertain and from a learned one", () => {
  const severity = (measurements: Measurements) => check(measurements).map((f) => f.severity);
  const softmax = (doubt: number) => ({ activation: "softmax", activations: oneHot(doubt) });
  assertEquals(severity(under(softmax(0.4e-6))), ["error"]);
  assertEquals(severity(under(softmax(1e-6), 7, "meanSquaredError")), ["warning"]);
  assertEquals(severity(under(softmax(0), 0.0101)), ["error"]);
  assertEquals(severity(under(softmax(0), 0.0099)), ["warning"]);
  // A softmax that is torn between two classes in some examples: in 4 of 10, in 6, in all.
  const torn = (share: number) => {
    const rows = Array.from({ length: 10 }, (_, i) => i < share ? [0.5, 0.5, 0, 0] : [0, 1, 0, 0]);
    return { activation: "softmax", activations: statisticsOf(rows.flat()) };
  };
  assertEquals([4, 6, 10].map((share) => severity(under(torn(share)))[0]), [
    "error",
    "warning",
    "warning",
  ]);
  assertEquals(severity(under(torn(4), 7, "meanSquaredError")), ["warning"]);
  const sigmoid = { activation: "sigmoid", activations: statisticsOf(Array(32).fill(0)) };
  assertEquals(severity(under(sigmoid, 7, "binaryCrossentropy")), ["error"]);
  const doubtful = { activation: "sigmoid", activations: torn(4).activations };
  assertEquals(severity(under(doubtful, 7, "binaryCrossentropy")), ["warning"]);
  const hidden = check(under(softmax(0)), { layers: /^h/ });
  assertEquals(hidden.map(({ severity, layers }) => [severity, layers]), [["error", ["h1", "h2"]]]);
});

Deno.test("vanishingGradients knows a Softmax of its own, and a delta that is next to nothing", () => {
  const activations = oneHot(0);
  const [own] = check(
    under({ className: "Softmax", kind: "activation", activation: "softmax", activations }),
  );
  assertStringIncludes(own.message, "The softmax of out is certain");
  const sent = { activation: "softmax", activations, activationGradients: flat(0.01, 320) };
  const delta = (size: number) => ({ ...sent, preActivationGradients: flat(size, 320) });
  const [tiny] = check(under(delta(0.9e-8), 1, "meanSquaredError"));
  assertStringIncludes(tiny.message, "meanSquaredError sends next to no gradient down");
  assertEquals(check(under(delta(1.1e-8), 1, "meanSquaredError"))[0].severity, "warning");
  // Cross-entropy: dJ/da is 1 / a, and a delta of 1 / 32 is a whole one.
  const cross = { ...delta(1 / 32), activationGradients: flat(1e6, 320) };
  assertEquals(check(under(cross))[0].severity, "warning");
});

Deno.test("vanishingGradients fails a head that shuts out the gradient that it is sent", () => {
  const head = { activation: "relu", activationGradients: flat(0.1, 32), deadFraction: 1 };
  const [finding] = check(under(head, 1, "meanSquaredError"));
  assertEquals([finding.severity, finding.layers], ["error", ["out", "h1", "h2"]]);
  assertStringIncludes(finding.message, "No gradient passes out");
});

Deno.test("vanishingGradients asks for a loss when a softmax head meets the sum", () => {
  const tiny = flat(1e-8, 640);
  const hidden = { activationGradients: tiny, preActivationGradients: zero };
  const softmax = makeHead({ depth: 3, activation: "softmax", preActivationGradients: tiny });
  const layers = [1, 2].map((depth) => makeLayer({ name: `dense_${depth}`, depth, ...hidden }));
  const measurements = makeMeasurements([], { layers: [...layers, softmax] });
  const findings = check(measurements);
  assertEquals(findings.map(({ severity }) => severity), ["warning"]);
  assertStringIncludes(findings[0].message, "softmax");
  const loss = { ...measurements, objective: { name: "meanSquaredError", value: 1 } };
  assertEquals(check(loss)[0].severity, "error");
});

Deno.test("vanishingGradients judges on when another head carries a signal under the sum", () => {
  const softmax = makeHead({
    name: "classes",
    activation: "softmax",
    preActivationGradients: flat(1e-8, 32),
  });
  const { layers, ...rest } = chain(1e-4, 1);
  const findings = check({ ...rest, layers: [...layers, softmax] });
  assertEquals(findings.map(({ severity }) => severity), ["error"]);
});
