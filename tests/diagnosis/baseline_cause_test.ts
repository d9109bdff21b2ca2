import { assertEquals } from "@std/assert";
import { matchesBaseline } from "../../src/rules/matches_baseline.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import type { LayerMeasurements, Measurements } from "../../src/measure/measurements.ts";
import { finding, layer, measurements, statistics, weight } from "../networks/sample.ts";

const NAMES = ["conv1", "conv2", "conv3", "fc"];
/** Inputs that differ, so that they are no cause. */
const INPUT = {
  name: "in",
  shape: [32, 20],
  dtype: "float32",
  values: statistics(0.8, { std: 1 }),
};

/** A network whose kernels, gradients and activations have these sizes, layer by layer. */
function sized(
  kernels: number[],
  { gradient = 0.1, over = {} }: { gradient?: number; over?: Partial<LayerMeasurements> } = {},
): Measurements {
  const layers = kernels.map((size, i) =>
    layer(NAMES[i], {}, {
      weights: [weight(`${NAMES[i]}/kernel`, gradient, { values: statistics(size) })],
      ...over,
    })
  );
  const sample = measurements(layers);
  return { ...sample, batch: { ...sample.batch, perInput: [INPUT] } };
}

/** What is said of the change from one to the other. */
function change(before: Measurements, after: Measurements): string[] {
  const { causes } = diagnose(after, matchesBaseline(before).run(after));
  return causes.map(({ kind, message }) => `${kind}: ${message}`);
}

Deno.test("diagnose() says a new initialisation as one cause, the weights first", () => {
  const before = sized([0.3, 0.3, 0.3, 0.3]);
  assertEquals(change(before, sized([0.1, 0.1, 0.1, 0.1], { gradient: 0.01 })), [
    "baseline: Against the baseline, the kernels of conv1 ... fc are 3 times smaller; " +
    "their gradients are 10 times smaller.",
  ]);
  assertEquals(change(before, sized([0.6, 0.15, 0.3, 0.3])), []);
});

Deno.test("diagnose() gives a range of factors, and parts what grew from what shrank", () => {
  const before = sized([0.1, 0.1, 0.1, 0.1]);
  assertEquals(change(before, sized([0.3, 0.8, 0.01, 0.1])), [
    "baseline: Against the baseline, the kernels of conv1, conv2 are 3 to 8 times larger; " +
    "the kernel of conv3 is 10 times smaller.",
  ]);
  assertEquals(change(before, sized([0.3, 0.4, 0.1, 0.1])), [
    "baseline: Against the baseline, the kernels of conv1, conv2 are 3.46 times larger.",
  ]);
});

Deno.test("diagnose() says figures where a factor says nothing, and counts the rest", () => {
  const before = sized([0.1]);
  assertEquals(change(before, sized([0])), [
    "baseline: Against the baseline, the kernel of conv1 is 0 and was 0.1.",
  ]);
  assertEquals(change(before, sized([NaN])), [
    "baseline: Against the baseline, the kernel of conv1 is NaN and was 0.1.",
  ]);
  const dead = (deadFraction: number) =>
    sized([0.1], { over: { deadFraction, saturatedFraction: deadFraction } });
  assertEquals(change(dead(0.1), dead(0.5)), [
    "baseline: Against the baseline, the saturated share of conv1 is 50 % and was 10 %; " +
    "its dead share is 50 % and was 10 %.",
  ]);
});

Deno.test("diagnose() calls a model changed if its only errors are moves against the baseline", () => {
  const before = sized([0.3, 0.3, 0.3, 0.3]);
  const after = sized([0.1, 0.1, 0.1, 0.1], { gradient: 0.01 });
  const moved = matchesBaseline(before).run(after);
  assertEquals(diagnose(after, moved).verdict, "changed");
  assertEquals(diagnose(before, matchesBaseline(before).run(before)).verdict, "healthy");
  const other = finding("conv1", { rule: "dead-units" });
  assertEquals(diagnose(after, [...moved, other]).verdict, "sick");
});
