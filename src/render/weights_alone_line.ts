import { allRules } from "../checks/register_rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import { escapeControls } from "../words/escape_controls.ts";
import { wrapText } from "./wrap_text.ts";

/**
 * That there was no topology, and how many of the rules judge without one; nothing where a pass was run.
 *
 * @param measurements What was measured.
 * @param width How wide a line may be.
 */
export function weightsAloneLines({ model, weightsOnly }: Measurements, width: number): string[] {
  if (weightsOnly === undefined) return [];
  const file = escapeControls(model.source ?? model.name);
  return wrapText(
    `Weights only: no topology in ${file}; ${judgingWords()} them.`,
    width,
    "",
    "  ",
  );
}

/** How many of the rules judge weights without a topology: `4 rules of 21 judge`. */
export function judgingWords(): string {
  const rules = allRules();
  return `${
    rules.filter(({ weightsAlone }) => weightsAlone).length
  } rules of ${rules.length} judge`;
}
