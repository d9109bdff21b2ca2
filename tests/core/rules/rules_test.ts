import { matchesBaseline } from "../../../src/core/rules/matches_baseline.ts";
import { MODEL_RULES, RULES } from "../../../src/core/rules/rules.ts";
import { THRESHOLDS } from "../../../src/core/rules/register_rule.ts";
import { makeMeasurements } from "../../networks/measurements.ts";
import { assertEquals, assertMatch } from "@std/assert";

Deno.test("THRESHOLDS states a default in its range, a unit and a source for each", () => {
  for (
    const [name, { default: value, range: [low, high], unit, source }] of Object.entries(THRESHOLDS)
  ) {
    assertEquals(value >= low && value <= high, true, name);
    assertEquals([unit, source].every((text) => text.length > 0), true, name);
  }
});

Deno.test("RULES are documented, uniquely named, and read every threshold", () => {
  const all = [...RULES, matchesBaseline(makeMeasurements())];
  const names = all.map(({ name }) => name);
  assertEquals(new Set(names).size, names.length);
  const read = new Set(
    [...all, ...MODEL_RULES].flatMap(({ thresholds }) => Object.keys(thresholds)),
  );
  assertEquals([...read].toSorted(), Object.keys(THRESHOLDS).toSorted());
  for (const rule of all) {
    for (
      const key of ["summary", "formula", "source", "misleads", "fix"] as const
    ) {
      assertMatch(rule[key]!, /\S.*\.$/s, `${rule.name}: ${key}`);
    }
    assertMatch(rule.assertion, /^assert[A-Z]/);
  }
});

Deno.test("RULES state a rate of false positives unless the networks it is counted on cannot break them", () => {
  // The networks have standard normal inputs, zero biases, heads that fit, no optimizer, no dropout.
  const unbreakable = [
    "input-normalized",
    "target-normalized",
    "bias-init",
    // It judges files of weights alone.
    "blocks-alike",
    "output-head",
    "architecture",
    "regularization",
    "learning-rate",
  ];
  for (const { name, falsePositives = "" } of RULES) {
    assertEquals(falsePositives === "", unbreakable.includes(name), name);
    if (falsePositives !== "") assertMatch(falsePositives, /\S.*\.$/s, name);
  }
});

Deno.test("causeOrder puts first what breaks a pass, then what goes in, the head, the weights and the loss", () => {
  const causes = RULES.filter(({ causeOrder }) => causeOrder !== undefined)
    .toSorted((a, b) => a.causeOrder! - b.causeOrder!);
  assertEquals(causes.map(({ name }) => name), [
    "non-finite",
    "input-normalized",
    "target-normalized",
    "output-head",
    "architecture",
    "init-scale",
    "blocks-alike",
    "symmetry",
    "bias-init",
    "initial-loss",
    "learning-rate",
    "regularization",
  ]);
});

Deno.test("RULES and MODEL_RULES stand in the order of their records", () => {
  const orders = [...RULES, ...MODEL_RULES].map(({ order }) => order);
  assertEquals(orders, [...new Set(orders)].sort((a, b) => a - b));
});
