import { wilsonInterval } from "../../src/ground/theory/statistics.ts";
import { formatPercent } from "../../src/ground/words/numbers.ts";
import { ROOT } from "./read_rules.ts";

/** Outcomes of training some networks. */
interface Outcomes {
  trains: number;
  slow: number;
  fails: number;
}

/** Precision of the errors of each rule, on seeds that nothing was tuned on. */
export interface Calibration {
  /** Seeds in words. */
  seeds: string;
  /** Outcomes of all networks. */
  networks: Outcomes;
  /** Outcomes of the networks in which a rule found an error, for every rule that judged them. */
  rules: Record<string, Outcomes>;
}

/** File that the benchmark writes. */
export const CALIBRATION = new URL("bench/trainability/rules.json", ROOT);

const total = ({ trains, slow, fails }: Outcomes) => trains + slow + fails;

/** Returns the measured precision and recall of each rule, one sentence each. */
export function calibrationSentences(
  { seeds, networks, rules }: Calibration,
): Record<string, string> {
  const { fails } = networks;
  const population = `${total(networks)} networks that no threshold was tuned on ` +
    `(bench/trainability, ${seeds})`;
  const sentence = (errors: Outcomes) =>
    total(errors) === 0
      ? `The rule finds no error in ${population}; ${fails} of them fail.`
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
