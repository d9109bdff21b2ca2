import { allRules } from "../rules/register_rule.ts";
import type { Measurements, Sibling } from "../measure/measurements.ts";
import type { NotReproduced, Setting } from "../model/not_reproduced.ts";
import { escapeControls } from "../words/show_value.ts";
import { wrapText } from "./fit_text.ts";

/**
 * Returns the lines that limit the verdict and precede it: a file without a topology, and settings
 * of the compiled program that were replaced. Empty if nothing limits it.
 *
 * @param width Maximum width of a line.
 */
export function caveatLines(
  { model, weightsOnly, sibling, notReproduced = [] }: Measurements,
  width: number,
): string[] {
  const say = (text: string) => wrapText(text, width, "", "  ");
  const file = escapeControls(model.source ?? model.name);
  return [
    ...weightsOnly === undefined
      ? []
      : say(`Weights only: no topology in ${file}; ${judgingWords()} them.`),
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
  const { use, silent } = CONSEQUENCES[setting];
  return escapeControls(
    `Compiled with ${name}, which is not reproduced: ${use} ${substitute} instead. ${silent}`,
  );
}

/** Says what a verdict on a sibling is worth for larger ones. */
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

/** Says how many rules judge weights without a topology: `4 rules of 21 judge`. */
export function judgingWords(): string {
  const rules = allRules();
  return `${
    rules.filter(({ weightsAlone }) => weightsAlone).length
  } rules of ${rules.length} judge`;
}
