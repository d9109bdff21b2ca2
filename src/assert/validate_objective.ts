import { show } from "../checks/show.ts";
import { LOSSES, type Objective } from "../model/objective.ts";

/**
 * Refuses what is no objective.
 *
 * @throws {TypeError} If it is neither a function, nor "sum", nor the name of a loss.
 */
export function validateObjective(objective: Objective = "sum"): void {
  const names: readonly unknown[] = ["sum", ...LOSSES];
  if (typeof objective === "function" || names.includes(objective)) return;
  throw new TypeError(
    `options.objective must be a function or one of ${names.join(", ")}, got ${show(objective)}.`,
  );
}
