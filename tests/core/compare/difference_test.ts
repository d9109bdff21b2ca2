import { assertEquals } from "@std/assert";
import { differenceOf } from "../../../src/core/compare/difference.ts";
import type { Cause } from "../../../src/core/diagnosis/diagnosis.ts";
import { layer, measurements } from "../../networks/sample.ts";
import { sampleCause } from "../text/sample_causes.ts";

/** A run of two layers with these causes. */
const run = (name: string, ...causes: Cause[]) => ({
  name,
  measurements: measurements([layer("dense_1", {}), layer("dense_2", {})]),
  diagnosis: { verdict: "sick" as const, causes, notes: [] },
});

/** A cause of this kind in these layers. */
const cause = (kind: Cause["kind"], ...layers: string[]) => sampleCause([], { kind, layers });

/** Kinds of the causes that are gone, stayed and came. */
function changes(before: Cause[], after: Cause[]): string[] {
  const { causes } = differenceOf(run("a", ...before), run("b", ...after));
  return [causes.gone, causes.stayed, causes.came].map((some) =>
    some.map(({ kind }) => kind).join(" ")
  );
}

Deno.test("differenceOf() takes causes of one kind that share a layer for one cause", () => {
  const kernels = cause("kernel-scale", "dense_1", "dense_2");
  assertEquals(changes([kernels], [cause("kernel-scale", "dense_2")]), ["", "kernel-scale", ""]);
  assertEquals(changes([cause("kernel-scale", "dense_1")], [cause("kernel-scale", "dense_2")]), [
    "kernel-scale",
    "",
    "kernel-scale",
  ]);
  assertEquals(changes([cause("bias", "dense_1")], [cause("kernel-scale", "dense_1")]), [
    "bias",
    "",
    "kernel-scale",
  ]);
});

Deno.test("differenceOf() takes causes of one kind without layers for one cause", () => {
  assertEquals(changes([cause("input")], [cause("input")]), ["", "input", ""]);
  assertEquals(changes([cause("input")], [cause("input", "dense_1")]), ["input", "", "input"]);
});
