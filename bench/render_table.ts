import { isMet, ratioOf, type Row, type Unit } from "./row.ts";

/** The rows of one bench, by its name. */
export type Benches = Readonly<Record<string, readonly Row[]>>;

const HEAD = ["bench", "what", "figure", "against", "figure", "ratio", "target", ""];
/** Columns of numbers, which stand to the right. */
const NUMBERS = [2, 4, 5];

/** The rows of some benches as one table of plain text: a line for each, and how many targets are met. */
export function renderTable(benches: Benches): string {
  const cells = [HEAD];
  for (const [bench, rows] of Object.entries(benches)) {
    for (const row of rows) cells.push([bench, ...cellsOf(row)]);
  }
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row.map((cell, column) =>
      NUMBERS.includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])
    ).join("  ").trimEnd()
  );
  const verdicts = Object.values(benches).flat().map(isMet);
  const count = (wanted: boolean) => verdicts.filter((met) => met === wanted).length;
  return [...lines, "", `${count(true)} met, ${count(false)} missed`].join("\n");
}

function cellsOf(row: Row): string[] {
  const { what, figure, unit, against } = row;
  const met = isMet(row);
  return [
    what,
    show(figure, unit),
    ...against === undefined
      ? ["", "", ""]
      : [against.what, show(against.figure, unit), showRatio(ratioOf(row))],
    showTarget(row),
    met === null ? "" : met ? "met" : "MISSED",
  ];
}

const showRatio = (ratio: number) => ratio.toFixed(Math.abs(ratio) < 0.1 ? 3 : 2);

function showTarget({ target, unit }: Row): string {
  if (target === undefined) return "";
  const bound = target.most === undefined ? `>= ${target.least}` : `<= ${target.most}`;
  return target.of === "ratio" ? bound : `${bound} ${unit}`;
}

const show = (figure: number, unit: Unit): string =>
  unit === "ms" && figure >= 1000
    ? `${(figure / 1000).toFixed(1)} s`
    : `${figure.toFixed(Number.isInteger(figure) ? 0 : figure < 100 ? 2 : 0)} ${unit}`;
