import type { TargetMeasurements } from "../measure/measurements.ts";
import { inWords } from "./expected.ts";
import type { Verdict } from "./judge.ts";
import { counted, figure, NOTHING, number, say } from "./say.ts";

/**
 * Finds class numbers without an output unit. TensorFlow.js accepts them silently, and such an
 * example has no gradient.
 *
 * @param target The target of an output.
 * @param layer Name of the head, or `null` if there are several.
 */
export function strayClasses(
  { name, classes }: TargetMeasurements,
  layer: string | null,
): Verdict[] {
  if (classes === undefined) return [];
  const { units, least, most, fractions } = classes;
  const last = units - 1;
  const targets = layer === null ? say`The targets of ${name}` : say`Targets`;
  const head = layer === null ? say`the output` : say`the head`;
  const classCount = say`${head} has ${counted(units, "unit")}, so classes are 0 to
    ${number(last, "exact")}`;
  const found = most !== null && most > last
    ? {
      kind: "class-too-large",
      measured: most,
      message: say`${targets} go up to ${figure(most, "class")}, but ${classCount}.`,
    }
    : least !== null && least < 0
    ? {
      kind: "class-negative",
      measured: least,
      message: say`${targets} go down to ${figure(least, "class")}, but ${classCount}.`,
    }
    : fractions > 0
    ? {
      kind: "class-fraction",
      measured: fractions,
      message: say`${counted(fractions, "target")}${layer === null ? say` of ${name}` : NOTHING} ${
        fractions === 1 ? say`is not a whole number` : say`are not whole numbers`
      }, but ${classCount}.`,
    }
    : null;
  if (found === null) return [];
  return [{
    severity: "error",
    ...found,
    layer,
    expected: inWords(`whole numbers from 0 to ${last}`),
    advice: least !== null && most !== null && fractions === 0 && least > 0 && most - least <= last
      ? say`Number the classes from 0: subtract ${figure(least, "class")} from the targets.`
      : "Number the classes from 0 up, and give the head one unit per class.",
  }];
}
