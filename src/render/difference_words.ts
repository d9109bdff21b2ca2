import type { Difference } from "../compare/difference.ts";
import { formatNumber } from "../words/numbers.ts";
import { layerRange } from "./layer_range.ts";
import { shapeChanges, shapeWords } from "./shape_changes.ts";

/** Says what moved, if anything, in one sentence. */
export function movedSentence({ comparison }: Pick<Difference, "comparison">): string {
  const { said, same, onlyBefore, onlyAfter } = comparison;
  if (said.length > 0) {
    const text = said.join("; ");
    return `${text[0].toUpperCase()}${text.slice(1)}.`;
  }
  if (same) return "All figures are the same.";
  const missing = onlyBefore.length + onlyAfter.length > 0;
  return `No figure${missing ? " of the layers that both have" : ""} moved by more than chance.`;
}

/** Returns what happened to each cause, with its label: `Gone: ...`. */
export function causeChanges({ causes }: Difference): [label: string, message: string][] {
  const labels = { gone: "Gone", stayed: "Stayed", came: "New" } as const;
  return (Object.keys(labels) as (keyof typeof labels)[]).flatMap((key) =>
    causes[key].map(({ message }): [string, string] => [labels[key], message])
  );
}

/** Returns all other differences, one labelled line each. */
export function otherDifferences(
  difference: Difference,
): [label: string, text: string][] {
  const { before, after, comparison } = difference;
  const [one, other] = [before.measurements, after.measurements];
  const names = ({ layers }: typeof one) => layers.map(({ name }) => name);
  const loss = one.objective.name === "sum" ? "Sum of outputs" : "Loss";
  const values = [one, other].map(({ objective }) => formatNumber(objective.value));
  const only = (which: string[], run: typeof one) =>
    `${layerRange(which, { order: names(run), max: 4 })}`;
  const objective: [string, string] = one.objective.name === other.objective.name
    ? [
      loss,
      values[0] === values[1] ? `${values[0]} in both` : `${values[0]} in A, ${values[1]} in B`,
    ]
    : ["Objective", `${one.objective.name} in A, ${other.objective.name} in B`];
  const isAlone = [one, other].every(({ weightsOnly }) => weightsOnly !== undefined);
  const shapes = shapeWords(shapeChanges(difference));
  return [
    // Weights without a topology have no objective.
    ...isAlone ? [] : [objective],
    ...comparison.onlyBefore.length === 0
      ? []
      : [["Only in A", only(comparison.onlyBefore, one)] as [string, string]],
    ...comparison.onlyAfter.length === 0
      ? []
      : [["Only in B", only(comparison.onlyAfter, other)] as [string, string]],
    ...shapes === "" ? [] : [["Outputs", shapes] as [string, string]],
    ...comparison.gradients ? [] : [[
      "Gradients",
      one.objective.name === other.objective.name
        ? `not compared: A has ${one.batch.examples} examples, B ${other.batch.examples}`
        : "not compared, as those of different objectives tell nothing",
    ] as [string, string]],
  ];
}
