import { assertEquals } from "@std/assert";
import { isKernel } from "../../src/theory/weight_kinds.ts";

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
