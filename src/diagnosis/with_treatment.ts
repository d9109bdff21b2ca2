import type { Cause, Diagnosis } from "./diagnosis.ts";

/** What tells causes apart: their kind and their layers. */
export function causeName({ kind, layers }: Pick<Cause, "kind" | "layers">): string {
  return JSON.stringify([kind, ...layers]);
}

/**
 * A diagnosis with what was tried of the causes that it shares with another one: what a gate finds is weighed
 * by its configuration only after the model is gone.
 *
 * @param diagnosis The diagnosis.
 * @param treated The one that was made beside the model, with the cures that worked.
 */
export function withTreatment(diagnosis: Diagnosis, treated: Diagnosis): Diagnosis {
  const known = new Map(treated.causes.map((cause) => [causeName(cause), cause]));
  const causes = diagnosis.causes.map((cause): Cause => {
    const tried = known.get(causeName(cause));
    if (tried === undefined) return cause;
    const { cures, message } = tried;
    return { ...cause, message, cures, ...tried.tried === undefined ? {} : { tried: tried.tried } };
  });
  return { ...diagnosis, causes, ...treated.trial === undefined ? {} : { trial: treated.trial } };
}
