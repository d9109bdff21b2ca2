import { assert, assertEquals, assertThrows } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import fc from "fast-check";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import { displayWidth } from "../../../src/core/text/fit_text.ts";
import type { RenderTextOptions } from "../../../src/core/text/render_charts.ts";
import { renderText } from "../../../src/core/text/render_text.ts";
import { InputError } from "../../../src/ground/words/input_error.ts";
import { finding, layer, measurements, small, statistics, weight } from "../../networks/sample.ts";
import { reportOf, residualLayers } from "../../networks/residual_report.ts";
import { snapshotOf } from "../../snapshot_of.ts";
import { anyFindings, anyMeasurements } from "./arbitrary.ts";

const findings = [
  finding("dense_1", {
    rule: "dead-units",
    severity: "warning",
    message: "45 % of the units of dense_1 are off.",
    fix: "Look at the bias of dense_1.",
  }),
  finding("dense_2"),
];

Deno.test("renderText() shows header, three charts, a table and findings, in 60 columns of ASCII", () => {
  assertEquals(
    "\n" + renderText(small, findings, { width: 60 }),
    `
Model      exercise: 4 layers, 4,021 parameters, seed 3
Engine     TensorFlow.js 4.22.0 on WASM with relaxed SIMD
Batch      32 examples (seed 0); input mean 0.01, std 0.998
Objective  1.16, the sum of the outputs

                   mean |gradient|
                  1e-9         1e-8         1e-7        1e-6
  dense_1       0 |             :            :             :
  dense_2  4.2e-7 |####################################    :
  dense_3       - | the layer is frozen

                   mean |activation|
                  1e-2         1e-1         1e0          1e1
? dense_1   0.346 |#####################     :             :
! dense_2    0.98 |###########################             :
  flatten     0.1 |##############            :             :
  dense_3    1.16 |############################            :

               mean |gradient| before the activation (delta)
                  1e-6  1e-5   1e-4   1e-3  1e-2   1e-1  1e0
  dense_1       0 |      :      :      :     :      :      :
  dense_2    3e-6 |###   :      :      :     :      :      :
  dense_3       1 |#########################################
  ! error; ? warning
  mean |gradient| of the kernel: healthy if all layers are
  within a factor of 1000 of each other, and none is 0
  not shown: flatten (no weights)
  mean |activation|: healthy if much the same from layer to
  layer
  mean |gradient| before the activation (delta): healthy if
  it neither fades nor grows by more than a factor of 1000
  from the last hidden layer to the first
  not shown: flatten (no pre-activation)

                               kernel std
  layer    class       output   is target  sat  dead
? dense_1  Dense relu      20    0   0.32        45%
! dense_2  Dense tanh      20    0   0.22  99%
  flatten  Dense tanh      20
  dense_3  Dense tanh      20    0   0.22
  target: of the fitting initialiser; sat: saturated
  outputs; dead: units always off

ERROR saturated-activations: dense_2
  99 % of the entries of dense_2 are saturated.
  Fix: Scale the kernel of dense_2 down.

WARNING dead-units: dense_1
  45 % of the units of dense_1 are off.
  Fix: Look at the bias of dense_1.

1 error, 1 warning.
`,
  );
});

Deno.test("renderText() says why a loss was measured that was not asked for, and on which targets", () => {
  const objective = { name: "categoricalCrossentropy", value: 2 };
  const line = (given: Partial<Measurements["objective"]>) => {
    const over = { objective: { ...objective, ...given } };
    const [, text] = renderText(measurements([], over), [], { width: 200 }).split("Objective");
    return text.split("\n")[0].trim();
  };
  assertEquals(line({}), "2, categoricalCrossentropy");
  assertEquals(
    line({ chosenBy: "compiled" }),
    "2, categoricalCrossentropy (compiled)",
  );
  assertEquals(
    line({ chosenBy: "compiled", randomTargets: true }),
    "2, categoricalCrossentropy (compiled): on random targets",
  );
  assertEquals(
    line({ chosenBy: "head", randomTargets: true }),
    "2, categoricalCrossentropy: the loss that fits the head, as the sum of its outputs is " +
      "constant, on random targets",
  );
});

Deno.test("renderText() names the settings of a loss that are not the default ones", () => {
  const name = "binaryFocalCrossentropy";
  const line = (...given: object[]) => {
    const losses = given.map((loss) => ({ name, ...loss }));
    const objective = { name, value: 2, losses } as never;
    const [, text] = renderText(measurements([], { objective }), [], { width: 200 })
      .split("Objective");
    return text.split("\n")[0].trim().replace("2, binaryFocalCrossentropy", "");
  };
  assertEquals(line(), "");
  assertEquals(line({ output: "a" }), "");
  assertEquals(line({ labelSmoothing: 0.1 }), " with label smoothing 0.1");
  assertEquals(line({ reduction: "sum" }), " with reduction by sum");
  assertEquals(line({ delta: 2 }), " with delta 2");
  assertEquals(line({ alpha: 0.25, gamma: 3 }), " with alpha 0.25, gamma 3");
  assertEquals(line({ balanced: true }), " with balanced labels");
  assertEquals(line({ takesLabels: true }), " with labels 0 and 1 as -1 and 1");
  assertEquals(
    line({ output: "a", weight: 0.5 }, { output: "b" }, { output: "c", delta: 1 }),
    " with weight 0.5 for a; delta 1 for c",
  );
});

Deno.test("renderText() names where the model came from and what the batch holds", () => {
  const header = (over: Parameters<typeof measurements>[1]) =>
    renderText(measurements([], over), []).split("\n\n")[0];
  const { model, batch, engine } = small;
  assertEquals(
    header({
      model: { ...model, source: "a/model.json", parameters: 1 },
      engine: { ...engine, relaxedSimd: false },
      batch: {
        ...batch,
        examples: 1,
        seed: null,
        inputs: { ...batch.inputs, nonFinite: 2 },
        perInput: [batch.perInput[0], batch.perInput[0]],
      },
      objective: { name: "meanSquaredError", value: NaN },
      seed: null,
    }),
    `\
Model      exercise from a/model.json: 4 layers, 1 parameter
Engine     TensorFlow.js 4.22.0 on WASM with SIMD
Batch      1 example; 2 inputs mean 0.01, std 0.998, 2 NaN or infinite
Objective  NaN, meanSquaredError`,
  );
  const indices = { ...batch, perInput: [{ ...batch.perInput[0], dtype: "int32" }] };
  assert(header({ batch: indices }).includes("(seed 0); input int32\n"));
  const words = { ...batch, perInput: [{ ...batch.perInput[0], lookedUp: true }] };
  assert(header({ batch: words }).includes("(seed 0); input of indices\n"));
});

Deno.test("renderText() draws the layers that match and keeps all findings", () => {
  const text = renderText(small, findings, { layers: /dense_[13]/g });
  assert(text.includes("\nShowing the 2 of 4 layers that match /dense_[13]/g.\n"));
  assertEquals(
    text.match(/^[!? ] dense_\d/gm),
    // Gradients, activations, deltas, and the table.
    ["  dense_1", "  dense_3"].concat(
      ["? dense_1", "  dense_3"],
      ["  dense_1", "  dense_3"],
      ["? dense_1", "  dense_3"],
    ),
  );
  assert(text.includes("ERROR saturated-activations: dense_2"));
  // A RegExp with the flag g has a memory, which must not make it miss layers.
  assert(renderText(small, [], { layers: /dense/g }).includes("Showing the 3 of 4 layers"));
  assert(renderText(small, [], { layers: /none/ }).includes("Showing the 0 of 4 layers"));
  assert(!renderText(small, findings).includes("Showing"));
});

Deno.test("renderText() colours only when told, and nothing but colours then", () => {
  const plain = renderText(small, findings);
  const colored = renderText(small, findings, { color: true });
  assert(!plain.includes("\x1b"));
  assertEquals(colored.includes("\x1b[31mERROR"), !Deno.noColor);
  assertEquals(colored.includes("\x1b[33mWARNING"), !Deno.noColor);
  assertEquals(stripAnsiCode(colored), plain);
});

Deno.test("renderText() throws an InputError when the width is below 20 or no whole number", () => {
  renderText(small, findings, { width: 20 });
  for (const width of [19, 0, 60.5, NaN]) {
    assertThrows(() => renderText(small, [], { width }), InputError, `width is ${width}`);
  }
});

Deno.test("renderText() never exceeds the width and never throws, whatever was measured", () => {
  const options = fc.record({
    width: fc.integer({ min: 20, max: 130 }),
    unicode: fc.boolean(),
    color: fc.boolean(),
    scale: fc.constantFrom("log" as const, "linear" as const),
  });
  fc.assert(
    fc.property(anyMeasurements, anyFindings, options, (measurements, findings, options) => {
      const text = renderText(measurements, findings, options);
      const bare = options.color ? stripAnsiCode(text) : text;
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(bare));
      for (const line of bare.split("\n")) {
        // A command to a CI system is spelled out after the line is laid out, and takes 3 columns
        // more.
        const defused = line.match(/\\x3a|\\x5b/g)?.length ?? 0;
        assert(displayWidth(line) <= options.width + 3 * defused, line);
      }
    }),
    { numRuns: 100 },
  );
});

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

No problems found: 0 errors, 0 warnings.
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

Deno.test("renderText() keeps its text of a deep network at each width", async (t) => {
  const { measurements, findings, diagnosis } = reportOf(residualLayers(12));
  const text = (options: RenderTextOptions) =>
    renderText(measurements, findings, { diagnosis, details: true, ...options });
  const texts = [{ width: 60 }, { width: 100 }, { width: 140, unicode: true, all: true }].map(text);
  await t.assertSnapshot(texts.join("\n"), snapshotOf(import.meta));
});

Deno.test("renderText() writes large numbers of weights in thousands, millions and milliards", () => {
  const shown = (count: number) => {
    const values = statistics(0.1, { count });
    const weights = [weight("dense_1/kernel", 0.1, { values })];
    const text = renderText(measurements([layer("dense_1", {}, { weights })]), [], { width: 140 });
    return /^ {2}dense_1 +Dense tanh +20 +(\S+)/m.exec(text)![1];
  };
  assertEquals([9999, 1e4, 999_000, 1e6, 2.36e8, 1e9].map(shown), [
    "9999",
    "10k",
    "999k",
    "1M",
    "236M",
    "1G",
  ]);
});

Deno.test("renderText() says how to see every layer as soon as one is folded", () => {
  const says = (layers: number) => {
    const many = Array.from({ length: layers }, (_, i) => layer(`dense_${i + 1}`, {}));
    return renderText(measurements(many), [], {
      diagnosis: { verdict: "healthy", causes: [], notes: [] },
    }).includes("Every layer: --all.");
  };
  assertEquals([says(2), says(3)], [false, true]);
});
