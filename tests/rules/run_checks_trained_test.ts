import type { LayerMeasurements, Measurements } from "../../src/measure/measurements.ts";
import type { RunRulesOptions } from "../../src/rules/judge_rule.ts";
import { runRules } from "../../src/rules/run_rules.ts";
import { flat, makeMeasurements, makeWeight, statisticsOf } from "../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

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

Deno.test("runRules() only notes what it finds of the scale where biases are drawn as PyTorch draws them", () => {
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
    return [of("init-scale").severity, of("saturated-activations").severity];
  };
  assertEquals(found(1), ["note", "error"]);
  assertEquals(found(1.1), ["note", "warning"]);
  assertEquals(found(0.5), ["note", "warning"]);
  assertEquals(found(0.9, 0.5 * limit), ["note", "warning"]);
});
