import { type Finding, makeFinding } from "../rules/finding.ts";
import { NOTHING, say } from "../rules/say.ts";
import type { Sentence } from "../rules/sentence.ts";
import { list, requireValue } from "../words/shape.ts";
import type { Suppression } from "./configuration.ts";
import type { GateFinding, GateRun } from "./gate_result.ts";
import { passShape, suppressionContextShape, suppressionsShape } from "./result_document.ts";

/** Result of applying suppressions. */
interface Suppressed {
  /** Runs, with the accepted findings turned into notes. */
  runs: GateRun[];
  /** Findings about the suppressions themselves. */
  findings: GateFinding[];
}

/** Context in which suppressions are judged. */
export interface SuppressionContext {
  /** Today as YYYY-MM-DD in UTC. */
  today: string;
  /** Models whose runs are all done: for others it is unknown whether a suppression matches. */
  complete: ReadonlySet<string>;
  /** True if these are all models of the configuration. */
  all: boolean;
}

/**
 * Accepts the findings that a suppression names, and reports suppressions that have expired or
 * match nothing.
 *
 * @param runs The runs with their findings.
 * @param context The date, and what was checked.
 * @returns The runs, with accepted findings turned into notes; and findings about the suppressions.
 */
export function applySuppressions(
  runs: GateRun[],
  suppressions: Suppression[],
  context: SuppressionContext,
): Suppressed {
  requireValue("runs", runs, list(passShape));
  requireValue("suppressions", suppressions, suppressionsShape);
  requireValue("context", context, suppressionContextShape);
  const { today, complete, all } = context;
  const inForce = suppressions.map(({ until }) => until === undefined || until >= today);
  const used = new Set<number>();
  const accept = (finding: GateFinding, model: string): GateFinding => {
    if (finding.severity === "note") return finding;
    const matching = suppressions.flatMap((suppression, index) =>
      inForce[index] && matches(suppression, finding, model) ? [index] : []
    );
    for (const index of matching) used.add(index);
    return matching.length === 0
      ? finding
      : { ...finding, severity: "note", suppressed: suppressions[matching[0]].reason };
  };
  const accepted = runs.map((run) => ({
    ...run,
    findings: run.findings.map((finding) => accept(finding, run.model)),
  }));
  const findings = suppressions.flatMap((suppression, index): GateFinding[] => {
    const { rule, layer, model, until } = suppression;
    const about = say`The suppression of ${rule}${
      layer === undefined ? NOTHING : say` on ${layer}`
    }${model === undefined ? NOTHING : say` of ${model}`}`;
    if (!inForce[index]) {
      return [complaint(
        "expired-suppression",
        say`${about} expired after ${until!}.`,
        "Fix it, or set a later date.",
        `until >= ${today}`,
      )];
    }
    const known = model === undefined ? all : complete.has(model);
    if (!known || used.has(index)) return [];
    return [complaint(
      "unused-suppression",
      say`${about} matches no finding.`,
      "Remove it from the configuration.",
      "a finding that it matches",
    )];
  });
  return { runs: accepted, findings };
}

function matches(
  { rule, layer = "*", model }: Suppression,
  finding: Finding,
  name: string,
): boolean {
  return rule === finding.rule && (model === undefined || model === name) &&
    (layer === "*" || (finding.layer !== null && globMatches(layer, finding.layer)));
}

/** Returns true if a name matches a pattern in which `*` matches any characters. */
function globMatches(pattern: string, name: string): boolean {
  const parts = pattern.split("*");
  const first = parts.shift()!;
  const last = parts.pop();
  if (last === undefined) return name === first;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of parts) {
    const at = name.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}

function complaint(rule: string, message: Sentence, fix: string, expected: string): GateFinding {
  const verdict = { layer: null, measured: null, expected, message, fix };
  return { ...makeFinding(rule, { severity: "error", ...verdict }), about: "configuration" };
}
