import { assertEquals } from "@std/assert";
import { activationMoments, pairMoments } from "../../src/theory/activation_moments.ts";

const NAMES = ["tanh", "sigmoid", "softplus", "relu", "leakyRelu(0.2)", "linear"];

Deno.test("pairMoments() of no variance are the squares there, as of one z alone", () => {
  for (const activation of NAMES) {
    for (const mean of [2, -0.5]) {
      const { mean: value, slopeSquare } = activationMoments(activation, mean, 0)!;
      for (const correlation of [0, 0.4, 1]) {
        const { product, slopeProduct } = pairMoments(activation, mean, 0, correlation);
        const digits = (x: number) => Number(x.toPrecision(4));
        const of = `${activation} ${mean} ${correlation}`;
        assertEquals(digits(product), digits(value ** 2), of);
        assertEquals(digits(slopeProduct), digits(slopeSquare), of);
      }
    }
  }
});
