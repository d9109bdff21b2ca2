import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatFigure } from "../../src/render/format_figure.ts";

Deno.test("formatFigure() keeps three significant digits at most", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [-0, "0"],
    [4.2013e-7, "4.2e-7"],
    [1e-320, "1e-320"],
    [0.00099949, "9.99e-4"],
    [0.00099951, "0.001"],
    [0.001234, "0.00123"],
    [0.34567, "0.346"],
    [0.5, "0.5"],
    [1, "1"],
    [1.1625, "1.16"],
    [-12.345, "-12.3"],
    [999.6, "1000"],
    [1000, "1000"],
    [4021, "4021"],
    [9999.4, "9999"],
    [9999.6, "1e4"],
    [-9999.6, "-1e4"],
    [12345, "1.23e4"],
    [1.7976931348623157e308, "1.8e308"],
    [NaN, "NaN"],
    [Infinity, "Infinity"],
    [-Infinity, "-Infinity"],
  ];
  for (const [figure, text] of cases) assertEquals(formatFigure(figure), text);
});

Deno.test("formatFigure() stays within half a percent and ten characters", () => {
  fc.assert(fc.property(fc.double({ noNaN: true }), (figure) => {
    const text = formatFigure(figure);
    assert(text.length <= 10, text);
    // Below 1e-307 float64 itself has too few digits to ask for half a percent.
    if (!Number.isFinite(figure) || Math.abs(figure) < 1e-307) return;
    const read = Number(text);
    assert(!Number.isFinite(read) || Math.abs(read - figure) <= Math.abs(figure) * 5e-3, text);
  }));
});
