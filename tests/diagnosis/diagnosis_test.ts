import { assertEquals } from "@std/assert";
import {
  type Cause,
  countCauses,
  type Diagnosis,
  diagnosisOverview,
  verdictWords,
} from "../../src/diagnosis/diagnosis.ts";
import { makeMeasurements } from "../networks/measurements.ts";

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
  assertEquals(words("healthy", [], { weightsOnly }), "HEALTHY: weights only, 6 of 22 rules");
  assertEquals(
    words("weak", [warning], { weightsOnly, notJudged: ["loss", "optimizer"] }),
    "WEAK: 1 warning, weights only, 6 of 22 rules, loss not judged, optimizer not judged",
  );
  assertEquals(
    verdictWords({ verdict: "sick", causes: [error] }, " in 2 of 5 seeds"),
    "SICK in 2 of 5 seeds: 1 cause",
  );
  assertEquals(countCauses([error, warning, warning, cause("note")]), { errors: 1, warnings: 2 });
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
