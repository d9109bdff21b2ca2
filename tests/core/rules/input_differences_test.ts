import type { InputMeasurements } from "../../../src/core/measure/measurements.ts";
import { inputNormalized } from "../../../src/core/rules/data/input_normalized.ts";
import { featureFactor } from "../../../src/core/rules/statistics.ts";
import { flat, makeMeasurements, withInput } from "../../networks/measurements.ts";
import { testThreshold } from "./test_threshold.ts";
import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";

/** An input of deviation 1 with these figures of its examples and features. */
const input = (given: Partial<InputMeasurements>) => withInput(flat(1, 640), given);

/** Twenty features, of which one varies this many times as much as the others. */
function uneven(factor: number, constant = 0): Partial<InputMeasurements> {
  const others = 19 - constant;
  const square = (factor ** 2 + others) / 20;
  const size = 1 / Math.sqrt(square);
  return {
    spread: 1,
    features: {
      count: 20,
      constant,
      largestOffset: 0,
      largestStd: factor * size,
      smallestStd: size,
    },
  };
}

testThreshold("inputSpread", {
  judge: (spread, options) => inputNormalized.run(input({ spread }), options),
  inside: [1e-4, 1],
  outside: [9.9e-5, 0],
  severity: "error",
  loose: 0,
});

testThreshold("inputFeatureFactor", {
  judge: (factor, options) => inputNormalized.run(input(uneven(factor)), options),
  inside: [1, 99.9],
  outside: [100.1, 1e5],
  severity: "warning",
});

Deno.test("inputNormalized says that all examples are the same, and how much differs where little does", () => {
  const [same] = inputNormalized.run(input({ spread: 0 }));
  assertEquals([same.severity, same.kind, same.measured], ["error", "alike", 0]);
  assertStringIncludes(same.message, 'All 32 examples of the input "pixels" are identical;');
  const [alike] = inputNormalized.run(input({ spread: 2e-5 }));
  assertStringIncludes(alike.message, "are nearly identical: 2e-5 of their second moment differs");
  assertStringIncludes(alike.fix, "subtract the mean of each feature");
});

Deno.test("inputNormalized only warns of alike examples that a later layer tells apart", () => {
  const after = (own: number, spread: number) => {
    const measurements = makeMeasurements([{ spread: own }, { spread }]);
    const [given] = input({ spread: own }).batch.perInput;
    const batch = { ...measurements.batch, perInput: [given] };
    return inputNormalized.run({ ...measurements, batch }).map(({ severity }) => severity);
  };
  assertEquals(after(1e-5, 0.0099), ["error"]);
  assertEquals(after(1e-5, 0.0101), ["warning"]);
  // No layer can tell equal examples apart.
  assertEquals(after(0, 0.5), ["error"]);
});

Deno.test("inputNormalized lets one input of several be alike in all examples", () => {
  const { batch, ...rest } = input({ spread: 0 });
  const [one] = batch.perInput;
  const perInput = [one, { ...one, name: "other", spread: 1 }];
  assertEquals(inputNormalized.run({ ...rest, batch: { ...batch, perInput } }), []);
});

Deno.test("inputNormalized judges what the front of the model makes of examples that are alike", () => {
  const norm = (spread: number) => {
    const measurements = makeMeasurements([{
      name: "norm",
      className: "BatchNormalization",
      activations: flat(1, 640),
      spread,
    }]);
    const [given] = input({ spread: 1e-6, scaledBy: ["norm"] }).batch.perInput;
    const batch = { ...measurements.batch, perInput: [given] };
    return inputNormalized.run({ ...measurements, batch }).map(({ kind }) => kind);
  };
  assertEquals(norm(1), []);
  assertEquals(norm(1e-6), ["alike"]);
});

Deno.test("inputNormalized says nothing of constant features, nor of one that is small", () => {
  assertEquals(inputNormalized.run(input(uneven(1, 18))), []);
  assertEquals(inputNormalized.run(input(uneven(1000, 19))), []);
  const small = uneven(1).features!;
  const features = { ...small, smallestStd: 1e-6 };
  assertEquals(inputNormalized.run(input({ spread: 1, features })), []);
});

Deno.test("featureFactor() takes the rest of all variance, apart from what is common to examples of a table", () => {
  const features = {
    count: 20,
    constant: 3,
    largestOffset: 0,
    largestStd: 3,
    smallestStd: 0,
  };
  const of = (shape: number[]) =>
    featureFactor({ shape, features, spread: 0.6, values: flat(2, 640) });
  // Twenty features of the mean square 4, of which 60 % differ; sixteen others vary.
  assertAlmostEquals(of([32, 20])!, 3 / Math.sqrt((0.6 * 80 - 9) / 16), 1e-12);
  assertAlmostEquals(of([32, 5, 20])!, 3 / Math.sqrt((80 - 9) / 16), 1e-12);
});

Deno.test("featureFactor() has an end where the others vary by no more than rounding, at any scale", () => {
  for (const size of [1e-3, 1, 100]) {
    const factor = featureFactor({
      shape: [32, 2],
      features: { count: 2, constant: 0, largestOffset: 0, largestStd: size, smallestStd: 0 },
      spread: 1,
      values: flat(size / Math.SQRT2, 64),
    })!;
    assertAlmostEquals(factor * Math.sqrt(1e-15), 1, 1e-6);
  }
});

Deno.test("featureFactor() is the largest deviation over the rms of the others", () => {
  const factorOf = (given: Partial<InputMeasurements>) => {
    const factor = featureFactor(input(given).batch.perInput[0]);
    return factor === null ? null : Number(factor.toPrecision(6));
  };
  assertEquals([1, 100, 1e4].map((factor) => factorOf(uneven(factor))), [1, 100, 1e4]);
  assertEquals(factorOf({ ...uneven(100, 10) }), 100);
  assertEquals(factorOf({ ...uneven(100, 18) }), 100);
  // One feature has no others; without figures nothing is known.
  assertEquals(factorOf({ ...uneven(1, 19) }), null);
  assertEquals(factorOf({ spread: 1 }), null);
  assertEquals(factorOf({ ...uneven(5), spread: null }), null);
  // A common picture has a spread of 0 and channels that vary from place to place.
  assertEquals(factorOf({ ...uneven(1), spread: 0, shape: [32, 5, 20] }), 1);
});
