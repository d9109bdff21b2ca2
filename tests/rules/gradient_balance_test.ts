import { gradientBalance } from "../../src/rules/signal/gradient_balance.ts";
import { branched, limitOf, predicted } from "../networks/predicted.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

Deno.test("gradientBalance passes below a thousandfold of the critical spread and warns above", () => {
  const check = (factor: number) =>
    gradientBalance.check(predicted("relu", Math.SQRT2, { deltas: [factor, 1, 1] }));
  assertEquals(check(999), []);
  assertEquals(check(1 / 999), []);
  const [up] = check(1001);
  assertEquals([up.severity, up.layers], ["warning", ["dense_2", "dense_1"]]);
  const [down] = check(1 / 1001);
  assertEquals(down.layer, "dense_1");
});

Deno.test("gradientBalance allows the drift of a deep critical tanh network, and takes a limit", () => {
  const deep = predicted("tanh", 1, { deltas: Array(30).fill(1), deviations: Array(30).fill(1) });
  assertEquals(gradientBalance.check(deep, { gradientBalance: 1.01 }), []);
});

Deno.test("gradientBalance allows what TensorFlow.js cuts off its normals, and nothing else", () => {
  const all = { deltas: Array(30).fill(1), deviations: Array(30).fill(1) };
  const check = (share: number) =>
    gradientBalance.check(predicted("relu", share * Math.SQRT2, all)).map(({ severity }) =>
      severity
    );
  // 0.88^58 = 1 / 1700.
  assertEquals(check(0.88), []);
  assertEquals(check(0.8), ["warning"]);
  assertEquals(check(1.14), ["warning"]);
});

Deno.test("gradientBalance judges sigmoid against perfect balance", () => {
  const chain = predicted("sigmoid", 1, { deltas: [1, 1, 1, 1], deviations: [1, 1, 1, 1] });
  const [finding] = gradientBalance.check(chain);
  assertEquals(finding.severity, "warning");
});

Deno.test("gradientBalance leaves layers that receive nothing to other rules", () => {
  const found = (...deltas: number[]) =>
    gradientBalance.check(predicted("tanh", 1, { deltas })).map(({ layers }) => layers);
  assertEquals([found(1, 0, 1), found(0, 0, 1), found(0, 0, 0)], [[], [], []]);
  assertEquals(found(1e8, 0, 1), [["dense_3", "dense_1"]]);
});

Deno.test("gradientBalance gives no verdict on narrow layers, and says so", () => {
  const [finding] = gradientBalance.check(predicted("tanh", 1), { minWidth: 65 });
  assertEquals(finding.severity, "note");
  assertStringIncludes(finding.message, "dense_1 has 64 units");
});

Deno.test("gradientBalance only warns in a network of another graph, with room for its width", () => {
  const check = (factor: number) => gradientBalance.check(branched({ deltas: [factor, 1, 1] }));
  const [finding] = check(1e6);
  assertEquals([finding.severity, finding.layer], ["warning", "dense_1"]);
  const limit = limitOf(finding.expected);
  assert(limit > 1000 && limit < 3000, `${limit}`);
  assertEquals([check(0.95 * limit), check(1 / 0.95 / limit)], [[], []]);
  assertEquals([check(1.05 * limit).length, check(1 / 1.05 / limit).length], [1, 1]);
});
