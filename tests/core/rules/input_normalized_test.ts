import type {
  InputMeasurements,
  TensorStatistics,
} from "../../../src/core/measure/measurements.ts";
import { inputNormalized } from "../../../src/core/rules/data/input_normalized.ts";
import { flat, makeLayer, statisticsOf, withInput } from "../../networks/measurements.ts";
import { severities } from "./severities.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

const input = (values: TensorStatistics, given?: Partial<InputMeasurements>) =>
  inputNormalized.run(withInput(values, given));

Deno.test("inputNormalized warns on both sides of each of its limits", () => {
  assertEquals(input(statisticsOf([9.9, -9.9, ...Array(60).fill(1), ...Array(60).fill(-1)])), []);
  assertEquals(input(statisticsOf([10.1, ...Array(60).fill(1)]))[0].threshold, "inputMax");
  assertEquals(input(statisticsOf([0.99 + 1, 0.99 - 1])), []);
  assertEquals(input(statisticsOf([1.01 + 1, 1.01 - 1]))[0].threshold, "inputMean");
  assertEquals(input(statisticsOf([-1.01 + 1, -1.01 - 1]))[0].threshold, "inputMean");
  assertEquals(input(flat(0.11, 640)), []);
  assertEquals(input(flat(0.09, 640))[0].threshold, "inputDeviationFactor");
  const spread = (std: number) =>
    inputNormalized.run(withInput(flat(std, 640)), { inputMax: 100 })
      .map(({ threshold }) => threshold);
  assertEquals([spread(10), spread(10.1)], [[], ["inputDeviationFactor"]]);
});

Deno.test("inputNormalized warns, and names the input", () => {
  const [finding] = input(flat(255, 640));
  assertEquals([finding.severity, finding.layer], ["warning", null]);
  assertStringIncludes(finding.message, 'input "pixels" is 255');
});

Deno.test("inputNormalized passes over indices and sparse 0/1 codes", () => {
  assertEquals(input(flat(500, 640), { dtype: "int32" }), []);
  assertEquals(input(flat(500, 640), { lookedUp: true }), []);
  assertEquals(input(statisticsOf([1, ...Array(999).fill(0)])), []);
  assertEquals(input(statisticsOf([0.9, ...Array(999).fill(0)])).length, 1);
});

Deno.test("inputNormalized fails an only input whose mean is 25 times its deviation", () => {
  const offset = (mean: number) => statisticsOf([mean - 1, mean + 1]);
  for (const mean of [24.9, -24.9]) assertEquals(severities(input(offset(mean))), ["warning"]);
  for (const mean of [25.1, -25.1]) {
    const [finding] = input(offset(mean));
    assertEquals([finding.severity, finding.threshold], ["error", "inputOffset"]);
    assertStringIncludes(finding.message, "is 25.1 times its standard deviation");
    assertEquals(Object.keys(finding.figures!), ["mean", "std", "offset"]);
  }
  const measurements = withInput(offset(25.1));
  measurements.batch.perInput.push({ ...measurements.batch.perInput[0], values: flat(1, 640) });
  assertEquals(severities(inputNormalized.run(measurements)), ["warning"]);
});

Deno.test("inputNormalized only warns of an offset that a batch normalisation takes away, up to 100 deviations", () => {
  const severity = (mean: number, regained: number) => {
    const measurements = withInput(statisticsOf([mean - 1, mean + 1]), { spread: mean ** -2 });
    const layers = [makeLayer({ spread: regained }), ...measurements.layers];
    return inputNormalized.run({ ...measurements, layers })
      .map(({ severity, kind }) => `${severity} ${kind}`);
  };
  // A spread of 1e-4 belongs to a mean of 100 deviations.
  assertEquals(severity(99, 0.011), ["warning offset"]);
  assertEquals(severity(101, 0.011), ["error offset"]);
  assertEquals(severity(99, 0.009), ["error offset"]);
});

Deno.test("inputNormalized fails a constant input, but not of a mask of ones beside another", () => {
  const ones = statisticsOf(Array(640).fill(1));
  for (const values of [ones, statisticsOf(Array(640).fill(0))]) {
    const [finding, ...others] = input(values);
    assertEquals([finding.severity, finding.measured, others], ["error", 0, []]);
    assertStringIncludes(finding.fix, `every entry is ${values.mean}`);
    assertEquals(Object.keys(finding.figures!), ["mean", "std"]);
  }
  const measurements = withInput(ones);
  measurements.batch.perInput.push({ ...measurements.batch.perInput[0], values: flat(1, 640) });
  assertEquals(inputNormalized.run(measurements), []);
});

Deno.test("inputNormalized judges what the front of the model makes of an input, not the input", () => {
  const withFront = (raw: TensorStatistics, made: TensorStatistics) => {
    const measurements = withInput(raw, { scaledBy: ["rescaling"] });
    const front = makeLayer({ name: "rescaling", className: "Rescaling", activations: made });
    return inputNormalized.run({ ...measurements, layers: [front, ...measurements.layers] });
  };
  assertEquals(withFront(flat(255, 640), flat(1, 640)), []);
  const [finding] = withFront(flat(1, 640), flat(255, 640));
  assertStringIncludes(finding.message, 'the output of rescaling for the input "pixels" is 255');
  assertStringIncludes(finding.fix, "Check the scale of rescaling");
  assertEquals(withFront(flat(1, 640), flat(1 / 255, 640))[0].threshold, "inputDeviationFactor");
  // A row that is not there, as in a report that was cut, leaves the input itself.
  assertEquals(input(flat(255, 640), { scaledBy: ["gone"] }).length, 1);
});

Deno.test("inputNormalized takes rows of norm 1 for normalised, unless they are constant or have a mean", () => {
  const unitRows = true;
  assertEquals(input(flat(0.044, 640), { unitRows }), []);
  assertEquals(input(flat(0.044, 640)).length, 1);
  assertEquals(input(statisticsOf(Array(640).fill(0.044)), { unitRows }).length, 1);
});
