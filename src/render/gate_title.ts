import type { GateRun } from "../gate/gate_result.ts";

/** Names a pass: `digits, seed 3`. */
export function gateTitle({ model, seed }: Pick<GateRun, "model" | "seed">): string {
  return `${model}, seed ${seed}`;
}
