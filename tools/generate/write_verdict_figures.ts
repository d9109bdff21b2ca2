/** Figures of all networks in a section of the benchmark's table. */
interface Section {
  /**
   * Numbers of networks that train, are slow, and fail: those with an error, with at most a
   * warning, and with neither.
   */
  verdicts: readonly (readonly string[])[];
  /**
   * Shares with their intervals: of errors that fail or are slow, of the failing and of the
   * training.
   */
  shares: readonly string[];
}

const HEADS = ["red: trains/slow/fails", "warned", "green"];
const SHARES = ["fail or are slow", "of the failing", "of the training"];
const NAMES = ["error", "a warning at most", "neither"];

const cellsOf = (row: string) => row.split("|").slice(1, -1).map((cell) => cell.trim());

function readSection(table: string, title: string): Section {
  const section = table.split(/^## /m).find((text) => text.startsWith(`${title}\n`));
  const lines = section?.split("\n") ?? [];
  const head = cellsOf(lines.find((line) => line.startsWith("| networks")) ?? "");
  const row = cellsOf(lines.find((line) => line.startsWith("| all  ")) ?? "");
  const cell = (name: string) => {
    const found = row[head.indexOf(name)];
    if (found === undefined) throw new Error(`"${title}" has no column "${name}" of all networks`);
    return found;
  };
  return {
    verdicts: HEADS.map((name) => cell(name).split("/")),
    shares: SHARES.map(cell),
  };
}

/**
 * Writes the figures of the benchmark between the two comments of docs/what_a_verdict_means.md.
 *
 * @param guide The guide.
 * @param table bench/trainability/table_odd.md.
 */
export function writeVerdictFigures(guide: string, table: string): string {
  const one = readSection(table, "One pass");
  const tried = readSection(table, "With trial");
  const networks = /: (\d+) networks/.exec(table)![1];
  const looks = /networks\s+were\s+looked\s+at\s+([^.]*)\./.exec(table)![1].replace(/\s+/g, " ");
  const [failing, training] = tried.shares.slice(1);
  const figures = [
    `Of ${networks} networks:`,
    "",
    "| verdict | one pass: train | slow | fail | with the trial: train | slow | fail |",
    "| --- | --: | --: | --: | --: | --: | --: |",
    ...NAMES.map((name, i) =>
      `| ${[name, ...one.verdicts[i], ...tried.verdicts[i]].join(" | ")} |`
    ),
    "",
    `With the trial, ${
      tried.shares[0]
    } of the networks with an error fail or are slow; ${failing} of those ` +
    `that fail have one, and so do ${training} of those that train. From one pass alone it is ` +
    `${
      one.shares.join(", ")
    }. In brackets stands the 95 % interval. These networks were looked at ` +
    `${looks} while the rules were made. [The whole table](../bench/trainability/table_odd.md) has the ` +
    "same for each kind of network, and beside the rules of other tools.",
  ];
  const written = guide.replace(
    /(<!-- figures: [^\n]*-->\n)[^]*(<!-- end of figures -->)/,
    (_, start: string, end: string) => `${start}\n${figures.join("\n")}\n\n${end}`,
  );
  if (!written.includes(figures[0])) throw new Error("The guide has no place for the figures");
  return written;
}
