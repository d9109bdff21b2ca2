import { assertEquals } from "@std/assert";
import { studyCsvHeading } from "../../src/study/study_csv.ts";
import { growthSummary } from "../networks/growth.ts";
import { readDocument } from "./markdown.ts";

Deno.test("docs/csv_columns.md lists the columns of the CSV, in their order", () => {
  const rows = readDocument("docs/csv_columns.md").matchAll(/^\| `(\w+)` /gm);
  const { training } = growthSummary();
  assertEquals([...rows].map(([, name]) => name), studyCsvHeading({ training }).trim().split(","));
});
