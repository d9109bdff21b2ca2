const rowsOf = (table: string, head: string): string[][] => {
  const lines = table.split("\n");
  const start = lines.findIndex((line) => line.startsWith(`| ${head}`));
  if (start < 0) throw new Error(`a table of bench/faults has no rows of "${head}"`);
  const end = lines.findIndex((line, i) => i > start && !line.startsWith("|"));
  return lines.slice(start + 2, end).map((line) =>
    line.split("|").slice(1, -1).map((cell) => cell.trim())
  );
};

/**
 * Writes the figures of published faults between the two comments of docs/what_a_verdict_means.md.
 *
 * @param guide The guide.
 * @param tuned bench/faults/table_tuned.md.
 * @param heldOut bench/faults/table_held_out.md.
 */
export function writeFaultFigures(guide: string, tuned: string, heldOut: string): string {
  const row = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const others = rowsOf(heldOut, "figure");
  const peers = rowsOf(heldOut, "tool");
  const figures = [
    row(["programs and their repairs", "tuned on", "held out"]),
    row(["---", "---", "---"]),
    ...rowsOf(tuned, "figure").map((cells, i) => row([...cells, others[i][1]])),
    "",
    row(["tool", "names the fault, held out", "gradient-health on the same"]),
    row(["---", "---", "---"]),
    ...peers.map(row),
  ];
  const written = guide.replace(
    /(<!-- faults: [^\n]*-->\n)[^]*(<!-- end of faults -->)/,
    (_, start: string, end: string) => `${start}\n${figures.join("\n")}\n\n${end}`,
  );
  if (!written.includes(figures[0])) throw new Error("The guide has no place for the faults");
  return written;
}
