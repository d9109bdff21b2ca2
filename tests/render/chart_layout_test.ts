import { assert, assertEquals } from "@std/assert";
import { linearAxis, logAxis } from "../../src/render/chart_layout.ts";

const labels = (axis: ReturnType<typeof logAxis>) => axis.ticks.map(({ label }) => label);

Deno.test("logAxis() is three decades long at least, so that a healthy spread looks like one", () => {
  const axis = logAxis([0.2, 0.9], 60);
  assertEquals(labels(axis), ["1e-3", "1e-2", "1e-1", "1e0"]);
  assertEquals(axis.position(1), 1);
  assertEquals(axis.position(1e-3), 0);
  assert(axis.position(0.2) > 0.75);
});

Deno.test("logAxis() marks every decade that has room and leaves out others", () => {
  assertEquals(labels(logAxis([2e-6, 0.5], 36)).length, 7);
  assertEquals(labels(logAxis([2e-6, 0.5], 35)), ["1e-6", "1e-4", "1e-2", "1e0"]);
  assertEquals(labels(logAxis([1e-320, 1e308], 40)), ["1e-200", "1e0", "1e200"]);
});

Deno.test("logAxis() stands without any figure", () => {
  assertEquals(labels(logAxis([], 60)), ["1e-3", "1e-2", "1e-1", "1e0"]);
});

Deno.test("linearAxis() goes from zero to a round number", () => {
  assertEquals(labels(linearAxis([3, 7.5], 40)), ["0", "2", "4", "6", "8"]);
  assertEquals(labels(linearAxis([0.99], 39)), ["0", "0.5", "1"]);
  assertEquals(labels(linearAxis([1], 20)), ["0", "0.5", "1"]);
});

Deno.test("linearAxis() holds at the ends of float64", () => {
  for (const figure of [5e-324, 1e-320, Number.MAX_VALUE]) {
    const position = linearAxis([figure], 40).position(figure);
    assert(position > 0 && position <= 1, `${figure}: ${position}`);
  }
});
