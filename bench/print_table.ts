/** One line of a bench's table. */
export interface Row {
  /** What was timed. */
  what: string;
  /** What it is held against. */
  against: string;
  /** Milliseconds of the one and of the other. */
  times: [number, number];
  /** The figure that the target is about. */
  ratio: number;
  /** Bounds of the ratio, where there is one. */
  target?: { least?: number; most?: number };
}

const time = (ms: number) => ms >= 1000 ? `${(ms / 1000).toFixed(1)} s` : `${ms.toFixed(2)} ms`;

function verdict({ ratio, target }: Row): string[] {
  if (target === undefined) return ["", ""];
  const { least = -Infinity, most = Infinity } = target;
  const bound = most < Infinity ? `<= ${most}` : `>= ${least}`;
  return [bound, ratio >= least && ratio <= most ? "met" : "MISSED"];
}

/** Prints rows as a table of plain text, one line each, and whether each target is met. */
export function printTable(rows: readonly Row[]): void {
  const cells = [
    ["what", "time", "against", "time", "ratio", "target", ""],
    ...rows.map((row) => [
      row.what,
      time(row.times[0]),
      row.against,
      time(row.times[1]),
      row.ratio.toFixed(2),
      ...verdict(row),
    ]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  for (const row of cells) {
    const line = row.map((cell, column) =>
      [1, 3, 4].includes(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])
    );
    console.log(line.join("  ").trimEnd());
  }
}
