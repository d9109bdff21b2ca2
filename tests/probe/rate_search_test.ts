import { assertEquals } from "@std/assert";
import { usableRates } from "../../src/probe/rate_search.ts";
import { ladderRates } from "../../src/probe/rungs.ts";
import type { TrialVerdict } from "../../src/probe/trial.ts";

interface Ladder {
  optimizer?: string;
  first?: number;
  /** Loss after the steps, by rate; `null` if it was not finite. */
  losses: Record<string, number | null>;
  verdict?: TrialVerdict;
  given?: number;
}

function attempts({ optimizer = "Adam", first = 1, losses, verdict = "slow", given }: Ladder) {
  return Object.entries(losses).map(([rate, last]) => ({
    optimizer,
    learningRate: Number(rate),
    given: Number(rate) === given,
    loss: { first, last: last ?? 0, least: 0 },
    nonFiniteStep: last === null ? 3 : null,
    verdict,
  }));
}

function search(ladder: Ladder, guess: number | null = null) {
  const { rates, usable, suggested } = usableRates(attempts(ladder), guess);
  return {
    usable,
    suggested: suggested?.learningRate,
    each: rates.filter(({ usable }) => usable).map(({ learningRate }) => learningRate),
  };
}

Deno.test("usableRates() suggests the lowest rate at which the loss falls by 80 % of the largest fall", () => {
  const at = (loss: number) =>
    search({ losses: { "0.001": loss, "0.01": 0, "0.03": 0.3 } }).suggested;
  assertEquals([at(0.21), at(0.199)], [0.01, 0.001]);
});

Deno.test("usableRates() calls a rate usable if the loss falls at least half as far", () => {
  const at = (loss: number) => search({ losses: { "0.001": loss, "0.01": 0 } });
  assertEquals(at(0.51).usable, { from: 0.01, to: 0.01 });
  assertEquals(at(0.5).usable, { from: 0.001, to: 0.01 });
});

Deno.test("usableRates() calls a rate usable that learns, however far others get", () => {
  const losses = { "0.001": 0.8, "0.01": 0 };
  assertEquals(search({ losses, verdict: "learns" }).each, [0.001, 0.01]);
  assertEquals(search({ losses }).each, [0.01]);
});

Deno.test("usableRates() names the rates around the suggested one, not those beyond a gap", () => {
  const losses = {
    "0.0001": 0.3,
    "0.0003": 0.9,
    "0.001": 0.4,
    "0.003": 0,
    "0.01": null,
    "0.03": 0,
  };
  const found = search({ losses });
  assertEquals(found.usable, { from: 0.001, to: 0.003 });
  assertEquals(found.each, [0.0001, 0.001, 0.003, 0.03]);
});

Deno.test("usableRates() keeps away from the edge: it takes the usable rate below the last one", () => {
  const at = (below: number, above: number | null) =>
    search({ losses: { "0.001": below, "0.003": 0, "0.01": above } }).suggested;
  assertEquals([at(0.5, 0.5), at(0.5, null), at(0.51, null)], [0.003, 0.001, 0.003]);
  // A rate below the usual ones would be warned about.
  const low = { "0.00003": 0.5, "0.0001": 0, "0.0003": null };
  assertEquals(search({ losses: low }).suggested, 1e-4);
});

Deno.test("usableRates() suggests nothing if the loss falls by less than 1 % at every rate", () => {
  const at = (loss: number) => search({ losses: { "0.001": loss, "0.01": 2, "0.03": null } });
  assertEquals(at(0.991), { usable: null, suggested: undefined, each: [] });
  assertEquals(at(0.989).suggested, 0.001);
});

Deno.test("usableRates() measures the fall from guessing if the loss starts above it", () => {
  const ladder: Ladder = { first: 1000, losses: { "0.001": 2, "0.01": 0.1 } };
  // From 1000, both fall by more than 99 %.
  assertEquals(search(ladder).suggested, 0.001);
  assertEquals(search(ladder, 2.3).suggested, 0.01);
  assertEquals(search(ladder, 2.3).usable, { from: 0.01, to: 0.01 });
});

Deno.test("usableRates() prefers a usual rate", () => {
  const losses = { "0.00003": 0.05, "0.0001": 0.04, "0.1": 0 };
  assertEquals(search({ losses }).suggested, 1e-4);
  assertEquals(search({ losses: { ...losses, "0.0001": 0.25 } }).suggested, 3e-5);
});

Deno.test("usableRates() takes the optimizer that learns if there are two", () => {
  const slow = attempts({ losses: { "0.001": 0.2 } });
  const descent = { optimizer: "SGD", losses: { "0.01": 0.2 } };
  const chosen = (verdict: TrialVerdict) =>
    usableRates([...slow, ...attempts({ ...descent, verdict })], null).suggested;
  assertEquals(chosen("learns"), { optimizer: "SGD", learningRate: 0.01 });
  assertEquals(chosen("slow"), { optimizer: "Adam", learningRate: 0.001 });
});

Deno.test("ladderRates() goes from a tenth of the least usual rate to ten times the largest", () => {
  assertEquals(ladderRates({ least: 1e-4, most: 0.03 }), [
    1e-5,
    3e-5,
    1e-4,
    3e-4,
    1e-3,
    3e-3,
    0.01,
    0.03,
    0.1,
    0.3,
  ]);
  assertEquals(ladderRates({ least: 0.011, most: 0.09 }), [3e-3, 0.01, 0.03, 0.1, 0.3]);
});
