import { assertEquals } from "@std/assert";
import {
  type Cause,
  countCauses,
  type Diagnosis,
  diagnosisOverview,
  isFailing,
  verdictOn,
  verdictWords,
} from "../../../src/core/diagnosis/diagnosis.ts";
import { makeMeasurements } from "../../networks/measurements.ts";

const cause = (severity: Cause["severity"], ...fixes: string[]): Cause => ({
  kind: "bias",
  severity,
  layers: [],
  message: "Wrong.",
  consequences: [],
  findings: [],
  fixes: fixes.map((what) => ({ kind: "rebuild", what })),
});

Deno.test("verdictWords() counts causes and warnings, and says what was judged and what was not", () => {
  const error = cause("error");
  const warning = cause("warning");
  const words = (verdict: Diagnosis["verdict"], causes: Cause[], more: Partial<Diagnosis> = {}) =>
    verdictWords({ verdict, causes, ...more });
  assertEquals(words("healthy", []), "HEALTHY");
  assertEquals(words("sick", [error]), "SICK: 1 cause");
  assertEquals(words("sick", [error, error, warning]), "SICK: 2 causes, 1 warning");
  assertEquals(words("weak", [warning, warning]), "WEAK: 2 warnings");
  const weightsOnly = { rules: 6, of: 22 };
  assertEquals(words("unjudged", [], { weightsOnly }), "No finding (weights only, 6 of 22 rules)");
  const notJudged: Diagnosis["notJudged"] = ["loss", "optimizer"];
  assertEquals(
    words("unjudged", [], { notJudged, trial: { verdict: "skipped", said: "" } }),
    "No finding (loss not judged, optimizer not judged, trial skipped)",
  );
  assertEquals(
    words("unjudged", [], { notJudged: ["loss"] }),
    "No finding (loss not judged, no trial)",
  );
  assertEquals(words("healthy", [], { notJudged: ["loss"] }), "HEALTHY: loss not judged");
  assertEquals(
    words("weak", [warning], { weightsOnly, notJudged }),
    "WEAK: 1 warning, weights only, 6 of 22 rules, loss not judged, optimizer not judged",
  );
  assertEquals(
    verdictWords({ verdict: "sick", causes: [error] }, " in 2 of 5 seeds"),
    "SICK in 2 of 5 seeds: 1 cause",
  );
  assertEquals(countCauses([error, warning, warning, cause("note")]), { errors: 1, warnings: 2 });
});

Deno.test("verdictOn() calls nothing healthy that was hardly judged", () => {
  const weightsOnly = { rules: 6, of: 22 };
  const trial = (verdict: string) => ({
    notJudged: ["loss" as const],
    trial: { verdict, said: "" },
  });
  const fine = [{ severity: "note" as const, kind: "bias" }];
  assertEquals(verdictOn(fine), "healthy");
  assertEquals(verdictOn(fine, { weightsOnly }), "unjudged");
  assertEquals(verdictOn([cause("warning")], { weightsOnly }), "weak");
  assertEquals(verdictOn([cause("error")], { weightsOnly }), "sick");
  assertEquals(verdictOn(fine, { notJudged: ["optimizer"] }), "healthy");
  assertEquals(verdictOn(fine, { notJudged: ["loss"] }), "unjudged");
  for (const verdict of ["skipped", "undecided"]) {
    assertEquals(verdictOn(fine, trial(verdict)), "unjudged");
    assertEquals(verdictOn(fine, { ...trial(verdict), notJudged: [] }), "healthy");
  }
  assertEquals(verdictOn(fine, trial("learns")), "healthy");
  assertEquals([isFailing("unjudged"), isFailing("sick")], [false, true]);
});

Deno.test("diagnosisOverview() has a row for each cause, and one for its first fix", () => {
  const measurements = makeMeasurements();
  const overview = (...causes: Cause[]) =>
    diagnosisOverview({
      measurements,
      findings: [],
      diagnosis: { verdict: "sick", causes, notes: [] },
    });
  const { title, rows } = overview(cause("error", "Do this.", "Or that."), cause("warning"));
  assertEquals(title, "SICK: 1 cause, 1 warning");
  assertEquals(rows, [
    ["error", "bias", "Wrong."],
    ["", "", "Fix: Do this."],
    ["warning", "bias", "Wrong."],
  ]);
});
