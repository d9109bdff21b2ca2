import { allRules } from "../checks/register_rule.ts";
import type { Measurements, NotReproduced, Setting } from "../measure/measurements.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { wrapText } from "./wrap_text.ts";

/**
 * Says before the verdict what limits it: a file without a topology, and settings of the compiled program that were
 * replaced by others. Returns nothing if there is no limit.
 *
 * @param measurements What was measured.
 * @param width How wide a line may be.
 */
export function caveatLines(
  { model, weightsOnly, notReproduced = [] }: Measurements,
  width: number,
): string[] {
  const say = (text: string) => wrapText(text, width, "", "  ");
  const file = escapeControls(model.source ?? model.name);
  return [
    ...weightsOnly === undefined
      ? []
      : say(`Weights only: no topology in ${file}; ${judgingWords()} them.`),
    ...notReproduced.flatMap((one) => say(substituteWords(one))),
  ];
}

/** Consequences of a setting that was replaced. */
const CONSEQUENCES: Record<Setting, { use: string; silent: string }> = {
  loss: { use: "measured with", silent: "Rules that need the loss do not judge." },
  optimizer: { use: "tried with", silent: "Its learning rate is not judged." },
};

/** Says which setting of the compiled program was replaced, by what, and what is not judged for it. */
export function substituteWords({ setting, name, substitute }: NotReproduced): string {
  const { use, silent } = CONSEQUENCES[setting];
  return escapeControls(
    `Compiled with ${name}, which is not reproduced: ${use} ${substitute} instead. ${silent}`,
  );
}

/** How many of the rules judge weights without a topology: `4 rules of 21 judge`. */
export function judgingWords(): string {
  const rules = allRules();
  return `${
    rules.filter(({ weightsAlone }) => weightsAlone).length
  } rules of ${rules.length} judge`;
}
