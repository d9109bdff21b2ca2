import { assert, assertEquals } from "@std/assert";
import { renderText } from "../../src/render/render_text.ts";
import { finding, layer, measurements, statistics, weight } from "../networks/sample.ts";

Deno.test("renderText() draws eighth blocks on a linear scale when told", () => {
  const two = measurements([
    layer("dense_1", { gradient: 0.1, activation: 0.5, delta: 0.3 }),
    layer("dense_2", { gradient: 0.2, activation: 1, delta: 0.9 }),
  ]);
  assertEquals(
    "\n" + renderText(two, [], { width: 60, unicode: true, scale: "linear" }),
    `
Model      exercise: 2 layers, 4,021 parameters, seed 3
Engine     TensorFlow.js 4.22.0 on WASM with relaxed SIMD
Batch      32 examples (seed 0); input mean 0.01, std 0.998
Objective  1.16, the sum of the outputs

                mean |gradient|
               0         0.05       0.1        0.15      0.2
  dense_1  0.1 │██████████████████████          ┊          ┊
  dense_2  0.2 │████████████████████████████████████████████

                mean |activation|
               0         0.25       0.5        0.75        1
  dense_1  0.5 │██████████████████████          ┊          ┊
  dense_2    1 │████████████████████████████████████████████

               mean |gradient| before the activation (delta)
               0         0.25       0.5        0.75        1
  dense_1  0.3 │█████████████▎       ┊          ┊          ┊
  dense_2  0.9 │███████████████████████████████████████▋   ┊
  mean |gradient| of the kernel: healthy if all layers are
  within a factor of 1000 of each other, and none is 0
  mean |activation|: healthy if much the same from layer to
  layer
  mean |gradient| before the activation (delta): healthy if
  it neither fades nor grows by more than a factor of 1000
  from the last hidden layer to the first

                               kernel std  output rms
  layer    class       output   is target   is theory
  dense_1  Dense tanh      20    0   0.22  0.5   0.91
  dense_2  Dense tanh      20    0   0.22    1   0.91
  target: of the fitting initialiser; theory: of random
  weights of this size, within a factor of 1.02

HEALTHY: 0 errors, 0 warnings.
`,
  );
});

Deno.test("renderText() says that a mean hides NaN and infinities instead of drawing it", () => {
  const text = (nonFinite: number) =>
    renderText(
      measurements([
        layer("a", {}, { activations: statistics(0.12, { nonFinite, zeroFraction: 0 }) }),
      ]),
      [],
    );
  assert(text(3).includes("NaN/Inf | 3 of 10 NaN or infinite"));
  assert(text(10).includes("NaN/Inf | all NaN or infinite\n"));
  assert(!text(0).includes("NaN"));
});

Deno.test("renderText() takes a layer's first weight with two axes, else its first weight", () => {
  const chart = (weights: ReturnType<typeof weight>[]) =>
    renderText(measurements([layer("a", { activation: 3, delta: 3 }, { weights })]), []);
  const gamma = weight("gamma", 0.25, { shape: [20] });
  assert(chart([gamma, weight("kernel", 0.75)]).includes("a  0.75 |"));
  assert(chart([gamma, weight("beta", 0.75, { shape: [20] })]).includes("a  0.25 |"));
});

Deno.test("renderText() draws an embedding's gradient over the rows that the batch used", () => {
  const table = weight("table", 0.001, { gradientsOfUsedRows: statistics(0.625) });
  const text = renderText(measurements([layer("embedding", {}, { weights: [table] })]), []);
  assert(text.includes("embedding  0.625 |"));
});

Deno.test("renderText() gives a reason that was cut in full under the chart", () => {
  const gradients = "the layer is frozen, so that no optimizer will ever ask for its gradient";
  const frozen = (name: string) =>
    layer(name, {}, { weights: [weight("k", 0, { gradients: null, absent: { gradients } })] });
  const text = renderText(measurements(["a_1", "a_2", "a_3"].map(frozen)), [], { width: 60 });
  assert(text.includes("a_1    - | the layer is frozen, so that no optimizer wil..\n"), text);
  assert(text.replace(/\s+/g, " ").includes(`- = not measured, a_1 ... a_3: ${gradients}`));
});

Deno.test("renderText() stays readable with 200 layers in 60 columns", () => {
  const names = Array.from({ length: 200 }, (_, i) => `encoder/stage_${i >> 5}/block/conv2d_${i}`);
  const model = measurements(
    names.map((name, i) => layer(name, { gradient: 0.9 ** i, delta: 0.9 ** i })),
  );
  const lines = renderText(model, names.slice(0, 150).map((name) => finding(name)), {
    width: 60,
    all: true,
  })
    .split("\n");
  for (const line of lines) assert(line.length <= 60, line);
  assertEquals(lines.filter((line) => line.includes("conv2d_199 ")).length, 4);
  // Bars keep a third of the line, names their number, and the axis is above and below.
  assert(lines.every((line) => !/^[!? ] enc/.test(line) || line.indexOf("|") <= 40));
  assertEquals(lines.filter((line) => /^ +1e-9 +1e-6 +1e-3 +1e0/.test(line)).length, 4);
  assert(lines.includes("150 errors, 0 warnings."));
  assert(lines.length < 200 * 4 + 60);
});
