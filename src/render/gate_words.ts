import type { GateRun, GateSummary } from "../gate/gate_result.ts";
import { plural } from "./plural.ts";

/** Names a pass: `digits, seed 3`. */
export function gateTitle({ model, seed }: Pick<GateRun, "model" | "seed">): string {
  return `${model}, seed ${seed}`;
}

/** `1 pass`, `1,000 passes`. */
export function countPasses(count: number): string {
  return `${count.toLocaleString("en-US")} pass${count === 1 ? "" : "es"}`;
}

/** The counts of a gate in words: `2 errors, 1 warning (0 may pass), 3 suppressed`. */
export function gateCounts(
  { errors, warnings, notes, suppressed, unmeasured, skipped }: GateSummary,
  maxWarnings: number | null,
): string {
  const may = maxWarnings === null ? "" : ` (${maxWarnings} may pass)`;
  return [
    plural(errors, "error"),
    `${plural(warnings, "warning")}${may}`,
    ...notes > 0 ? [plural(notes, "note")] : [],
    ...suppressed > 0 ? [`${suppressed} suppressed`] : [],
    ...unmeasured > 0 ? [`${countPasses(unmeasured)} not made`] : [],
    ...skipped > 0 ? [`${countPasses(skipped)} skipped`] : [],
  ].join(", ");
}
