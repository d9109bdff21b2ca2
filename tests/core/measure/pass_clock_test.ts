import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Layer } from "../../../src/engine/tensorflow.ts";
import type { PassProgress } from "../../../src/core/measure/measure_options.ts";
import { PassClock } from "../../../src/core/measure/pass_clock.ts";

const layer = (name: string) => ({ name }) as unknown as Layer;

const A = layer("a");
const B = layer("b");

/** A clock of two layers, one of which takes 8 operations and the other none, and what it tells. */
function clock(parts: number, operations: [Layer, number][] = [[A, 8]]) {
  const told: PassProgress[] = [];
  const made = new PassClock([A, B], new Map(operations), parts, (one) => told.push(one));
  return { clock: made, told };
}

Deno.test("PassClock counts backward twice, and a fixed cost for layers without products", () => {
  const { clock: one, told } = clock(1);
  one.begin();
  for (const phase of ["forward", "backward"] as const) {
    for (const layer of [A, B]) one.see(phase, layer);
  }
  assertEquals(told.map(({ phase, done, total }) => [phase, done, total]), [
    ["forward", 1, 2],
    ["forward", 2, 2],
    ["backward", 1, 2],
    ["backward", 2, 2],
  ]);
  // The fixed cost is a fifth of the mean, 0.8: 8.8 and 0.8 of 9.6, of which a pass takes 28.8.
  const shares = [8.8, 9.6, 27.2, 28.8].map((done) => done / 28.8);
  told.forEach(({ share }, i) => assertAlmostEquals(share, shares[i]));
  assertEquals(told.some((progress) => "part" in progress || "parts" in progress), false);
});

Deno.test("PassClock gives every layer the same share if none has products", () => {
  const { clock: one, told } = clock(1, []);
  one.begin();
  one.see("forward", B);
  assertAlmostEquals(told[0].share, 1 / 6);
});

Deno.test("PassClock counts a layer once in each phase of a part", () => {
  const { clock: one, told } = clock(1);
  one.begin();
  one.see("forward", A);
  one.see("forward", A);
  assertEquals(told.length, 1);
  one.see("backward", A);
  one.begin();
  one.see("forward", A);
  assertEquals(told.map(({ done }) => done), [1, 1, 1]);
});

Deno.test("PassClock counts one more forward pass for each of several parts", () => {
  const { clock: one, told } = clock(2);
  one.swept();
  one.swept();
  assertEquals(told.map(({ phase, done, part, parts }) => [phase, done, part, parts]), [
    ["forward", 2, 1, 2],
    ["forward", 2, 2, 2],
  ]);
  // Each part takes 4 sweeps: one before, one forward, and two backward.
  told.forEach(({ share }, i) => assertAlmostEquals(share, (i + 1) / 8));
  one.begin();
  one.see("forward", A);
  // Layers that did not run do not run any more.
  one.begin();
  one.see("forward", A);
  for (const phase of ["forward", "backward"] as const) {
    for (const layer of [A, B]) one.see(phase, layer);
  }
  const rest = told.slice(2);
  assertEquals(rest.map(({ part }) => part), [1, 2, 2, 2, 2]);
  const sweep = 9.6, all = 8 * sweep;
  const shares = [2 * sweep + 8.8, 5 * sweep + 8.8, 6 * sweep, 6 * sweep + 17.6, 8 * sweep];
  rest.forEach(({ share }, i) => assertAlmostEquals(share, shares[i] / all));
});

Deno.test("PassClock says at most all", () => {
  const { clock: one, told } = clock(1);
  one.begin();
  for (let i = 0; i < 3; i++) {
    one.begin();
    for (const layer of [A, B]) one.see("backward", layer);
  }
  assertEquals(told.at(-1)!.share, 1);
});
