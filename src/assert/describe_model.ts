import { formatCount } from "../checks/format.ts";
import type { ProbeSubject } from "../probe/probe_subject.ts";

/** Which model was measured, under which seeds, on what: enough to measure it again. */
export function describeModel({ model, seed, batch, objective }: ProbeSubject): string {
  const drawn = batch.seed === null ? "" : ` of seed ${batch.seed}`;
  const aim = objective === undefined ? "" : `, objective "${objective.name}"`;
  return `Model "${model.name}" (seed ${seed ?? "unknown"}, ` +
    `${formatCount(batch.examples, "example")}${drawn}${aim})`;
}
