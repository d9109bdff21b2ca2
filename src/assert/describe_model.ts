import { formatCount } from "../checks/format.ts";
import type { Measurements } from "../measure/measurements.ts";

/** Which model was measured, under which seeds, on what: enough to measure it again. */
export function describeModel({ model, seed, batch, objective }: Measurements): string {
  const drawn = batch.seed === null ? "" : ` of seed ${batch.seed}`;
  return `Model "${model.name}" (seed ${seed ?? "unknown"}, ` +
    `${formatCount(batch.examples, "example")}${drawn}, objective "${objective.name}")`;
}
