import type { Cause, Diagnosis } from "../../../src/core/diagnosis/diagnosis.ts";
import type { GateRun } from "../../../src/core/diagnosis/gate_result.ts";
import type { GateFinding } from "../../../src/core/rules/finding.ts";
import { finding } from "../../networks/sample.ts";
import { gateRun } from "../../gate/text/sample_gate.ts";

/** A cause that `symmetry` states and saturation follows from, with a fix that worked. */
export function sampleCause(findings: GateFinding[], over: Partial<Cause> = {}): Cause {
  return {
    kind: "kernel-scale",
    severity: "error",
    layers: ["dense_1", "dense_2"],
    message: "The kernels of dense_1, dense_2 are about 81 times too large.",
    consequences: [{
      rule: "saturated-activations",
      problem: "saturated activations",
      severity: "error",
      layers: ["dense_1", "dense_2"],
    }],
    findings,
    fixes: [{ kind: "rebuild", what: "Draw them smaller." }],
    tried: {
      worked: true,
      errors: 3,
      left: 0,
      verdict: "healthy",
      figure: { title: "l2 of delta", layer: "dense_1", before: 0, after: 5.6 },
    },
    ...over,
  };
}

/** A run that is sick of {@linkcode sampleCause}, and of what is given besides. */
export function sickRun(given: Partial<GateRun> = {}, others: Cause[] = []): GateRun {
  const findings: GateFinding[] = [
    finding("dense_1", { rule: "init-scale" }),
    finding("dense_1"),
    finding("dense_2"),
  ];
  const causes = [sampleCause(findings), ...others];
  const diagnosis: Diagnosis = { verdict: "sick", causes, notes: [] };
  const all = [...findings, ...others.flatMap(({ findings }) => findings)];
  return gateRun(all, { diagnosis, ...given });
}

/** A cause that only warns. */
export function sampleWarning(): Cause {
  return sampleCause([finding("dense_2", { rule: "bias-init", severity: "warning" })], {
    kind: "bias",
    severity: "warning",
    layers: ["dense_2"],
    consequences: [],
    message: "The bias of dense_2 is large.",
    tried: undefined,
  });
}

/** The rules of a result with such runs. */
export const RULES = ["init-scale", "saturated-activations", "bias-init", "dead-units"];
