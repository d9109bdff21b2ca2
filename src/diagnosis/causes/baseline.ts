import type { Finding } from "../../rules/finding.ts";
import { type Change, sayChanges } from "../../rules/say_changes.ts";
import type { Patient, Suspect } from "../diagnosis.ts";
import { foundBy, layersOf } from "./shared.ts";

/**
 * Returns a change since the baseline, however many figures of however many layers show it: a new
 * initialiser moves every one of them.
 */
export function baseline(patient: Patient): Suspect[] {
  const states = foundBy("baseline", patient)
    .filter(({ kind, figures }) =>
      (kind === "figure" || kind === "share") && figures?.now !== undefined &&
      figures.stored !== undefined
    );
  if (states.length === 0) return [];
  const said = sayChanges(states.map(changeOf), patient.measurements.layers);
  return [{
    kind: "baseline",
    layers: layersOf(states, patient),
    message: `Against the baseline, ${said.join("; ")}.`,
    states,
    explains: () => false,
    fixes: [{ kind: "rebuild", what: states[0].fix }],
  }];
}

function changeOf({ layer, kind, figures }: Finding): Change {
  const { now, stored } = figures!;
  return {
    layer: layer!,
    subject: subjectOf(now.unit),
    isShare: kind === "share",
    before: stored.value,
    after: now.value,
  };
}

/** Returns the plural name of the values that a figure is about. */
function subjectOf(unit: string): string {
  const [, gradient, part] = /^rms\((gradient of )?(.*)\)$/s.exec(unit) ?? [];
  if (gradient !== undefined) return "gradients";
  if (part === "delta") return "deltas";
  if (part !== undefined) return part === "bias" ? "biases" : `${part}s`;
  return unit === "std(a)" ? "activations" : unit;
}
