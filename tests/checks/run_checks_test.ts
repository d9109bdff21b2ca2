import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import type { CheckOptions } from "../../src/checks/check_options.ts";
import { matchesBaseline } from "../../src/checks/matches_baseline.ts";
import { MODEL_RULES } from "../../src/checks/model_rules.ts";
import { RULES } from "../../src/checks/rules.ts";
import { runChecks } from "../../src/checks/run_checks.ts";
import { THRESHOLDS } from "../../src/checks/threshold_table.ts";
import type { RunChecksOptions } from "../../src/checks/judge_rule.ts";
import type { LayerMeasurements, Measurements } from "../../src/measure/measurements.ts";
import { goldenMeasurements } from "./golden_measurements.ts";
import { flat, makeHead, makeMeasurements, makeWeight, statisticsOf } from "./make_measurements.ts";

const saturated = () => makeMeasurements([{ saturatedFraction: 0.9 }, { saturatedFraction: 0.9 }]);

const serious = (measurements: Measurements, options?: CheckOptions) =>
  runChecks(measurements, options).filter(({ severity }) => severity !== "note");

Deno.test("runChecks() finds nothing in a healthy chain", () => {
  assertEquals(serious(makeMeasurements()), []);
});

Deno.test("runChecks() returns the findings in the order of the rules", () => {
  const findings = runChecks(goldenMeasurements("relu_dead_layer"));
  const order = RULES.map(({ name }) => name);
  const places = findings.map(({ rule }) => order.indexOf(rule));
  assertEquals(places, places.toSorted((a, b) => a - b));
  assertEquals(new Set(places).size > 1, true);
});

Deno.test("runChecks() finds no error in the healthy golden cases", () => {
  for (const name of ["relu_he", "seed_tanh_critical", "seed_tanh_critical_mse"]) {
    const errors = runChecks(goldenMeasurements(name)).filter((one) => one.severity === "error");
    assertEquals(errors, [], name);
  }
});

Deno.test("runChecks() hands the thresholds on", () => {
  assertEquals(serious(saturated(), { saturatedFraction: 1, saturatedFractionWarning: 1 }), []);
});

Deno.test("runChecks() turns findings of ignored layers into notes with the reason", () => {
  const judge = (options: CheckOptions) =>
    runChecks(saturated(), options).filter(({ layer }) => layer !== null);
  const findings = judge({ ignore: [{ layer: "dense_1", reason: "It is a gate." }] });
  assertEquals(findings.map(({ severity }) => severity), ["note", "error"]);
  assertStringIncludes(findings[0].message, "Ignored: It is a gate.");
  const all = judge({ ignore: [{ layer: /^dense/, reason: "Known." }] });
  assertEquals(all.map(({ severity }) => severity), ["note", "note"]);
});

Deno.test("runChecks() judges only the selected layers, by name or by pattern", () => {
  const layers = (filter: CheckOptions["layers"]) =>
    runChecks(saturated(), { layers: filter })
      .filter(({ severity }) => severity === "error").map(({ layer }) => layer);
  assertEquals(layers(["dense_2"]), ["dense_2"]);
  assertEquals(layers(/_2$/g), ["dense_2"]);
  assertEquals(layers(/dense/g), ["dense_1", "dense_2"]);
});

Deno.test("runChecks() throws a TypeError when an argument is not what it must be", () => {
  const fine = makeMeasurements();
  const wrong: [unknown, unknown, string][] = [
    [Promise.resolve(fine), {}, "write `await measure(model, batch)`"],
    [null, {}, "measurements is null"],
    [[], {}, "measurements is an array"],
    ["{}", {}, "measurements is string"],
    [{ ...fine, layers: null }, {}, "measurements is an object without layers"],
    [{ version: 1, layers: [] }, {}, "measurements is an object without a batch"],
    [{ ...fine, objective: undefined }, {}, "is an object without an objective"],
    [{ ...fine, layers: [null] }, {}, "is an object whose layers[0] is not a layer"],
    [{ ...fine, layers: [...fine.layers, {}] }, {}, "whose layers[4] is not a layer"],
    [{ ...fine, version: 2 }, {}, "of version 2"],
    [fine, [], "expected an object"],
    [fine, null, "expected an object"],
    [fine, { trained: "no" }, 'options.trained is "no", expected true or false'],
    [fine, { deadFracton: 0.1 }, 'unknown key "deadFracton"; did you mean "deadFraction"?'],
    [fine, { deadFraction: "0.1" }, 'deadFraction is "0.1", expected a number'],
    [fine, { deadFraction: null }, "deadFraction is null, expected a number"],
    [fine, { deadFraction: Object.create(null) }, "deadFraction is [Object"],
    [fine, { toString: 1 }, 'unknown key "toString", expected layers, ignore or a threshold'],
    [fine, { layers: "dense_1" }, "expected a RegExp or an array"],
    [fine, { layers: [1] }, "expected a RegExp or an array"],
    [fine, { ignore: [{ layer: "dense_1" }] }, "each with a reason"],
    [fine, { ignore: [{ layer: "dense_1", reason: " " }] }, "each with a reason"],
    [fine, { ignore: "dense_1" }, "expected an array"],
    [fine, { ignore: [null] }, "expected an array"],
    [fine, { layers: null }, "expected a RegExp or an array"],
  ];
  for (const [measurements, options, message] of wrong) {
    assertThrows(
      () => runChecks(measurements as Measurements, options as CheckOptions),
      TypeError,
      message,
    );
  }
});

Deno.test("runChecks() throws a RangeError when a number or a layer is out of range", () => {
  const wrong: [CheckOptions, string][] = [
    [{ deadFraction: 1.1 }, "deadFraction is 1.1, expected a number from 0 to 1"],
    [{ vanishingRatio: NaN }, "vanishingRatio is NaN, expected a number from 0 to 1"],
    [{ explodingRatio: 0.5 }, "explodingRatio is 0.5, expected a number from 1 to Infinity"],
    [
      { layers: ["dense_9"] },
      "options.layers has dense_9, which no layer matches",
    ],
    [
      { layers: /conv/ },
      "options.layers has /conv/, which no layer matches",
    ],
    [
      { ignore: [{ layer: "dense_9", reason: "x" }] },
      "options.ignore has dense_9, which no layer matches",
    ],
    [{ layers: [] }, "options.layers is an empty array, expected the layers to judge"],
    [{ layers: [""] }, 'options.layers has "", which no layer matches'],
    [{ layers: ["a\nb"] }, 'layers has "a\\nb", which no layer matches'],
    [{ updateRatioMin: 0 }, "updateRatioMin is 0, expected updateRatioMax, -1, at most"],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => runChecks(makeMeasurements(), options), RangeError, message);
  }
});

Deno.test("runChecks() judges by a pattern whatever it matched before", () => {
  for (const flags of ["g", "y", "gy"]) {
    const pattern = new RegExp("dense_[12]", flags);
    pattern.lastIndex = 3;
    const findings = runChecks(saturated(), {
      layers: pattern,
      ignore: [{ layer: pattern, reason: "Known." }],
    });
    assertEquals(
      findings.filter(({ layer }) => layer !== null).map(({ message }) => message).length,
      2,
    );
    assertEquals(findings.some(({ severity }) => severity === "error"), false);
    assertEquals(pattern.lastIndex, 3);
  }
});

/** Measurements that no ordinary network gives. */
const UNUSUAL: Record<string, () => Measurements> = {
  "no layers": () => makeMeasurements([], { layers: [] }),
  "a head alone": () => makeMeasurements([]),
  "a head without weights": () => makeMeasurements([], { layers: [makeHead({ weights: [] })] }),
  "figures that are all null": () => makeMeasurements([NOTHING, NOTHING]),
  "frozen layers": () => makeMeasurements([FROZEN, FROZEN]),
  "one example": () => {
    const measurements = makeMeasurements([{ activation: "relu", deadFraction: 0.5 }, {}]);
    return { ...measurements, batch: { ...measurements.batch, examples: 1 } };
  },
  "no inputs": () => {
    const measurements = makeMeasurements();
    return { ...measurements, batch: { ...measurements.batch, examples: 0, perInput: [] } };
  },
  "an empty name": () => makeMeasurements([{ name: "" }, {}]),
  "two layers of one name": () => makeMeasurements([{ name: "twin" }, { name: "twin" }]),
};
const NOTHING: Partial<LayerMeasurements> = {
  shape: null,
  preActivations: null,
  activations: null,
  activationGradients: null,
  preActivationGradients: null,
  saturatedFraction: null,
  weights: [],
};
const FROZEN: Partial<LayerMeasurements> = {
  trainable: false,
  weights: [makeWeight({ trainable: false, gradients: null })],
};

for (const [what, measure] of Object.entries(UNUSUAL)) {
  Deno.test(`runChecks() finds nothing wrong in measurements of ${what}, and every figure draws`, () => {
    const measurements = measure();
    assertEquals(serious(measurements), []);
    for (const { figure } of RULES) measurements.layers.map(figure.of);
  });
}

Deno.test("runChecks() lays NaN everywhere to the place where it begins", () => {
  const nan = flat(NaN, 640);
  const weights = [makeWeight({ values: nan, gradients: nan })];
  const layer = { preActivations: nan, activations: nan, preActivationGradients: nan, weights };
  const objective = { name: "meanSquaredError", value: NaN };
  const findings = serious(makeMeasurements([layer, layer], { objective }));
  assertStringIncludes(findings[0].message, "dense_1: NaN or infinite");
  assertEquals(
    new Set(findings.map(({ rule }) => rule)),
    new Set(["non-finite", "exploding-gradients"]),
  );
});

Deno.test("THRESHOLDS states a default in its range, a unit and a source for each", () => {
  for (
    const [name, { default: value, range: [low, high], unit, source }] of Object.entries(THRESHOLDS)
  ) {
    assertEquals(value >= low && value <= high, true, name);
    assertEquals([unit, source].every((text) => text.length > 0), true, name);
  }
});

Deno.test("RULES are documented, uniquely named, and read every threshold", () => {
  const all = [...RULES, matchesBaseline(makeMeasurements())];
  const names = all.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  const read = new Set(
    [...all, ...MODEL_RULES].flatMap(({ thresholds }) => Object.keys(thresholds)),
  );
  assertEquals([...read].toSorted(), Object.keys(THRESHOLDS).toSorted());
  for (const rule of all) {
    for (
      const key of ["summary", "formula", "source", "misleads", "fix", "falsePositives"] as const
    ) {
      assertMatch(rule[key]!, /\S.*\.$/s, `${rule.name}: ${key}`);
    }
    assertMatch(rule.assertion, /^assert[A-Z]/);
  }
});

Deno.test("runChecks() serialises to JSON and back", () => {
  const findings = runChecks(makeMeasurements([{ preActivationGradients: flat(1e-9, 640) }, {}]));
  assertEquals(JSON.parse(JSON.stringify(findings)), findings);
});

const tooLarge = (bias: number[], layer: Partial<LayerMeasurements> = {}, name = "d/bias") =>
  makeMeasurements([{
    weights: [
      makeWeight({ values: flat(1, 400) }),
      makeWeight({ name, shape: [bias.length], values: statisticsOf(bias) }),
    ],
    ...layer,
  }]);
const initScale = (measurements: Measurements, options?: RunChecksOptions) =>
  runChecks(measurements, options)
    .filter(({ rule }) => rule === "init-scale").map(({ severity }) => severity);

Deno.test("runChecks() only notes what rules for untrained networks find in a trained one", () => {
  assertEquals(initScale(tooLarge([0, 0])), ["warning"]);
  assertEquals(initScale(tooLarge([0.1, 0.1, 0.1])), ["warning"]);
  assertEquals(initScale(tooLarge([0.1, 0.2])), ["note"]);
  assertEquals(initScale(tooLarge([0.1, 0.2], {}, "norm/beta")), ["note"]);
});

Deno.test("runChecks() does not take a prior in the head or a forget gate for training", () => {
  const head = { role: "output" as const, activation: "linear" };
  assertEquals(initScale(tooLarge([0.1, 0.2], head)), ["warning"]);
  const beside = (...bias: number[]) => {
    const untrained = tooLarge([0]);
    const cell = tooLarge(bias, { className: "LSTM" }).layers[0];
    return initScale({ ...untrained, layers: [...untrained.layers, cell] });
  };
  assertEquals(beside(0, 1, 0, 0), ["warning"]);
  assertEquals(beside(0, 1, 0, 0.1), ["note"]);
});

Deno.test("runChecks() believes what it is told of training", () => {
  assertEquals(initScale(tooLarge([0]), { trained: true }), ["note"]);
  assertEquals(initScale(tooLarge([0.1, 0.2]), { trained: false }), ["warning"]);
});

Deno.test("runChecks() fails a trained network by the rules that hold for every one", () => {
  const layer = { activationGradients: flat(0.1, 640), preActivationGradients: flat(0, 640) };
  const rules = runChecks(tooLarge([0.1, 0.2], layer)).filter(({ severity }) =>
    severity === "error"
  );
  assertEquals(rules.map(({ rule }) => rule), ["vanishing-gradients"]);
});

Deno.test("runChecks() warns of dead and saturated units of a trained network, and notes them on random inputs", () => {
  for (const layer of [{ saturatedFraction: 0.9 }, { deadFraction: 0.9, activation: "relu" }]) {
    const found = (bias: number[], random?: boolean, options?: RunChecksOptions) => {
      const { batch, ...rest } = tooLarge(bias, layer);
      return runChecks({ ...rest, batch: { ...batch, random } }, options)
        .find(({ rule }) => rule === "saturated-activations" || rule === "dead-units")!;
    };
    assertEquals(found([0, 0], true).severity, "error");
    assertEquals(found([0.1, 0.2]).severity, "warning");
    const noted = found([0.1, 0.2], true);
    assertEquals(noted.severity, "note");
    assertStringIncludes(noted.message, "the inputs are random numbers");
    assertEquals(found([0.1, 0.2], true, { trained: false }).severity, "error");
    assertEquals(found([0, 0], false, { trained: true }).severity, "warning");
    // No kernel that training made is to be scaled or drawn again.
    for (const { advice } of [found([0.1, 0.2]), noted]) {
      assertEquals(/Multiply|Draw|draw|initialis/.test(advice), false, advice);
    }
  }
});

Deno.test("runChecks() only notes what it finds of the scale where biases are drawn as PyTorch draws them", () => {
  const { layers: [layer], ...rest } = tooLarge([0]);
  const [{ shape }] = layer.weights;
  const limit = 1 / Math.sqrt(shape[0]);
  const found = (scale: number, offset = 0) => {
    const biases = Array.from({ length: 64 }, (_, i) => scale * limit * (i / 31.5 - 1) + offset);
    const values = statisticsOf(biases);
    const bias = makeWeight({ name: "dense/bias", shape: [64], values });
    const measurements = {
      ...rest,
      layers: [{ ...layer, saturatedFraction: 0.9, weights: [layer.weights[0], bias] }],
    };
    const findings = runChecks(measurements);
    const of = (rule: string) => findings.find((finding) => finding.rule === rule)!;
    return [of("init-scale").severity, of("saturated-activations").severity];
  };
  assertEquals(found(1), ["note", "error"]);
  assertEquals(found(1.1), ["note", "warning"]);
  assertEquals(found(0.5), ["note", "warning"]);
  assertEquals(found(0.9, 0.5 * limit), ["note", "warning"]);
});

Deno.test("causeOrder puts first what breaks a pass, then what goes in, the head, the weights and the loss", () => {
  const causes = RULES.filter(({ causeOrder }) => causeOrder !== undefined)
    .toSorted((a, b) => a.causeOrder! - b.causeOrder!);
  assertEquals(causes.map(({ name }) => name), [
    "non-finite",
    "input-normalized",
    "output-head",
    "init-scale",
    "symmetry",
    "bias-init",
    "initial-loss",
  ]);
});

Deno.test("RULES and MODEL_RULES stand in the order of their records", () => {
  const orders = [...RULES, ...MODEL_RULES].map(({ order }) => order);
  assertEquals(orders, [...new Set(orders)].sort((a, b) => a - b));
});
