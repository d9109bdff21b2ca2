import type { Column } from "./backends.ts";
import type { Count, Summary } from "./summarize.ts";

/** Returns the results of a subject's rows, in a few words. */
function words({ ok, wrong, noGradient, error }: Count): string {
  const faults = [
    wrong && `${wrong} wrong`,
    noGradient && `${noGradient} no gradient`,
    error && `${error} error${error === 1 ? "" : "s"}`,
  ].filter((text) => text);
  if (faults.length === 0) return "ok";
  return ok === 0 ? faults.join(", ") : `${ok} ok, ${faults.join(", ")}`;
}

/**
 * The conformance table in short, as Markdown: one line for each subject that some backend fails, and
 * the totals. Subjects that are right everywhere are counted in the last line but one.
 */
export function markdownSummary({ rows, total, subjects }: Summary): string {
  const columns = Object.keys(total) as Column[];
  const line = (name: string, counts: Record<Column, Count>) =>
    `| ${name} | ${columns.map((column) => words(counts[column])).join(" | ")} |`;
  const entries = Object.entries(subjects);
  const isRight = ([, counts]: [string, Record<Column, Count>]) =>
    columns.every((column) => words(counts[column]) === "ok");
  const right = entries.filter(isRight).length;
  return [
    `| layer | ${columns.join(" | ")} |`,
    `| --- |${" --- |".repeat(columns.length)}`,
    ...entries.filter((entry) => !isRight(entry)).map(([name, counts]) => line(name, counts)),
    `| ${right} others |${" ok |".repeat(columns.length)}`,
    line(`**${rows} cases in all**`, total),
  ].join("\n");
}
