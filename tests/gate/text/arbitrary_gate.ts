import fc from "fast-check";
import type { GateResult, GateRun } from "../../../src/core/diagnosis/gate_result.ts";
import type { GateFinding } from "../../../src/core/rules/finding.ts";
import { anyFindings, anyMeasurements } from "../../core/text/arbitrary.ts";

/** Names that try to break out of one of the formats. */
const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    "dense_1",
    "::error::owned",
    "a\n::set-output name=x::y",
    "##[add-mask]x",
    "a%0A::error::b",
    "]]></failure><script>alert(1)</script>",
    '"><testcase name="x"/>',
    "\u0000\u001b]8;;http://x\u0007",
    "`code` ``` ````\n```\n# heading",
    "| a | b |\n|---|---|",
    "@someone #1 https://example.com <img src=x onerror=alert(1)>",
    "[link](javascript:alert(1))",
    "</details></summary><h1>x</h1>",
    "\ufffe\uffff\ud800",
    "\u2028\u2029\u202e",
    "a,b:c=d",
    "../../etc/passwd",
    "\\",
    "&amp;&lt;&#10;",
  ),
  fc.string({ unit: "binary", maxLength: 20 }),
  fc.string({ unit: fc.constantFrom(..."`|<>&\"'@#:%,\n\r*_[]()\\ "), maxLength: 12 }),
);

const findings: fc.Arbitrary<GateFinding[]> = fc.oneof(
  anyFindings,
  fc.array(
    fc.record({
      rule: fc.oneof(fc.constant("dead-units"), hostileText),
      severity: fc.constantFrom("error" as const, "warning" as const, "note" as const),
      layer: fc.option(hostileText),
      measured: fc.option(fc.double()),
      expected: fc.record({ text: hostileText }),
      message: hostileText,
      fix: hostileText,
    }),
    { maxLength: 5 },
  ),
  fc.array(
    fc.record({
      rule: fc.constant("symmetry"),
      severity: fc.constant("note" as const),
      layer: fc.option(hostileText),
      measured: fc.constant(null),
      expected: fc.record({ text: hostileText }),
      message: hostileText,
      fix: hostileText,
      suppressed: hostileText,
    }),
    { maxLength: 3 },
  ),
);

const measured: fc.Arbitrary<GateRun> = fc.record({
  model: hostileText,
  path: hostileText,
  seed: fc.nat(),
  measurements: fc.tuple(anyMeasurements, fc.array(hostileText, { maxLength: 6 })).map(
    ([measurements, names]) => ({
      ...measurements,
      model: { ...measurements.model, name: names[0] ?? measurements.model.name },
      layers: measurements.layers.map((layer, i) => ({ ...layer, name: names[i] ?? layer.name })),
    }),
  ),
  error: fc.constant(null),
  findings,
});

const unmeasured: fc.Arbitrary<GateRun> = fc.record({
  model: hostileText,
  path: hostileText,
  seed: fc.nat(),
  measurements: fc.constant(null),
  error: hostileText,
  findings: fc.constant([]),
});

/** Any result of a gate, with names that somebody else chose. */
export const anyGateResult: fc.Arbitrary<GateResult> = fc.record({
  passed: fc.boolean(),
  summary: fc.record({
    errors: fc.nat(),
    warnings: fc.nat(20),
    notes: fc.nat(),
    suppressed: fc.nat(),
    unmeasured: fc.nat(),
    skipped: fc.nat(),
  }),
  maxWarnings: fc.option(fc.nat(10)),
  rules: fc.constant<string[]>(["dead-units", "symmetry", "unused-suppression"]),
  configurationRules: fc.constant<string[]>(["unused-suppression"]),
  runs: fc.array(fc.oneof(measured, unmeasured), { maxLength: 3 }),
  configuration: fc.option(hostileText),
  findings,
}).map((result) => structuredClone(result));
