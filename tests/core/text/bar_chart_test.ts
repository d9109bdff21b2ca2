import { InputError } from "../../../src/ground/words/input_error.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { getColorEnabled, setColorEnabled, stripAnsiCode } from "@std/fmt/colors";
import {
  barChart,
  type BarChartRow,
  besideLayouts,
  type ChartLayout,
  chartLayout,
  isWide,
  reasonWidth,
} from "../../../src/core/text/bar_chart.ts";

const rows: BarChartRow[] = [
  { label: "dense_1", value: 0, mark: "error" },
  { label: "dense_2", value: 4.2e-5, mark: "warning" },
  { label: "dense_3", value: 0.99 },
  { label: "dense_4", value: null, reason: "frozen" },
  { label: "dense_5", value: NaN },
  { label: "dense_6", value: Infinity, reason: "overflow" },
];

Deno.test("barChart() draws decades, zero without a bar, and NaN as such", () => {
  assertEquals(
    "\n" + barChart(rows, { width: 50 }),
    `
                         1e-4       1e-2       1e0
! dense_1         0 |     :          :           :
? dense_2    4.2e-5 |#### :          :           :
  dense_3      0.99 |#############################
  dense_4         - | frozen
  dense_5       NaN |     :          :           :
  dense_6  Infinity | overflow`,
  );
});

Deno.test("barChart() draws eighth blocks when unicode is on", () => {
  assertEquals(
    "\n" + barChart(rows, { width: 50, unicode: true }),
    `
                         1e-4       1e-2       1e0
! dense_1         0 │     ┊          ┊           ┊
? dense_2    4.2e-5 │███▋ ┊          ┊           ┊
  dense_3      0.99 │█████████████████████████████
  dense_4         - │ frozen
  dense_5       NaN │     ┊          ┊           ┊
  dense_6  Infinity │ overflow`,
  );
});

Deno.test("barChart() draws lengths in proportion on a linear scale", () => {
  const shares = [{ label: "a", value: 0.25 }, { label: "b", value: 0.5 }, {
    label: "c",
    value: 1,
  }];
  assertEquals(
    "\n" + barChart(shares, { width: 40, scale: "linear" }),
    `
          0             0.5            1
  a  0.25 |#######       :             :
  b   0.5 |###############             :
  c     1 |#############################`,
  );
});

Deno.test("barChart() shows the smallest figure as a bar, so that it differs from zero", () => {
  const tiny = [{ label: "a", value: 1e-9 }, { label: "b", value: 0 }, { label: "c", value: 1 }];
  const [, a, b] = barChart(tiny, { width: 40, scale: "linear" }).split("\n");
  assert(a.includes("|#"));
  assert(!b.includes("#"));
});

Deno.test("barChart() writes columns behind the bars as far as there is room", () => {
  const columns = { sat: "99%", zero: "5%" };
  const both = barChart([{ label: "dense_1", value: 1, columns }], { width: 45 });
  assert(both.includes("sat  zero") && both.endsWith("99%    5%"), both);
  const first = barChart([{ label: "dense_1", value: 1, columns }], { width: 44 });
  assert(first.includes("sat") && !first.includes("zero"), first);
  const none = barChart([{ label: "dense_1", value: 1, columns }], { width: 30 });
  assert(!none.includes("sat"), none);
});

Deno.test("barChart() repeats the axis under a chart that is longer than a screen", () => {
  const many = (count: number) =>
    barChart(Array.from({ length: count }, (_, i) => ({ label: `l${i}`, value: 1 }))).split("\n");
  assertEquals(many(30).length, 31);
  assertEquals(many(31).length, 33);
  assertEquals(many(31)[32], many(31)[0]);
});

Deno.test("barChart() draws evenly spaced rows, the first and the last among them, up to maxRows", () => {
  const many = Array.from({ length: 9 }, (_, i) => ({ label: `layer_${i}`, value: i }));
  const labelsOf = (chart: string) => chart.match(/layer_\d/g);
  const chart = barChart(many, { maxRows: 3 });
  assertEquals(labelsOf(chart), ["layer_0", "layer_4", "layer_8"]);
  assert(chart.endsWith("\n  (3 of 9 rows)"));
  assertEquals(labelsOf(barChart(many, { maxRows: 9 }))?.length, 9);
  assert(!barChart(many, { maxRows: 9 }).includes("rows)"));
});

Deno.test("barChart() shows the row's own words in place of the figure", () => {
  const chart = barChart([{ label: "a", value: NaN, figure: "NaN/Inf", reason: "3 of 4" }]);
  assert(chart.includes("a  NaN/Inf | 3 of 4"), chart);
});

Deno.test("barChart() cuts a reason that is too long and escapes control characters", () => {
  const row = { label: "a\x1b[2J", value: null, reason: "r\n".repeat(40) };
  const lines = barChart([row], { width: 40 }).split("\n");
  assertEquals(lines.length, 2);
  assert(lines[1].includes("a\\x1b[2J") && lines[1].endsWith(".."), lines[1]);
  assertEquals(lines[1].length, 40);
});

Deno.test("barChart() colours by the mark when told, whatever the process does, and leaves no trace", () => {
  const before = getColorEnabled();
  try {
    for (const enabled of [true, false]) {
      setColorEnabled(enabled);
      const colored = barChart(rows, { color: true });
      // NO_COLOR is the reader's word, and stands above the caller's.
      assertEquals(colored.includes("\x1b[31m! dense_1"), !Deno.noColor);
      assertEquals(colored.includes("\x1b[33m? dense_2"), !Deno.noColor);
      assertEquals(stripAnsiCode(colored), barChart(rows));
      assert(!barChart(rows).includes("\x1b"));
      assertEquals(getColorEnabled(), enabled && !Deno.noColor);
    }
  } finally {
    setColorEnabled(before);
  }
});

Deno.test("barChart() is 80 columns wide, and keeps maxRows rows and no fewer", () => {
  assertEquals(barChart(rows), barChart(rows, { width: 80 }));
  assertEquals(barChart(rows, { maxRows: rows.length }), barChart(rows));
});

Deno.test("barChart() throws an InputError when width or maxRows is out of range", () => {
  assertEquals(barChart(rows, { width: 20 }).split("\n").length, 7);
  for (const width of [19, 20.5, NaN, Infinity]) {
    assertThrows(
      () => barChart(rows, { width }),
      InputError,
      `width is ${width}, expected a whole number of at least 20`,
    );
  }
  assertEquals(barChart(rows, { maxRows: 2 }).split("\n").length, 4);
  for (const maxRows of [1, 2.5, NaN]) {
    assertThrows(
      () => barChart(rows, { maxRows }),
      InputError,
      `maxRows is ${maxRows}, expected a whole`,
    );
  }
});

/** The longer name takes `length` columns. */
const named = (length: number, value: number): BarChartRow[] => [
  { label: "x".repeat(length), value },
  { label: "y", value: 1 },
];

const sizesOf = ({ label, figure, bar }: ChartLayout) => [label, figure, bar];

Deno.test("chartLayout() gives names a third of the line, unless fewer leave room for a bar", () => {
  const of = (length: number, width: number) =>
    sizesOf(chartLayout(named(length, 0.031), { width }));
  assertEquals(of(3, 60), [3, 5, 46]);
  assertEquals(of(40, 60), [21, 5, 28]);
  assertEquals([of(40, 36), of(40, 35), of(40, 34)], [[5, 5, 20], [4, 5, 20], [4, 5, 19]]);
  assertEquals([of(3, 78), of(3, 79), of(3, 120)], [[3, 5, 64], [3, 5, 64], [3, 5, 64]]);
  assertEquals(of(3, 77), [3, 5, 63]);
  assertEquals(sizesOf(chartLayout([], { width: 60 })), [1, 1, 52]);
  assertEquals(chartLayout([], {}), chartLayout([], { width: 80 }));
});

Deno.test("chartLayout() drops the last columns first, and those without a figure", () => {
  const rows: BarChartRow[] = [
    { label: "a", value: 1, columns: { sat: "25%", dead: "" } },
    { label: "b", value: 2, columns: { sat: "", dead: "", note: "12345" } },
  ];
  const of = (width: number) => {
    const layout = chartLayout(rows, { width });
    return [layout.bar, [...layout.columns].join(" ")];
  };
  assertEquals([of(40), of(39)], [[20, "sat,3 note,5"], [26, "sat,3"]]);
  assertEquals([of(33), of(32)], [[20, "sat,3"], [24, ""]]);
  // A reason takes the place of columns that its row has not.
  const layout = chartLayout(rows, { width: 80 });
  assertEquals(reasonWidth(rows[0], layout), 59);
  assertEquals(reasonWidth({ label: "c", value: null }, layout), 71);
});

Deno.test("besideLayouts() shares the line among charts, between 16 and 40 columns each", () => {
  const of = (width: number, length = 10) =>
    besideLayouts([1, 0.031, 1.5e-5].map((value) => named(length, value)), width).map(sizesOf);
  assertEquals(of(100), [[10, 1, 21], [10, 5, 21], [10, 6, 21]]);
  assertEquals(of(110).map(([, , bar]) => bar), [24, 24, 24]);
  assertEquals([of(156)[0][2], of(155)[0][2], of(200)[0][2]], [40, 39, 40]);
  // Long names leave room for the smallest bars.
  assertEquals(of(100, 80), [[26, 1, 16], [26, 5, 16], [26, 6, 16]]);
  assertEquals(besideLayouts([named(80, 1), named(80, 1)], 100).map(sizesOf)[0], [35, 1, 26]);
  assertEquals(besideLayouts([[], []], 100).map(sizesOf), [[1, 1, 40], [1, 1, 40]]);
  assertEquals([isWide(99), isWide(100)], [false, true]);
});

Deno.test("barChart() draws lightly from the figure of a row up to its largest", () => {
  const ranges: BarChartRow[] = [
    { label: "a", value: 0.25, upTo: 0.5 },
    { label: "b", value: 0.25, upTo: 0.25 },
    { label: "c", value: 0, upTo: 0.01 },
    { label: "d", value: 1, upTo: 0.5 },
    { label: "e", value: null, upTo: 0.75, reason: "none" },
    { label: "f", value: 0.5, upTo: NaN },
  ];
  assertEquals(
    "\n" + barChart(ranges, { width: 40, scale: "linear" }),
    `
          0             0.5            1
  a  0.25 |#######--------             :
  b  0.25 |#######       :             :
  c     0 |-             :             :
  d     1 |#############################
  e     - |----------------------      :
  f   0.5 |###############             :`,
  );
  const [, a, b] = barChart(ranges, { width: 40, scale: "linear", unicode: true }).split("\n");
  assertEquals([a, b], [
    "  a  0.25 │███████▎░░░░░░░             ┊",
    "  b  0.25 │███████▎      ┊             ┊",
  ]);
});

Deno.test("barChart() writes columns behind a reason, or the reason over columns that are empty", () => {
  const reason = "a reason that takes the whole line and more";
  assertEquals(
    "\n" + barChart([
      { label: "a", value: 1, columns: { sat: "99%" } },
      { label: "b", value: null, reason: "frozen", columns: { sat: "9%" } },
      { label: "c", value: null, reason },
    ], { width: 40 }),
    `
       1e-3    1e-2     1e-1    1e0  sat
  a  1 |###########################  99%
  b  - | frozen                       9%
  c  - | a reason that takes the whole..`,
  );
});
