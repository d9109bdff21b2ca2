import { assertEquals } from "@std/assert";
import { isBias, isKernel, isShift } from "../../src/theory/weight_kinds.ts";

Deno.test("isKernel() tells what mixes units from what stands beside them", () => {
  const of = (name: string, ...shape: number[]) => isKernel({ name, shape });
  for (
    const name of [
      "dense/kernel",
      "lstm/recurrent_kernel",
      "rnn/kernel_2",
      "embedding/embeddings",
      "conv/depthwise_kernel",
      "alpha/kernel",
      "own/w",
      "own/biased",
    ]
  ) {
    assertEquals([of(name, 3, 4), of(name, 3, 3, 1, 2), of(name, 4), of(name)], [
      true,
      true,
      false,
      false,
    ], name);
  }
  for (
    const name of [
      "p_re_lu/alpha",
      "norm/gamma",
      "norm/beta",
      "norm/moving_mean",
      "norm/beta_2",
      "bias",
    ]
  ) {
    assertEquals(of(name, 8, 8, 16), false, name);
  }
});

Deno.test("isBias() and isShift() take vectors by their names, and nothing else", () => {
  const bias = { name: "dense/bias", shape: [4] };
  assertEquals([isBias(bias), isShift(bias)], [true, true]);
  const beta = { name: "norm/beta", shape: [4] };
  assertEquals([isBias(beta), isShift(beta)], [false, true]);
  for (const shape of [[], [4, 4]]) {
    assertEquals([isBias({ ...bias, shape }), isShift({ ...bias, shape })], [false, false]);
  }
  for (const name of ["dense/kernel", "dense/unbiased", "norm/gamma"]) {
    assertEquals([isBias({ name, shape: [4] }), isShift({ name, shape: [4] })], [false, false]);
  }
});
