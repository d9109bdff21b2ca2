import { wilsonInterval } from "../theory/wilson_interval.ts";
import { formatCount, formatPercent } from "../words/numbers.ts";

/** The healthy networks that `bench/false_positives.ts` draws. */
const CONTROLS =
  "tanh and selu at criticality, depth 3 to 30, and He relu, depth 5; width 64, 32 " +
  "examples";

/** How often a rule reported a healthy network. */
export interface FalsePositives {
  /** How many networks were drawn. */
  draws: number;
  /** How many of them got an error. Default: 0. */
  errors?: number;
  /** How many of the others got a warning. Default: 0. */
  warnings?: number;
  /** What was drawn. Default: the controls. */
  of?: string;
}

/** Says how often a rule reports a healthy network, and which rates the 95 % interval leaves open. */
export function falsePositives(
  { draws, errors = 0, warnings = 0, of = CONTROLS }: FalsePositives,
  more?: string,
): string {
  const failed = errors === 0
    ? `95 % interval up to ${formatPercent(wilsonInterval(0, draws)[1])}`
    : formatPercent(errors / draws);
  const warned = warnings === 0 ? "" : ` (${formatPercent(warnings / draws)})`;
  const text = `On ${draws} healthy networks (${of}): ${
    formatCount(errors, "error")
  } (${failed}), ${formatCount(warnings, "warning")}${warned}.`;
  return more === undefined ? text : `${text} ${more}`;
}
