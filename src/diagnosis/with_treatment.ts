import type { Finding } from "../rules/finding.ts";
import type { Cause, Diagnosis } from "./diagnosis.ts";

export function causeName({ kind, layers }: Pick<Cause, "kind" | "layers">): string {
  return JSON.stringify([kind, ...layers]);
}

/**
 * Returns a diagnosis with the tried fixes of the causes that it shares with another one: a gate
 * weighs its findings by its configuration only after the model is gone.
 *
 * @param treated The diagnosis made while the model existed, with the fixes that worked.
 */
export function withTreatment(diagnosis: Diagnosis, treated: Diagnosis): Diagnosis {
  const known = new Map(treated.causes.map((cause) => [causeName(cause), cause]));
  const causes = blame(diagnosis.causes, treated.causes).map((cause): Cause => {
    const tried = known.get(causeName(cause));
    if (tried === undefined) return cause;
    const { fixes, message } = tried;
    return { ...cause, message, fixes, ...tried.tried === undefined ? {} : { tried: tried.tried } };
  });
  const { trial, rates } = treated;
  return {
    ...diagnosis,
    causes,
    ...trial === undefined ? {} : { trial },
    ...rates === undefined ? {} : { rates },
  };
}

/** True if a finding says that the network did not learn in the trial. */
const isTrial = ({ rule }: Finding) => rule === "trial";

/**
 * Puts a failed trial under the cause that was found for it while the model existed. A pass only
 * warns of such a cause, so the findings alone would list the two separately, the trial first.
 */
function blame(causes: readonly Cause[], treated: readonly Cause[]): readonly Cause[] {
  const failed = causes.find(({ findings }) => findings.every(isTrial));
  const found = treated.find(({ findings }) => findings.some(isTrial));
  if (failed === undefined || found === undefined) return causes;
  const { kind, layers } = found;
  const own = causes.find((cause) => causeName(cause) === causeName(found)) ??
    { ...failed, kind, layers };
  if (own === failed) return causes;
  const findings = [...failed.findings, ...own.findings.filter((finding) => !isTrial(finding))];
  // The more severe of the two comes first.
  const first = causes.find((cause) => cause === failed || cause === own)!;
  const merged = { ...own, severity: first.severity, findings };
  // The rate comes second if another cause explains why the compiled one fails.
  const rest = treated.filter((cause) => cause !== found && cause.findings.every(isTrial));
  return causes.filter((cause) => cause === first || cause !== failed && cause !== own)
    .flatMap((cause) => cause === first ? [merged, ...rest] : [cause]);
}
