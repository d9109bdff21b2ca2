import type { TargetMeasurements } from "../measure/measurements.ts";
import { formatCount, formatNumber } from "./format.ts";
import type { Verdict } from "./judge.ts";

/**
 * Finds class numbers that no unit of the output stands for. TensorFlow.js takes them without a word, and
 * such an example has no gradient.
 *
 * @param target The target of an output.
 * @param layer Name of the head; `null` where there are several.
 */
export function strayClasses(
  { name, classes }: TargetMeasurements,
  layer: string | null,
): Verdict[] {
  if (classes === undefined) return [];
  const { units, least, most, fractions } = classes;
  const last = units - 1;
  const of = layer === null ? `the targets of ${name}` : "targets";
  const head = layer === null ? "the output" : "the head";
  const counted = `${head} has ${formatCount(units, "unit")}, so classes are 0 to ${last}`;
  const found = most !== null && most > last
    ? { measured: most, why: `${of} go up to ${formatNumber(most)}, but ${counted}` }
    : least !== null && least < 0
    ? { measured: least, why: `${of} go down to ${formatNumber(least)}, but ${counted}` }
    : fractions > 0
    ? {
      measured: fractions,
      why: `${formatCount(fractions, "target")}${layer === null ? ` of ${name}` : ""} ` +
        `${fractions === 1 ? "is no whole number" : "are no whole numbers"}, but ${counted}`,
    }
    : null;
  if (found === null) return [];
  return [{
    severity: "error",
    layer,
    measured: found.measured,
    expected: `whole numbers from 0 to ${last}`,
    message: `${found.why.replace(/^t/, "T")}.`,
    advice: least !== null && most !== null && fractions === 0 && least > 0 && most - least <= last
      ? `Count the classes from 0: subtract ${formatNumber(least)} from the targets.`
      : "Give each class a whole number from 0 up, and the head a unit for each.",
  }];
}
