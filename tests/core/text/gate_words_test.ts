import { assertEquals } from "@std/assert";
import {
  gateSentences,
  locateCause,
  modelLines,
  modelVerdicts,
  withSeeds,
} from "../../../src/core/text/gate_words.ts";
import { finding } from "../../networks/sample.ts";
import { sampleCause, sampleWarning, sickRun } from "./sample_causes.ts";
import { gateResult, gateRun } from "../../gate/text/sample_gate.ts";

const unmeasured = gateRun([], { model: "gone", measurements: null, error: "gone" });

Deno.test("modelVerdicts() merges the causes of all seeds, a kind in the same or some of the layers", () => {
  const some = (layers: string[]) =>
    sickRun({
      seed: 2,
      diagnosis: { verdict: "sick", causes: [sampleCause([], { layers })], notes: [] },
    });
  const of = (layers: string[]) =>
    modelVerdicts([gateRun([], { seed: 0 }), sickRun({ seed: 1 }), some(layers)])[0];
  for (const layers of [["dense_1", "dense_2"], ["dense_2"]]) {
    const { verdict, failingSeeds, causes, shown } = of(layers);
    assertEquals([verdict, failingSeeds, shown?.seed], ["sick", [1, 2], 1]);
    assertEquals(causes.map(({ kind, seeds }) => [kind, seeds]), [["kernel-scale", [1, 2]]]);
  }
  assertEquals(of(["dense_3"]).causes.map(({ seeds }) => seeds), [[1], [2]]);
});

Deno.test("modelVerdicts() keeps two causes of one run apart, and the gravest form of each", () => {
  const twice = sickRun({}, [sampleCause([finding("dense_1")])]);
  assertEquals(modelVerdicts([twice])[0].causes.length, 2);
  const mild = { ...sampleWarning(), message: "mild" };
  const grave = { ...sampleWarning(), severity: "error" as const, message: "grave" };
  const run = (seed: number, ...causes: typeof mild[]) =>
    gateRun([], { seed, diagnosis: { verdict: "healthy", causes, notes: [] } });
  const [{ causes }] = modelVerdicts([run(0, mild), run(1, grave)]);
  assertEquals(causes.map(({ message, seeds }) => [message, seeds]), [["grave", [0, 1]]]);
});

Deno.test("modelVerdicts() keeps the first of causes that are equally grave", () => {
  const run = (seed: number, message: string) =>
    gateRun([], {
      seed,
      diagnosis: { verdict: "weak", causes: [{ ...sampleWarning(), message }], notes: [] },
    });
  const [{ causes }] = modelVerdicts([run(0, "first"), run(1, "second")]);
  assertEquals(causes.map(({ message, seeds }) => [message, seeds]), [["first", [0, 1]]]);
});

Deno.test("withSeeds() lists up to twelve seeds, unless they are all", () => {
  const [model] = modelVerdicts([sickRun()]);
  const found = (count: number, of: number) => {
    const seeds = Array.from({ length: count }, (_, i) => i);
    const measured = Array.from({ length: of }, () => model.measured[0]);
    const { message } = withSeeds({ ...model.causes[0], message: "Bad.", seeds }, { measured });
    return message;
  };
  assertEquals(
    found(12, 20),
    "Bad. Found in 12 of 20 seeds: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11.",
  );
  assertEquals(
    found(13, 20),
    "Bad. Found in 13 of 20 seeds: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 ....",
  );
  assertEquals([found(20, 20), found(1, 1)], ["Bad.", "Bad."]);
});

Deno.test("modelVerdicts() has no verdict of what was not measured, and diagnoses what nobody has", () => {
  assertEquals(modelVerdicts([unmeasured])[0].verdict, null);
  const [{ verdict, causes }] = modelVerdicts([gateRun([finding("dense_1")])]);
  assertEquals([verdict, causes.length], ["sick", 1]);
});

Deno.test("gateSentences() counts models and causes, not findings", () => {
  const say = (runs: Parameters<typeof gateResult>[0], given = {}) =>
    gateSentences(gateResult(runs, given), modelVerdicts(runs)).join(" ");
  const fine = gateRun([], { model: "fine" });
  const ill = [sickRun({ seed: 0 }), sickRun({ seed: 1 }, [sampleWarning()])];
  assertEquals(say([fine]), "Gate passed. The model is healthy.");
  assertEquals(say([fine, gateRun([])]), "Gate passed. Both models are healthy.");
  assertEquals(say(ill), "Gate failed. The model is sick: 1 cause, 1 warning.");
  assertEquals(say([...ill, fine]), "Gate failed. 1 of 2 models is sick.");
  assertEquals(
    say([fine, unmeasured]),
    "Gate failed. 1 of 2 models is healthy. 1 run could not be measured.",
  );
  assertEquals(say([unmeasured]), "Gate failed. 1 run could not be measured.");
  assertEquals(say([]), "Gate passed. No model was measured.");
});

/** A run whose only error is a move against the baseline. */
const moved = (given: Parameters<typeof sickRun>[0] = {}) => {
  const causes = [sampleCause([finding("dense_1", { rule: "baseline" })], { kind: "baseline" })];
  return gateRun([finding("dense_1", { rule: "baseline" })], {
    diagnosis: { verdict: "changed", causes, notes: [] },
    ...given,
  });
};

Deno.test("modelVerdicts() calls a model changed that is sick under no seed", () => {
  const [{ verdict, failingSeeds }] = modelVerdicts([gateRun([]), moved({ seed: 1 })]);
  assertEquals([verdict, failingSeeds], ["changed", [1]]);
  const both = modelVerdicts([moved({ seed: 1 }), sickRun({ seed: 2 })])[0];
  assertEquals([both.verdict, both.failingSeeds], ["sick", [2]]);
});

Deno.test("gateSentences() tells models that have changed from sick ones", () => {
  const say = (runs: Parameters<typeof gateResult>[0]) =>
    gateSentences(gateResult(runs), modelVerdicts(runs)).join(" ");
  assertEquals(say([moved()]), "Gate failed. The model has changed: 1 cause.");
  const others = [sickRun({ model: "ill" }), gateRun([], { model: "fine" })];
  assertEquals(
    say([moved(), ...others]),
    "Gate failed. 1 of 3 models is sick and 1 has changed.",
  );
  const weak = gateRun([], {
    model: "weak",
    diagnosis: { verdict: "weak", causes: [sampleWarning()], notes: [] },
  });
  assertEquals(
    say([moved(), ...others, weak]),
    "Gate failed. 1 of 4 models is sick and 1 has changed; 1 is weak, which does not fail the gate.",
  );
  assertEquals(say([weak, gateRun([])]), "Gate passed. 1 of 2 models is weak.");
  const runs = [weak, gateRun([])];
  const strict = gateResult(runs, { passed: false, maxWarnings: -1 });
  assertEquals(
    gateSentences(strict, modelVerdicts(runs))[1],
    "1 of 2 models is weak.",
  );
});

Deno.test("modelLines() has a line for each of several models, and none for one", () => {
  const warned = gateRun([], {
    model: "warned",
    diagnosis: { verdict: "weak", causes: [sampleWarning()], notes: [] },
  });
  const runs = [
    sickRun(),
    moved({ model: "net" }),
    warned,
    gateRun([], { model: "a" }),
    unmeasured,
  ];
  const lines = modelLines(modelVerdicts(runs), (model) => model);
  assertEquals(lines.map(({ text }) => text), [
    "x  digits  SICK: 1 cause",
    "x  net     CHANGED: 1 cause",
    "!  warned  WEAK: 1 warning",
    "ok a       HEALTHY",
    "x  gone    not measured",
  ]);
  assertEquals(lines.map(({ style }) => style), [
    "error",
    "changed",
    "warning",
    "healthy",
    "error",
  ]);
  assertEquals(modelLines(modelVerdicts([sickRun()]), (model) => model), []);
});

Deno.test("gateSentences() says what else decides", () => {
  const warned = sampleWarning();
  const run = gateRun(warned.findings, {
    diagnosis: { verdict: "weak", causes: [warned], notes: [] },
  });
  const own = [
    finding(null, { rule: "unused-suppression" }),
    finding(null, { rule: "expired-suppression", severity: "warning" }),
  ];
  const result = gateResult([run], { findings: own, maxWarnings: 1, passed: false });
  result.summary.skipped = 2;
  result.summary.suppressed = 1;
  assertEquals(
    gateSentences(result, modelVerdicts([run])).slice(1),
    [
      "The model is weak: 1 warning.",
      "The configuration has 1 error and 1 warning.",
      "2 findings are warnings, more than maxWarnings (1).",
      "2 runs were skipped.",
      "1 finding is suppressed.",
    ],
  );
});

Deno.test("locateCause() takes the first layer that has a line of its own, else the model's", () => {
  const lines: Record<string, number | null> = { a: 2, b: 7, c: null };
  const locate = (file: string, layer: string | null) => ({
    file,
    line: layer === null ? 2 : lines[layer],
  });
  assertEquals(locateCause(locate, "net.ts", ["c", "a", "b"]).line, 7);
  assertEquals(locateCause(locate, "net.ts", ["c", "a"]).line, 2);
  assertEquals(locateCause(locate, "net.ts", []).line, 2);
});
