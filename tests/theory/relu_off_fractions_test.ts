import { InputError } from "../../src/words/input_error.ts";
import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { reluOffFractions } from "../../src/theory/relu_off_fractions.ts";
import { measureDense, randomNetwork } from "../networks/dense_network.ts";

Deno.test("reluOffFractions() is 2^-n where examples are independent and 1/2 where they are alike", () => {
  for (const examples of [1, 2, 8]) {
    assertAlmostEquals(reluOffFractions(1, examples)[0], 2 ** -examples, 1e-12);
    for (const share of reluOffFractions(3, examples, { correlation: 1 })) {
      assertAlmostEquals(share, 0.5, 1e-12);
    }
  }
});

Deno.test("reluOffFractions() is 1/2 for one example and 1/4 + arcsin(c) / (2 pi) for two", () => {
  for (const c of [0, 0.3, 0.8, 0.99]) {
    assertAlmostEquals(reluOffFractions(1, 1, { correlation: c })[0], 0.5, 1e-9);
    const expected = 1 / 4 + Math.asin(c) / (2 * Math.PI);
    assertAlmostEquals(reluOffFractions(1, 2, { correlation: c })[0], expected, 1e-9);
  }
});

Deno.test("reluOffFractions() predicts the dead units of random He networks", () => {
  const depth = 10;
  const width = 128;
  const seeds = 8;
  const shares = Array<number>(depth).fill(0);
  for (let seed = 1; seed <= seeds; seed++) {
    const network = { depth, width, activation: "relu", sigma: Math.SQRT2, seed };
    const { layers, inputs } = randomNetwork(network);
    const rows = measureDense(layers, inputs(16)).layers;
    for (let i = 0; i < depth; i++) shares[i] += rows[i].deadFraction! / seeds;
  }
  reluOffFractions(depth, 16).forEach((expected, i) => {
    assertAlmostEquals(shares[i], expected, 0.06);
  });
});

Deno.test("reluOffFractions() grows with depth and falls with the examples", () => {
  const shares = reluOffFractions(30, 32);
  assertEquals(shares, shares.toSorted((a, b) => a - b));
  reluOffFractions(30, 64).forEach((share, i) => assertEquals(share < shares[i], true));
});

Deno.test("reluOffFractions() throws an InputError when a number makes no sense", () => {
  assertThrows(() => reluOffFractions(0, 8), InputError, "depth is 0, expected a whole number");
  assertThrows(
    () => reluOffFractions(3, 1.5),
    InputError,
    "examples is 1.5, expected a whole number",
  );
  assertThrows(
    () => reluOffFractions(3, 8, { correlation: 1.1 }),
    InputError,
    "correlation is 1.1, expected a number from 0 to 1",
  );
  assertThrows(
    () => reluOffFractions(3, 8, { correlation: NaN }),
    InputError,
    "correlation is NaN",
  );
});
