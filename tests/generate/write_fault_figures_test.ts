import { assertEquals, assertThrows } from "@std/assert";
import { writeFaultFigures } from "../../tools/generate/write_fault_figures.ts";

const table = (share: string) =>
  `# Faults

| figure | programs |
| --- | --- |
| SICK that fail | ${share} |

| tool | names the fault | gradient-health, first cause |
| --- | --- | --- |
| DeepFD | 1/2 = 50 % | ${share} |
`;
const GUIDE = "before\n<!-- faults: from x -->\nold\n<!-- end of faults -->\nafter\n";

Deno.test("writeFaultFigures() puts both tables and the results of others between its comments", () => {
  const written = writeFaultFigures(GUIDE, table("3/4 = 75 %"), table("2/2 = 100 %"));
  assertEquals(
    written,
    `before
<!-- faults: from x -->

| programs and their repairs | tuned on | held out |
| --- | --- | --- |
| SICK that fail | 3/4 = 75 % | 2/2 = 100 % |

| tool | names the fault, held out | gradient-health on the same |
| --- | --- | --- |
| DeepFD | 1/2 = 50 % | 2/2 = 100 % |

<!-- end of faults -->
after
`,
  );
  assertThrows(() => writeFaultFigures("no place", table("1"), table("1")), Error, "no place");
  assertThrows(() => writeFaultFigures(GUIDE, table("1"), "empty"), Error, "figure");
});
