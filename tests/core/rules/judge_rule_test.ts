import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import { judgeRule, runRules, type RunRulesOptions } from "../../../src/core/rules/judge_rule.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import {
  flat,
  makeHead,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../networks/measurements.ts";
import { serious } from "./serious.ts";

const saturated = () => makeMeasurements([{ saturatedFraction: 0.9 }, { saturatedFraction: 0.9 }]);

Deno.test("runRules() finds nothing in a healthy chain", () => {
  assertEquals(serious(makeMeasurements()), []);
});

Deno.test("runRules() returns the findings in the order of the rules", () => {
  const findings = runRules(goldenMeasurements("relu_dead_layer"));
  const order = RULES.map(({ name }) => name);
  const places = findings.map(({ rule }) => order.indexOf(rule));
  assertEquals(places, places.toSorted((a, b) => a - b));
  assertEquals(new Set(places).size > 1, true);
});

Deno.test("runRules() finds no error in the healthy golden cases", () => {
  for (const name of ["relu_he", "seed_tanh_critical", "seed_tanh_critical_mse"]) {
    const errors = runRules(goldenMeasurements(name)).filter((one) => one.severity === "error");
    assertEquals(errors, [], name);
  }
});

Deno.test("runRules() hands the thresholds on", () => {
  assertEquals(serious(saturated(), { saturatedFraction: 1, saturatedFractionWarning: 1 }), []);
});

Deno.test("runRules() turns findings of ignored layers into notes with the reason", () => {
  const judge = (options: RuleOptions) =>
    runRules(saturated(), options).filter(({ layer }) => layer !== null);
  const findings = judge({ ignore: [{ layer: "dense_1", reason: "It is a gate." }] });
  assertEquals(findings.map(({ severity }) => severity), ["note", "error"]);
  assertStringIncludes(findings[0].message, "Ignored: It is a gate.");
  const all = judge({ ignore: [{ layer: /^dense/, reason: "Known." }] });
  assertEquals(all.map(({ severity }) => severity), ["note", "note"]);
});

Deno.test("runRules() judges only the selected layers, by name or by pattern", () => {
  const layers = (filter: RuleOptions["layers"]) =>
    runRules(saturated(), { layers: filter })
      .filter(({ severity }) => severity === "error").map(({ layer }) => layer);
  assertEquals(layers(["dense_2"]), ["dense_2"]);
  assertEquals(layers(/_2$/g), ["dense_2"]);
  assertEquals(layers(/dense/g), ["dense_1", "dense_2"]);
});

Deno.test("runRules() throws a TypeError when an argument is not what it must be", () => {
  const fine = makeMeasurements();
  const wrong: [unknown, unknown, string][] = [
    [Promise.resolve(fine), {}, "write `await measure(model, batch)`"],
    [null, {}, "measurements is null"],
    [[], {}, "measurements is an array"],
    ["{}", {}, "measurements is a string"],
    [{ ...fine, model: undefined }, {}, "measurements is an object without a model"],
    [{ ...fine, layers: null }, {}, "measurements is an object without layers"],
    [{ ...fine, batch: undefined }, {}, "measurements is an object without a batch"],
    [{ ...fine, objective: undefined }, {}, "is an object without an objective"],
    [{ ...fine, layers: [null] }, {}, "is an object whose layers[0] is not a layer"],
    [{ ...fine, layers: [...fine.layers, {}] }, {}, "whose layers[4] is not a layer"],
    [{ ...fine, layers: [{ ...fine.layers[0], weights: [null] }] }, {}, "layers[0] is not a layer"],
    [{ ...fine, version: 2 }, {}, "of version 2"],
    [fine, [], "expected an object"],
    [fine, null, "expected an object"],
    [fine, { trained: "no" }, 'options.trained is "no", expected true or false'],
    [fine, { deadFracton: 0.1 }, 'unknown key "deadFracton"; did you mean "deadFraction"?'],
    [fine, { deadFraction: "0.1" }, 'deadFraction is "0.1", expected a number'],
    [fine, { deadFraction: null }, "deadFraction is null, expected a number"],
    [fine, { deadFraction: Object.create(null) }, "deadFraction is an object"],
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
      () => runRules(measurements as Measurements, options as RuleOptions),
      TypeError,
      message,
    );
  }
});

Deno.test("runRules() throws an InputError when a number or a layer is out of range", () => {
  const wrong: [RuleOptions, string][] = [
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
    assertThrows(() => runRules(makeMeasurements(), options), InputError, message);
  }
});

Deno.test("runRules() judges by a pattern whatever it matched before", () => {
  for (const flags of ["g", "y", "gy"]) {
    const pattern = new RegExp("dense_[12]", flags);
    pattern.lastIndex = 3;
    const findings = runRules(saturated(), {
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

Deno.test("runRules() lays NaN everywhere to the place where it begins", () => {
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

Deno.test("runRules() serialises to JSON and back", () => {
  const findings = runRules(makeMeasurements([{ preActivationGradients: flat(1e-9, 640) }, {}]));
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
const initScale = (measurements: Measurements, options?: RunRulesOptions) =>
  runRules(measurements, options)
    .filter(({ rule }) => rule === "init-scale").map(({ severity }) => severity);

Deno.test("runRules() only notes what rules for untrained networks find in a trained one", () => {
  assertEquals(initScale(tooLarge([0, 0])), ["warning"]);
  assertEquals(initScale(tooLarge([0.1, 0.1, 0.1])), ["warning"]);
  assertEquals(initScale(tooLarge([0.1, 0.2])), ["note"]);
  assertEquals(initScale(tooLarge([0.1, 0.2], {}, "norm/beta")), ["note"]);
});

Deno.test("runRules() does not take a prior in the head or a forget gate for training", () => {
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

Deno.test("runRules() believes what it is told of training", () => {
  assertEquals(initScale(tooLarge([0]), { trained: true }), ["note"]);
  assertEquals(initScale(tooLarge([0.1, 0.2]), { trained: false }), ["warning"]);
});

Deno.test("runRules() fails a trained network by the rules that hold for every one", () => {
  const layer = { activationGradients: flat(0.1, 640), preActivationGradients: flat(0, 640) };
  const rules = runRules(tooLarge([0.1, 0.2], layer)).filter(({ severity }) =>
    severity === "error"
  );
  assertEquals(rules.map(({ rule }) => rule), ["vanishing-gradients"]);
});

Deno.test("runRules() warns of dead and saturated units of a trained network, and notes them on random inputs", () => {
  for (const layer of [{ saturatedFraction: 0.9 }, { deadFraction: 0.9, activation: "relu" }]) {
    const found = (bias: number[], random?: boolean, options?: RunRulesOptions) => {
      const { batch, ...rest } = tooLarge(bias, layer);
      return runRules({ ...rest, batch: { ...batch, random } }, options)
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
    for (const { fix } of [found([0.1, 0.2]), noted]) {
      assertEquals(/Multiply|Draw|draw|initialis/.test(fix), false, fix);
    }
  }
});

Deno.test("runRules() judges the scale of kernels beside biases drawn as PyTorch draws them, and only notes others", () => {
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
    const findings = runRules(measurements);
    const of = (rule: string) => findings.find((finding) => finding.rule === rule)!;
    const { anyBiases: _, ...other } = RULES.find(({ name }) => name === "init-scale")!;
    const [noted] = judgeRule(other, measurements);
    return [of("init-scale").severity, noted.severity, of("saturated-activations").severity];
  };
  assertEquals(found(1), ["error", "note", "error"]);
  assertEquals(found(1.1), ["note", "note", "warning"]);
  assertEquals(found(0.5), ["note", "note", "warning"]);
  assertEquals(found(0.9, 0.5 * limit), ["note", "note", "warning"]);
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
  Deno.test(`runRules() finds nothing wrong in measurements of ${what}, and every figure draws`, () => {
    const measurements = measure();
    assertEquals(serious(measurements), []);
    for (const { figure } of RULES) measurements.layers.map(figure.of);
  });
}
