import { assertEquals } from "@std/assert";
import { STUDY_CSV_HEADING } from "../../src/study/study_csv.ts";
import { readDocument } from "./markdown.ts";

Deno.test("docs/csv_columns.md lists the columns of the CSV, in their order", () => {
  const rows = readDocument("docs/csv_columns.md").matchAll(/^\| `(\w+)` /gm);
  assertEquals([...rows].map(([, name]) => name), STUDY_CSV_HEADING.trim().split(","));
});
