import { assertEquals } from "@std/assert";
import { renderTable } from "../../bench/render_table.ts";
import { isMet, ratioOf, type Row } from "../../bench/row.ts";

const row = (more: Partial<Row>): Row => ({ what: "a pass", figure: 3, unit: "ms", ...more });

Deno.test("ratioOf() is the figure over what it is held against", () => {
  assertEquals(ratioOf(row({ against: { what: "stock", figure: 6 } })), 0.5);
  assertEquals(ratioOf(row({})), NaN);
});

Deno.test("isMet() holds the figure or the ratio against both bounds, which belong to them", () => {
  const against = { what: "stock", figure: 2 };
  for (
    const [target, met] of [
      [{ of: "figure", most: 3 }, true],
      [{ of: "figure", most: 2.9 }, false],
      [{ of: "figure", least: 3 }, true],
      [{ of: "figure", least: 3.1 }, false],
      [{ of: "ratio", most: 1.5 }, true],
      [{ of: "ratio", most: 1.4 }, false],
      [{ of: "ratio", least: 1.5 }, true],
      [{ of: "ratio", least: 1.6 }, false],
      [undefined, null],
    ] as const
  ) assertEquals(isMet(row({ against, target })), met, JSON.stringify(target));
  // What could not be measured is not met.
  assertEquals(isMet(row({ figure: NaN, target: { of: "figure", most: 3 } })), false);
  assertEquals(isMet(row({ target: { of: "ratio", most: 3 } })), false);
});

Deno.test("renderTable() writes a line for each row, and counts", () => {
  const text = renderTable({
    kernels: [
      row({ against: { what: "stock", figure: 1.5 }, target: { of: "ratio", most: 1.6 } }),
      row({ what: "another", figure: 1234.5, against: { what: "stock", figure: 123450 } }),
    ],
    peak: [row({ figure: 123.4, unit: "G/s", target: { of: "figure", least: 100 } })],
  });
  assertEquals(
    text,
    `\
bench    what      figure  against   figure  ratio  target
kernels  a pass      3 ms  stock    1.50 ms   2.00  <= 1.6      MISSED
kernels  another    1.2 s  stock    123.5 s  0.010
peak     a pass   123 G/s                           >= 100 G/s  met

1 met, 1 missed`,
  );
});
