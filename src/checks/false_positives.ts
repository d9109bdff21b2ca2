import { wilsonInterval } from "../theory/wilson_interval.ts";
import { formatPercent } from "./format.ts";

/** The healthy networks that `bench/false_positives.ts` draws. */
const CONTROLS =
  "tanh and selu at criticality, depth 3 to 30, and He relu, depth 5; width 64, 32 " +
  "examples";

/** How often a rule had something against a healthy network. */
export interface FalsePositives {
  /** How many networks were drawn. */
  draws: number;
  /** How many of them failed. Default: 0. */
  errors?: number;
  /** How many of the others were warned of. Default: 0. */
  warnings?: number;
  /** What was drawn. Default: the controls. */
  of?: string;
}

/** Says how often a rule has something against a healthy network, and with which 95 % bound. */
export function falsePositives(
  { draws, errors = 0, warnings = 0, of = CONTROLS }: FalsePositives,
  more?: string,
): string {
  const share = (count: number) =>
    count === 0
      ? `at most ${formatPercent(wilsonInterval(0, draws)[1])} in the long run`
      : formatPercent(count / draws);
  const warned = warnings === 0 ? "none is warned of" : `${warnings} are warned of`;
  const rate = warnings === 0 ? "" : ` (${share(warnings)})`;
  const text = `Of ${draws} healthy networks (${of}) ${errors} ${
    errors === 1 ? "fails" : "fail"
  } (${share(errors)}), and ${warned}${rate}.`;
  return more === undefined ? text : `${text} ${more}`;
}
