import type { Finding } from "../../checks/finding.ts";
import { allRules } from "../../checks/register_rule.ts";
import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { Patient } from "../suspect.ts";

/** The findings of a rule that count. */
export function foundBy(rule: string, { findings }: Patient): Finding[] {
  return findings.filter((finding) => finding.rule === rule && finding.severity !== "note");
}

/** The layers that findings are about, in the order of the forward pass. */
export function layersOf(
  findings: readonly Finding[],
  { measurements }: Pick<Patient, "measurements">,
): string[] {
  const named = new Set(findings.flatMap(({ layer, layers }) => layers ?? (layer ? [layer] : [])));
  return measurements.layers.map(({ name }) => name).filter((name) => named.has(name));
}

/** Whether a finding is about what becomes of the signal, or of the loss, which both follow from something. */
export function isConsequence({ rule }: Finding): boolean {
  return rule === "initial-loss" ||
    allRules().some(({ name, tags }) => name === rule && tags.includes("signal"));
}

/** The rule of a finding, in a list of rules. */
export function isOf(...rules: string[]): (finding: Finding) => boolean {
  return ({ rule }) => rules.includes(rule);
}

/** Rows of layers, by name. */
export function rowsOf(names: readonly string[], { measurements }: Patient): LayerMeasurements[] {
  const wanted = new Set(names);
  return measurements.layers.filter(({ name }) => wanted.has(name));
}
