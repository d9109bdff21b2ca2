import type { Column } from "./backends.ts";
import type { Row } from "./row.ts";
import type { Outcome } from "./run_row.ts";

/** Number of rows by result. */
export interface Count {
  ok: number;
  wrong: number;
  noGradient: number;
  error: number;
}

/** The conformance table in short: counts in all, and for each subject. */
export interface Summary {
  rows: number;
  total: Record<Column, Count>;
  subjects: Record<string, Record<Column, Count>>;
}

function count(outcomes: Outcome[]): Count {
  const of = (status: Outcome["status"]) => outcomes.filter((o) => o.status === status).length;
  return {
    ok: of("ok"),
    wrong: of("wrong"),
    noGradient: of("no gradient"),
    error: of("error"),
  };
}

/** Counts the outcomes of the table. */
export function summarize(rows: Row[], outcomes: Record<Column, Outcome[]>): Summary {
  const columns = Object.entries(outcomes) as [Column, Outcome[]][];
  const counts = (wanted: (row: Row) => boolean) =>
    Object.fromEntries(
      columns.map(([column, all]) => [column, count(all.filter((_, i) => wanted(rows[i])))]),
    ) as Record<Column, Count>;
  const subjects = [...new Set(rows.map((row) => row.subject))];
  return {
    rows: rows.length,
    total: counts(() => true),
    subjects: Object.fromEntries(
      subjects.map((subject) => [subject, counts((row) => row.subject === subject)]),
    ),
  };
}
