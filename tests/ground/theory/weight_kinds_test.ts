import { assertEquals } from "@std/assert";
import {
  isBias,
  isKernel,
  isRecurrentKernel,
  isShift,
  normalizationWeight,
} from "../../../src/ground/theory/weight_kinds.ts";

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
      "fc/weight_scale",
      "fc/weight_scale_inv",
      "fc/scales",
      "fc/absmax",
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

Deno.test("normalizationWeight() knows Keras's names and PyTorch's", () => {
  const keras = ["bn/gamma", "bn/beta", "bn/moving_mean_1", "bn/moving_variance"];
  const torch = ["block.bn.weight", "block.bn.bias", "bn.running_mean", "bn.running_var"];
  for (const names of [keras, torch]) {
    const weights = names.map((name) => ({ name }));
    const parts = ["gamma", "beta", "moving_mean", "moving_variance"] as const;
    assertEquals(parts.map((part) => normalizationWeight(weights, part)?.name), names);
    assertEquals(normalizationWeight(weights, "scale"), undefined);
  }
  assertEquals(normalizationWeight([{ name: "bn.weight_g" }], "gamma"), undefined);
});

Deno.test("isRecurrentKernel() knows Keras's name and PyTorch's", () => {
  const of = (name: string) => isRecurrentKernel({ name });
  assertEquals(
    ["gru/recurrent_kernel", "rnn.weight_hh_l0_reverse", "cell.weight_hh"].map(of),
    [true, true, true],
  );
  assertEquals(["gru/kernel", "rnn.weight_ih_l0"].map(of), [false, false]);
});
