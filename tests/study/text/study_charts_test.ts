import { assert, assertEquals } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { renderStudy } from "../../../src/study/text/render_study.ts";
import {
  heatRow,
  ratioPlot,
  scaleColumns,
  shadesLegend,
} from "../../../src/study/text/study_charts.ts";
import { summarizeStudy } from "../../../src/study/study.ts";
import { makeHeader, makePoints } from "../../networks/studies.ts";

const ASCII = { unicode: false, color: false };
const UNICODE = { unicode: true, color: false };
/** A cell just below each limit, then zero, NaN, infinity and nothing. */
const CELLS = [9e-9, 9e-7, 9e-5, 9e-3, 0.9, 90, 9e3, 9e5, 1e6, 0, NaN, Infinity, null];

Deno.test("heatRow() has a sign for each size, in ASCII and in Unicode", () => {
  assertEquals(heatRow(CELLS, 1, ASCII), ".:-=+*#%@ !!?");
  assertEquals(heatRow(CELLS, 1, UNICODE), "·▁▂▃▄▅▆▇█ !!?");
  assertEquals(heatRow([1e-8, 1, -1, 1e6], 2, ASCII), "::****@@");
});

Deno.test("heatRow() colours by size, cold where it is small and hot where it is large", () => {
  const colored = heatRow(CELLS, 1, { unicode: false, color: true });
  assertEquals(stripAnsiCode(colored), heatRow(CELLS, 1, ASCII));
  if (Deno.noColor) return;
  const paint = (code: number, text: string) => `\x1b[${code}m${text}\x1b[39m`;
  assertEquals(
    colored,
    [paint(34, ".:"), paint(36, "-="), paint(32, "+*"), paint(33, "#"), paint(31, "%@")].join("") +
      ` ${paint(31, "!!")}?`,
  );
});

Deno.test("shadesLegend() says what each sign means", () => {
  assertEquals(
    shadesLegend(ASCII).replaceAll("\u00a0", " "),
    "Shades: blank 0, . below 1e-8, : 1e-6, - 1e-4, = 0.01, + 1, * 100, # 1e4, % 1e6, @ above, " +
      "! NaN or infinite.",
  );
  for (const sign of "·▁▂▃▄▅▆▇█") assert(shadesLegend(UNICODE).includes(`${sign}\u00a0`), sign);
});

Deno.test("ratioPlot() marks what was measured, what theory says, and both", () => {
  const quartiles = (median: number) => ({ median, lower: median / 100, upper: median });
  const curve = {
    first: "a",
    last: "b",
    band: { from: 1e-3, to: 1e3 },
    measured: [1, 1, 1e6].map(quartiles),
    predicted: [1, 1e-6, null],
  };
  const columns = scaleColumns([1, 2, 3], 3);
  const plot = (style: typeof ASCII) => ratioPlot(curve, columns, 5, style);
  const lines = plot(ASCII);
  assertEquals(lines[2], "  1e6 |  *");
  assertEquals(lines[4], "  1e3 |---");
  assertEquals(lines[6], "    1 |@*");
  assertEquals(lines[10], " 1e-6 | o");
  assertEquals(plot(UNICODE)[6], "    1 │◉●");
  assertEquals(plot(UNICODE)[4], "  1e3 │───");
  const colored = plot({ unicode: false, color: true });
  assertEquals(colored.map(stripAnsiCode).map((line) => line.trimEnd()), lines);
  if (Deno.noColor) return;
  // In the band it is green, beyond it red.
  assert(colored[6].includes("\x1b[32m@\x1b[39m"));
  assert(colored[2].includes("\x1b[31m*\x1b[39m"));
});

Deno.test("ratioPlot() leaves out what was not measured, and keeps what is beyond the plot at its edge", () => {
  const quartiles = (median: number) => ({ lower: median, median, upper: median });
  const measured = [null, quartiles(NaN), quartiles(1e30), quartiles(0), quartiles(1e9)];
  const curve = { first: "a", last: "b", measured, predicted: [null], band: { from: 1, to: 1e3 } };
  const columns = { shown: [0, 1, 2, 3, 4], cell: 1, axis: "" };
  const rows = ratioPlot(curve as never, columns, 4, { unicode: false, color: false });
  const marked = rows.map((row, i) => [i, row.slice(6)] as const).filter(([, text]) => text !== "");
  assertEquals(marked, [[0, "  * *"], [4, "-----"], [6, "-----"], [12, "   *"]]);
});

Deno.test("renderStudy() draws and colours as it is told, and says the same", () => {
  const header = makeHeader({ scales: [1e-3, 1, 1e3], activations: ["tanh"], seeds: 1 });
  const points = makePoints(header, (i) => ({ healthy: i === 1, failed: [] }));
  const summary = summarizeStudy({ ...header, points });
  const plain = renderStudy(summary);
  // deno-lint-ignore no-control-regex
  assert(/^[\x00-\x7f]*$/.test(plain));
  const unicode = renderStudy(summary, { unicode: true });
  assert(/dense_1 +│▄+│/.test(unicode), unicode);
  assertEquals(stripAnsiCode(renderStudy(summary, { color: true })), plain);
  assertEquals(stripAnsiCode(renderStudy(summary, { color: true, unicode: true })), unicode);
});

Deno.test("scaleColumns() leaves scales out evenly, but not the one to keep, and labels decades", () => {
  const of = (scales: number[], width: number, kept: number | null = null) => {
    const { shown, cell, axis } = scaleColumns(scales, width, kept);
    return [shown.join(" "), cell, axis];
  };
  const decades = [0.001, 0.01, 0.1, 1, 10, 100];
  assertEquals(of(decades, 36), ["0 1 2 3 4 5", 6, " 1e-3  1e-2  0.1    1     10   100"]);
  assertEquals(of(decades, 35), ["0 1 2 3 4 5", 5, " 1e-3 1e-2 0.1   1    10  100"]);
  assertEquals(of(decades, 3), ["0 3 5", 1, "1e-3"]);
  assertEquals(of(decades, 3, 2)[0], "0 2 5");
  assertEquals(of(decades, 1), ["0", 1, "1/1000"]);
  // Three decades are labelled alone; with fewer, every scale that has room.
  assertEquals(of([0.1, 0.5, 1, 5, 10], 30)[2], " 0.1          1           10");
  assertEquals(of([0.5, 1, 2, 10], 24)[2], " 0.5    1     2     10");
  assertEquals(of([0.5, 1, 2, 10], 8)[2], "0.5 2 10");
});
