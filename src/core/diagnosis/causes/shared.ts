import type { Finding } from "../../rules/finding.ts";
import { allRules } from "../../rules/register_rule.ts";
import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { Patient } from "../diagnosis.ts";

/** Returns a rule's findings other than notes. */
export function foundBy(rule: string, { findings }: Patient): Finding[] {
  return findings.filter((finding) => finding.rule === rule && finding.severity !== "note");
}

/** Returns the layers that findings are about, in the order of the forward pass. */
export function layersOf(
  findings: readonly Finding[],
  { measurements }: Pick<Patient, "measurements">,
): string[] {
  const named = new Set(findings.flatMap(({ layer, layers }) => layers ?? (layer ? [layer] : [])));
  return measurements.layers.map(({ name }) => name).filter((name) => named.has(name));
}

/**
 * Returns true if a finding is about the signal or the loss, which are always a consequence of
 * something else.
 */
export function isConsequence({ rule }: Finding): boolean {
  return rule === "initial-loss" ||
    allRules().some(({ name, tags }) => name === rule && tags.includes("signal"));
}

/** Returns a test for findings of the given rules. */
export function isOf(...rules: string[]): (finding: Finding) => boolean {
  return ({ rule }) => rules.includes(rule);
}

export function rowsOf(names: readonly string[], { measurements }: Patient): LayerMeasurements[] {
  const wanted = new Set(names);
  return measurements.layers.filter(({ name }) => wanted.has(name));
}
