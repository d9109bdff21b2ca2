import { assertEquals } from "@std/assert";
import { withCriticalScales } from "../../src/study/critical_scales.ts";

const DENSE = { network: "dense", initializers: [], widths: [64] } as const;

Deno.test("withCriticalScales() adds the critical scale of each activation within a range", () => {
  const scales = [0.1, 0.1778, 1, 1.778, 10];
  const of = (...activations: string[]) => withCriticalScales(scales, { ...DENSE, activations });
  // He et al. 2015: sigma_w^2 = 2 for relu; Poole et al. 2016: 1 for tanh, which the range has.
  assertEquals(of("relu", "tanh"), [0.1, 0.1778, 1, 1.414, 1.778, 10]);
  assertEquals(of("tanh"), scales);
  // No scale of swish is critical; of an unknown activation the study says so itself.
  assertEquals(of("swish", "nonsense"), scales);
});

Deno.test("withCriticalScales() allows for what the kernels are drawn with, and adds nothing outside", () => {
  const he = withCriticalScales([0.5, 2], {
    ...DENSE,
    activations: ["relu", "tanh"],
    initializers: ["heNormal", "glorotUniform"],
  });
  // Under He relu is critical at 1 and tanh at 1 / sqrt(2); under Glorot at sqrt(2) and 1.
  assertEquals(he, [0.5, 0.7071, 1, 1.414, 2]);
  assertEquals(withCriticalScales([0.1, 1], { ...DENSE, activations: ["relu"] }), [0.1, 1]);
});

Deno.test("withCriticalScales() finds 1/894 for the exercise's network", () => {
  const exercise = { network: "exercise", activations: ["tanh"], initializers: [] } as const;
  assertEquals(withCriticalScales([1e-5, 10], { ...exercise, widths: [20] }), [1e-5, 0.001118, 10]);
});
