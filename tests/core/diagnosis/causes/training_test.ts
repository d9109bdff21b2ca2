import { assertEquals, assertMatch } from "@std/assert";
import {
  baseline,
  frozen,
  learningRate,
  regularization,
} from "../../../../src/core/diagnosis/causes/training.ts";
import { diagnose } from "../../../../src/core/diagnosis/diagnose.ts";
import type { Measurements } from "../../../../src/core/measure/measurements.ts";
import { makeMeasurements, makeWeight } from "../../../networks/measurements.ts";
import { finding } from "../../../networks/sample.ts";
import { patientOf } from "./patient_of.ts";

const ANY = finding("dense_1", { rule: "vanishing-gradients" });

/** A figure of the first layer that was 1, and is 2. */
function moved(unit: string, over: object = {}) {
  const figures = { now: { value: 2, unit }, stored: { value: 1, unit } };
  return finding("dense_1", { rule: "baseline", kind: "figure", figures, ...over });
}

Deno.test("baseline() names the subjects of all figures that moved, and explains nothing else", () => {
  const said = (...findings: Parameters<typeof patientOf>[1] & object) =>
    baseline(patientOf(makeMeasurements(), findings)).map(({ message }) => message);
  const subjects = {
    "rms(kernel)": "the kernel of dense_1 is",
    "rms(bias)": "the biases of dense_1 are",
    "rms(delta)": "the deltas of dense_1 are",
    "rms(gradient of kernel)": "the gradients of dense_1 are",
    "std(a)": "the activations of dense_1 are",
  };
  for (const [unit, words] of Object.entries(subjects)) {
    const [message] = said(moved(unit));
    assertMatch(
      message,
      new RegExp(`^Against the baseline, .* of dense_1 (is|are) 2 times larger`),
    );
    assertEquals(message.includes(words.split(" ")[1]), true, message);
  }
  assertMatch(
    said(moved("dead share", { kind: "share" }))[0],
    /the dead share of dense_1 is 200 %/,
  );
  for (const over of [{ kind: "layers" }, { figures: undefined }, { severity: "note" }]) {
    assertEquals(said(moved("rms(kernel)", over)), []);
  }
  for (const gone of ["now", "stored"]) {
    const figures = {
      now: { value: 2, unit: "" },
      stored: { value: 1, unit: "" },
      [gone]: undefined,
    };
    assertEquals(said(moved("", { figures })), []);
  }
  const [{ explains }] = baseline(patientOf(makeMeasurements(), [moved("rms(kernel)")]));
  assertEquals(explains(ANY), false);
});

Deno.test("learningRate() names a rate that a trial warns of, before other warnings of a pass", () => {
  const trial = (over: object) =>
    finding(null, { rule: "trial", kind: "learning-rate", severity: "warning", ...over });
  const kinds = (over: object) =>
    learningRate(patientOf(makeMeasurements(), [trial(over)])).map(({ kind }) => kind);
  assertEquals(kinds({}), ["learning-rate"]);
  // The cause of an error is found by training.
  assertEquals(kinds({ severity: "error" }), []);
  assertEquals(kinds({ kind: "no-progress" }), []);
  const other = finding("dense_1", { rule: "activation-scale", severity: "warning" });
  const { causes } = diagnose(makeMeasurements(), [other, trial({})]);
  assertEquals(causes.map(({ kind }) => kind), ["learning-rate", "activation-scale"]);
  const alike = finding("dense_1", { rule: "symmetry", severity: "warning" });
  assertEquals(learningRate(patientOf(makeMeasurements(), [alike, trial({})])), []);
});

Deno.test("regularization() lowers dropout to 0.2 where it is higher, but not in recurrent layers", () => {
  const found = finding("dense_1", { rule: "regularization", kind: "dropout" });
  const fixesOf = (...rates: (number | undefined)[]) => {
    const layers = rates.map((dropout, i) => ({
      name: `drop_${i}`,
      kind: i === 2 ? "recurrent" as const : "passesOn" as const,
      dropout,
    }));
    const [{ kind, fixes, explains }] = regularization(
      patientOf(makeMeasurements(layers), [found]),
    );
    assertEquals([kind, explains(ANY)], ["dropout", false]);
    return fixes;
  };
  assertEquals(fixesOf(0.21, 0.9, 0.9), [
    { kind: "dropout", layers: ["drop_0", "drop_1"], rate: 0.2 },
  ]);
  assertEquals(fixesOf(0.3), [{ kind: "dropout", layers: ["drop_0"], rate: 0.2 }]);
  assertEquals(fixesOf(0.2, undefined, 0.9), [{ kind: "rebuild", what: found.fix }]);
});

Deno.test("regularization() weakens penalties by what their figure asks for", () => {
  const weaker = (kind: string, measured: number) => {
    const found = finding("dense_1", { rule: "regularization", kind, measured });
    const [suspect] = regularization(patientOf(makeMeasurements(), [found]));
    assertEquals([suspect.kind, suspect.explains(ANY)], ["penalties", false]);
    const [fix] = suspect.fixes;
    return fix.kind === "penalties" ? [fix.by, ...fix.layers] : fix;
  };
  const [strong] = weaker("penalties", 1000) as number[];
  const [flat] = weaker("flattening", 1000) as number[];
  assertEquals(weaker("penalties", 1000), [strong, "dense_1"]);
  assertEquals([strong >= 1000, flat > 0, strong === flat], [true, true, false]);
});

Deno.test("learningRate() advises another rate to a compiled optimizer", () => {
  const advised = { value: 1e-3, unit: "" };
  const find = (optimizer: Measurements["optimizer"], figures: object = { advised }) =>
    learningRate(patientOf(makeMeasurements([{}], { optimizer }), [
      finding(null, { rule: "learning-rate", figures } as object),
    ]));
  const adam = { name: "Adam", learningRate: 50, settings: {} };
  const [{ fixes, explains }] = find(adam);
  assertEquals(fixes, [{ kind: "learning-rate", from: 50, to: 1e-3 }]);
  assertEquals(explains(ANY), false);
  assertEquals(find(adam, {}), []);
  assertEquals(find({ ...adam, learningRate: null }), []);
  assertEquals(find(undefined), []);
});

Deno.test("frozen() names a model without a trainable weight, and what the rule says of it as a whole", () => {
  const layers = [true, false].map((trainable, i) => ({
    name: `d${i}`,
    weights: [makeWeight({ name: `d${i}/kernel`, trainable })],
  }));
  const found = [null, "d1"].map((layer) =>
    finding(layer, { rule: "gradients-flow", kind: "frozen" })
  );
  const find = (...names: string[]) =>
    frozen(patientOf(
      makeMeasurements([], {
        layers: makeMeasurements([...layers, { name: "none", weights: [] }]).layers
          .filter(({ name }) => names.includes(name)),
      }),
      found,
    ));
  assertEquals(find("d0", "d1"), []);
  assertEquals(find("none"), []);
  const [{ message, states, fixes, explains }, ...others] = find("d1", "none");
  assertMatch(message, /\(1 weight\), so training changes nothing/);
  assertEquals([states, others], [found.slice(0, 1), []]);
  assertEquals(fixes, [{ kind: "unfreeze", layers: ["d1"] }]);
  assertEquals(explains(ANY), false);
});

Deno.test("frozen() names layers that were frozen at their random start", () => {
  const of = (kind: string) =>
    frozen(patientOf(makeMeasurements(), [finding("dense_2", { rule: "gradients-flow", kind })]));
  const [{ layers, fixes, explains }] = of("frozen-untrained");
  assertEquals(layers, ["dense_2"]);
  assertEquals(fixes[1], { kind: "unfreeze", layers: ["dense_2"] });
  assertEquals(explains(ANY), false);
  assertEquals(of("zero"), []);
});
