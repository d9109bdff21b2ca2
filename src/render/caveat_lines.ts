import type { Measurements, Sibling } from "../measure/measurements.ts";
import type { NotReproduced, Setting } from "../model/loaded_model.ts";
import { escapeControls } from "../words/show_value.ts";
import { wrapText } from "./fit_text.ts";

/**
 * Returns the lines that limit the verdict and precede it: the sibling that was judged, and settings
 * of the compiled program that were replaced. Empty if nothing limits it.
 *
 * @param width Maximum width of a line.
 */
export function caveatLines(
  { sibling, notReproduced = [] }: Measurements,
  width: number,
): string[] {
  const say = (text: string) => wrapText(text, width, "", "  ");
  return [
    ...sibling === undefined ? [] : say(siblingWords(sibling)),
    ...notReproduced.flatMap((one) => say(substituteWords(one))),
  ];
}

const CONSEQUENCES: Record<Setting, { use: string; silent: string }> = {
  loss: { use: "measured with", silent: "Rules that need the loss do not judge this model." },
  optimizer: { use: "tried with", silent: "Its learning rate is not judged." },
};

/**
 * Says which setting of the compiled program was replaced, by what, and which rules do not judge as
 * a result.
 */
function substituteWords({ setting, name, substitute }: NotReproduced): string {
  if (setting === "argument") {
    return `Keras does not save the ${name}: it is taken to be ${substitute}, as by Keras when it loads the file.`;
  }
  const { use, silent } = CONSEQUENCES[setting];
  const given = name === null
    ? `Compiled without a ${setting}: fit() trains nothing unless a layer or train_step() adds one. ` +
      `Measured with ${substitute}.`
    : `Compiled with ${name}, which is not reproduced: ${use} ${substitute} instead.`;
  return escapeControls(`${given} ${silent}`);
}

/** States what a verdict on a sibling proves about larger ones. */
function siblingWords({ width, depth, largest, steepest, faults }: Sibling): string {
  const sizeOf = (size: Sibling["largest"]) =>
    Object.entries(size).flatMap(([axis, value]) => value === null ? [] : [`${axis} ${value}`])
      .join(", ");
  const judged = `Judged on a sibling of ${sizeOf({ width, depth })}`;
  const to = sizeOf(largest);
  return faults.length === 0
    ? `${judged}: slopes flat to +-${
      steepest.toFixed(2)
    } up to ${to}, so larger siblings keep its scale.`
    : `${judged}, which does not keep its scale up to ${to}: the verdict says nothing of larger siblings.`;
}
