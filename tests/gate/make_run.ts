import { atMost } from "../../src/core/rules/say.ts";
import type { Finding } from "../../src/core/rules/finding.ts";
import type { GateRun } from "../../src/core/diagnosis/gate_result.ts";
import { makeMeasurements } from "../networks/measurements.ts";

/** A finding of the given rule and layer. */
export function makeFinding(
  rule: string,
  layer: string | null,
  given: Partial<Finding> = {},
): Finding {
  return {
    rule,
    severity: "error",
    layer,
    measured: 0.9,
    expected: atMost(0.5),
    message: `${layer} is not as it should be.`,
    fix: "Mend it.",
    ...given,
  };
}

/** A measured pass with these findings. */
export function makeRun(findings: Finding[], given: Partial<GateRun> = {}): GateRun {
  return {
    model: "digits",
    path: "digits.ts",
    seed: 0,
    measurements: makeMeasurements(),
    error: null,
    findings,
    ...given,
  };
}
