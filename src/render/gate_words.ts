import { formatCount } from "../words/numbers.ts";
import type { Locate } from "./gate_location.ts";
import { number, objectWith, orNull, requireValue, text } from "../words/requirements.ts";
import type { GateFinding, GateRun, GateSummary } from "../gate/gate_result.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { layerRange } from "./layer_range.ts";
import { wrapText } from "./wrap_text.ts";

/** Names a run: `digits, seed 3`. */
export function gateTitle({ model, seed }: Pick<GateRun, "model" | "seed">): string {
  return `${model}, seed ${seed}`;
}

/** The counts of a gate in words: `2 errors, 1 warning (limit 0), 3 suppressed`. */
export function gateCounts(
  { errors, warnings, notes, suppressed, unmeasured, skipped }: GateSummary,
  maxWarnings: number | null,
): string {
  const limit = maxWarnings === null ? "" : ` (limit ${maxWarnings})`;
  return [
    formatCount(errors, "error"),
    `${formatCount(warnings, "warning")}${limit}`,
    ...notes > 0 ? [formatCount(notes, "note")] : [],
    ...suppressed > 0 ? [`${suppressed} suppressed`] : [],
    ...unmeasured > 0 ? [`${formatCount(unmeasured, "run")} could not be measured`] : [],
    ...skipped > 0 ? [`${formatCount(skipped, "run")} skipped`] : [],
  ].join(", ");
}

/** Whether no suppression accepts a finding. */
export const isOpen = ({ suppressed }: GateFinding): boolean => suppressed === undefined;

/** What suppressions accept: for each rule, the layers that are accepted for the same reason. */
export function acceptedIn(
  findings: readonly GateFinding[],
  order: readonly string[],
): { rule: string; where: string; reason: string }[] {
  const accepted = findings.filter((finding) => !isOpen(finding));
  const groups = Map.groupBy(
    accepted,
    ({ rule, suppressed }) => JSON.stringify([rule, suppressed]),
  );
  return [...groups.values()].map((group) => {
    const layers = new Set(group.map(({ layer }) => layer));
    const names = [...layers].filter((layer) => layer !== null);
    const whole = layers.has(null) ? ["the whole model"] : [];
    const where = [...whole, ...names.length > 0 ? [layerRange(names, { order })] : []].join(", ");
    return { rule: group[0].rule, where, reason: group[0].suppressed! };
  });
}

/** What suppressions accept, and why. */
export function acceptedLines(
  findings: readonly GateFinding[],
  order: readonly string[],
  { width }: { width: number },
): string[] {
  return acceptedIn(findings, order).flatMap(({ rule, where, reason }) =>
    wrapText(escapeControls(`SUPPRESSED ${rule}: ${where} (${reason})`), width, "", "  ")
  );
}

const locationShape = objectWith({ file: text, line: orNull(number) });

/** A finder of layers whose answers are checked, because the caller wrote it. */
export function checkedLocate(locate: Locate): Locate {
  return (path, layer) => {
    const location = locate(path, layer);
    requireValue("what locate returns", location, locationShape);
    return location;
  };
}
