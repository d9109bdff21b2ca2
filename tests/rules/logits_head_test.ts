import type { Head } from "../../src/rules/network/heads.ts";
import { headMismatch } from "../../src/rules/task/output_head.ts";
import { assertEquals } from "@std/assert";

const LOSSES = [
  "categoricalCrossentropyFromLogits",
  "sparseCategoricalCrossentropyFromLogits",
  "binaryCrossentropyFromLogits",
];

/** Severity and kind of what is wrong with a head under each loss from logits; `null` for nothing. */
function judged(activation: string): (string | null)[] {
  return LOSSES.map((loss) => {
    const head = { activation, units: 3, before: null, output: null, layer: {} } as unknown as Head;
    const found = headMismatch(loss, head, null);
    return found === null ? null : `${found.severity} ${found.kind}`;
  });
}

Deno.test("a linear head fits a loss from logits, and one that ends in softmax or sigmoid does not", () => {
  for (const activation of ["linear", "leakyRelu", "elu", "swish"]) {
    assertEquals(judged(activation), [null, null, null]);
  }
  for (const activation of ["softmax", "sigmoid"]) {
    assertEquals(judged(activation), [
      "warning from-logits",
      "warning from-logits",
      "error from-logits",
    ]);
  }
});

Deno.test("logits that a head bounds are judged by what the loss makes of them", () => {
  const oneSided = [
    "warning one-sided-logits",
    "warning one-sided-logits",
    "error one-sided-logits",
  ];
  for (const activation of ["relu", "relu6", "softplus"]) {
    assertEquals(judged(activation), oneSided);
  }
  assertEquals(judged("tanh"), Array(3).fill("warning bounded-logits"));
});
