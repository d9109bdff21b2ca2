import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { writeVerdictFigures } from "../../tools/generate/write_verdict_figures.ts";

const TABLE = `# Verdicts against training: 9 networks, odd seeds from 0 to 17

These networks were
looked at once (5 networks)
or 2 times (4).

## One pass

| networks | | red: trains/slow/fails | warned | green | of these fail | fail or are slow | of the failing | of the training |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| all      | 9 | 1/2/3 | 4/5/6 | 7/8/9 | x | 10 % | 20 % | 30 % |

## With trial

| networks | | red: trains/slow/fails | warned | green | of these fail | fail or are slow | of the failing | of the training |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| all      | 9 | 0/1/4 | 5/6/7 | 8/9/9 | x | 40 % | 50 % | 60 % |
`;

const GUIDE = "before\n<!-- figures: from x -->\nold\n<!-- end of figures -->\nafter\n";

Deno.test("writeVerdictFigures() puts the figures of all networks between its comments", () => {
  const written = writeVerdictFigures(GUIDE, TABLE);
  assertStringIncludes(written, "Of 9 networks:");
  assertStringIncludes(written, "| error | 1 | 2 | 3 | 0 | 1 | 4 |");
  assertStringIncludes(written, "| a warning at most | 4 | 5 | 6 | 5 | 6 | 7 |");
  assertStringIncludes(written, "| neither | 7 | 8 | 9 | 8 | 9 | 9 |");
  assertStringIncludes(
    written,
    "With the trial, 40 % of the networks with an error fail or are slow",
  );
  assertStringIncludes(
    written,
    "50 % of those that fail have one, and so do 60 % of those that train",
  );
  assertStringIncludes(written, "From one pass alone it is 10 %, 20 %, 30 %.");
  assertStringIncludes(
    written,
    "These networks were looked at once (5 networks) or 2 times (4) while the rules",
  );
  assertEquals(written.includes("old"), false);
  assertEquals([written.startsWith("before\n"), written.endsWith("after\n")], [true, true]);
  assertEquals(writeVerdictFigures(written, TABLE), written);
});

Deno.test("writeVerdictFigures() refuses a table without its columns, and a guide without a place", () => {
  const column = '"One pass" has no column "green" of all networks';
  assertThrows(() => writeVerdictFigures(GUIDE, TABLE.replaceAll("green", "x")), Error, column);
  assertThrows(() => writeVerdictFigures("no place\n", TABLE), Error, "no place for the figures");
});
