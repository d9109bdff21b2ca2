import { formatPercent } from "../words/numbers.ts";
import { wilsonInterval } from "../theory/wilson_interval.ts";
import { ROOT } from "./read_rules.ts";

/** What training showed of some networks. */
interface Outcomes {
  trains: number;
  slow: number;
  fails: number;
}

/** How right the errors of each rule were when the seeds that nothing was tuned on were last looked at. */
export interface Calibration {
  /** Which seeds, in words. */
  seeds: string;
  /** What became of all networks. */
  networks: Outcomes;
  /** What became of those that a rule calls an error, by rule: of every rule that judged them. */
  rules: Record<string, Outcomes>;
}

/** Where the benchmark leaves it. */
export const CALIBRATION = new URL("bench/trainability/rules.json", ROOT);

const total = ({ trains, slow, fails }: Outcomes) => trains + slow + fails;

/** The measured precision and recall of each rule, a sentence each. */
export function calibrationSentences(
  { seeds, networks, rules }: Calibration,
): Record<string, string> {
  const { fails } = networks;
  const population = `${total(networks)} networks that no threshold was tuned on ` +
    `(bench/trainability, ${seeds})`;
  const sentence = (errors: Outcomes) =>
    total(errors) === 0
      ? `The rule finds an error in none of ${population}, of which ${fails} fail.`
      : `Of ${population}, the rule finds an error in ${total(errors)}: ${became(errors)}. ` +
        `Precision ${share(errors.fails + errors.slow, total(errors))}, where slow counts as ` +
        `right; recall ${share(errors.fails, fails)} of the ${fails} that fail.`;
  return Object.fromEntries(
    Object.entries(rules).map(([rule, errors]) => [rule, sentence(errors)]),
  );
}

function became({ trains, slow, fails }: Outcomes): string {
  return `${fails} ${fails === 1 ? "fails" : "fail"}, ${slow} ${slow === 1 ? "is" : "are"} slow ` +
    `and ${trains} ${trains === 1 ? "trains" : "train"}`;
}

function share(part: number, whole: number): string {
  const [low, high] = wilsonInterval(part, whole).map(formatPercent);
  return `${formatPercent(part / whole)} (95 % interval ${low} to ${high})`;
}
