import { consequencesOf } from "../diagnosis/diagnose.ts";
import type { Cause } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import { atLeast, atMost, type Expected, inWords } from "../rules/expected.ts";
import { type Finding, makeFinding } from "../rules/finding.ts";
import type { TrainingFinding } from "../training/judge_training.ts";

/** Returns what the rules over trainings found as a finding like those of the other rules. */
export function findingOfTraining(found: TrainingFinding): Finding {
  const { rule, severity, kind, layer, measured, message, fix } = found;
  return makeFinding(rule, {
    severity,
    kind,
    layer,
    measured: Number.isFinite(measured) ? measured : null,
    expected: expectedOf(found),
    message,
    fix,
  });
}

function expectedOf({ measured, limit }: TrainingFinding): Expected {
  if (limit === null) return inWords("finite figures");
  return measured < limit ? atLeast(limit) : atMost(limit);
}

/** Returns a finding about a training as a cause, with the findings of a pass as its consequences. */
export function causeOfTraining(
  found: TrainingFinding,
  findings: readonly Finding[],
  measurements: Measurements,
): Cause {
  const { rule, severity, layer, message, fix } = found;
  const open = findings.filter(({ severity }) => severity !== "note");
  return {
    kind: rule,
    severity,
    layers: layer === null ? [] : [layer],
    message,
    consequences: consequencesOf(open, measurements),
    findings: [findingOfTraining(found), ...open],
    fixes: [{ kind: "rebuild", what: fix }],
  };
}
