import { assert, assertEquals, assertThrows } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import fc from "fast-check";
import type { Finding } from "../../src/checks/finding.ts";
import { layerName, number, say, shareFigure, weightName } from "../../src/checks/say.ts";
import type { Measurements } from "../../src/measure/measurements.ts";
import { displayWidth } from "../../src/render/display_width.ts";
import { renderText } from "../../src/render/render_text.ts";
import { anyFindings, anyMeasurements } from "./arbitrary.ts";
import { finding, layer, measurements, statistics, weight } from "./sample.ts";

const small = measurements([
  layer("dense_1", { gradient: 0, activation: 0.346, delta: 0 }, {
    activation: "relu",
    deadFraction: 0.45,
    activations: statistics(0.346, { zeroFraction: 0.45 }),
  }),
  layer("dense_2", { gradient: 4.2e-7, activation: 0.98, delta: 3e-6 }, {
    saturatedFraction: 0.993,
  }),
  layer("flatten", {}, {
    weights: [],
    preActivations: null,
    preActivationGradients: null,
    absent: { preActivationGradients: "no pre-activation" },
  }),
  layer("dense_3", { activation: 1.16, delta: 1 }, {
    role: "output",
    weights: [weight("dense_3/kernel", 0, {
      gradients: null,
      absent: { gradients: "the layer is frozen" },
    })],
  }),
]);
const findings = [
  finding("dense_1", {
    rule: "dead-units",
    severity: "warning",
    message: "45 % of the units of dense_1 are off.",
    advice: "Look at the bias of dense_1.",
  }),
  finding("dense_2"),
];

Deno.test("renderText() shows header, three charts and findings, in 60 columns of ASCII", () => {
  assertEquals(
    "\n" + renderText(small, findings, { width: 60 }),
    `
Model      exercise: 4 layers, 4,021 parameters, seed 3
Engine     TensorFlow.js 4.22.0 on WASM with relaxed SIMD
Batch      32 examples (seed 0); input mean 0.01, std 0.998
Objective  J = 1.16, the sum of the outputs

GRADIENTS, mean |dJ/dkernel|
How much J changes with the layer's weights. Healthy: every
layer within a few decades of the others, none at 0.

                  1e-9   1e-8    1e-7  1e-6  zero
? dense_1       0 |       :       :       :  100%
! dense_2  4.2e-7 |#####################  :    0%
  dense_3       - | the layer is frozen
  ! = an error below; ? = a warning below; zero = share of
  exact zeros
  not shown: flatten (no weights)

ACTIVATIONS, mean |a|
How large the layer's outputs are. Healthy: much the same
from layer to layer.

                  1e-2   1e-1    1e0    1e1  sat  dead  zero
? dense_1   0.346 |############   :       :        45%   45%
! dense_2    0.98 |################       :  99%          0%
  flatten     0.1 |########       :       :               0%
  dense_3    1.16 |#################      :               0%
  ! = an error below; ? = a warning below; sat = share of
  outputs stuck at the activation's limits; dead = share of
  units that are off for the whole batch; zero = share of
  exact zeros

DELTAS, mean |dJ/dz|
The error signal that reaches the layer on its way back.
Healthy: from the last hidden layer to the first it neither
fades nor grows by more than a factor of 1000.

                  1e-6   1e-4    1e-2   1e0  zero
? dense_1       0 |       :       :       :  100%
! dense_2    3e-6 |##     :       :       :    0%
  dense_3       1 |########################    0%
  ! = an error below; ? = a warning below; zero = share of
  exact zeros
  not shown: flatten (no pre-activation)

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
  assertEquals(line({}), "J = 2, categoricalCrossentropy");
  assertEquals(
    line({ chosenBy: "compiled" }),
    "J = 2, categoricalCrossentropy: the loss it was compiled with",
  );
  assertEquals(
    line({ chosenBy: "head", randomTargets: true }),
    "J = 2, categoricalCrossentropy: the loss that fits the head, as the sum of its outputs is " +
      "constant, on random targets",
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
Objective  J = 1.16, the sum of the outputs

GRADIENTS, mean |dJ/dkernel|
How much J changes with the layer's weights. Healthy: every
layer within a few decades of the others, none at 0.

               0         0.05       0.1        0.15      0.2
  dense_1  0.1 │██████████████████████          ┊          ┊
  dense_2  0.2 │████████████████████████████████████████████

ACTIVATIONS, mean |a|
How large the layer's outputs are. Healthy: much the same
from layer to layer.

               0         0.25       0.5        0.75        1
  dense_1  0.5 │██████████████████████          ┊          ┊
  dense_2    1 │████████████████████████████████████████████

DELTAS, mean |dJ/dz|
The error signal that reaches the layer on its way back.
Healthy: from the last hidden layer to the first it neither
fades nor grows by more than a factor of 1000.

               0         0.25       0.5        0.75        1
  dense_1  0.3 │█████████████▎       ┊          ┊          ┊
  dense_2  0.9 │███████████████████████████████████████▋   ┊

No problems found: 0 errors, 0 warnings.
`,
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
Objective  J = NaN, meanSquaredError`,
  );
  const indices = { ...batch, perInput: [{ ...batch.perInput[0], dtype: "int32" }] };
  assert(header({ batch: indices }).includes("(seed 0); input int32\n"));
  const words = { ...batch, perInput: [{ ...batch.perInput[0], lookedUp: true }] };
  assert(header({ batch: words }).includes("(seed 0); input of indices\n"));
});

Deno.test("renderText() says that a mean hides NaN and infinities instead of drawing it", () => {
  const text = (nonFinite: number) =>
    renderText(
      measurements([
        layer("a", {}, { activations: statistics(0.12, { nonFinite, zeroFraction: 0 }) }),
      ]),
      [],
    );
  assert(text(3).includes("a  NaN/Inf | 3 of 10 are NaN or infinite, the others 0.12"));
  assert(text(10).includes("a  NaN/Inf | 10 of 10 are NaN or infinite\n"));
  assert(!text(0).includes("NaN"));
});

Deno.test("renderText() has a column of zeros where there is an exact zero, and only there", () => {
  const text = (zeroFraction: number) =>
    renderText(
      measurements([layer("a", {}, { activations: statistics(0.12, { zeroFraction }) })]),
      [],
    );
  assert(!text(0).includes("zero"));
  assertEquals(text(1e-6).match(/ +zero$/gm)?.length, 1);
  assert(text(1e-6).includes("zero = share of exact zeros") && text(1e-6).includes(" <1%\n"));
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
  assert(text.includes("a_1    - | the layer is frozen"));
  assert(text.replace(/\s+/g, " ").includes(`- = not measured, a_1 ... a_3: ${gradients}`));
});

Deno.test("renderText() marks every layer of a finding, an error over a warning, a note not", () => {
  const model = measurements(["a", "b", "c", "d"].map((name) => layer(name, {})));
  const text = renderText(model, [
    finding("a", { severity: "warning" }),
    finding("a"),
    finding("a", { severity: "warning", rule: "x" }),
    finding("b", { severity: "warning", layers: ["b", "c"] }),
    finding("d", { severity: "note" }),
  ]);
  const marks = text.split("\n").flatMap((line) => /^([!? ]) [abcd] /.exec(line)?.[1] ?? []);
  assertEquals(marks.join(""), "!?? ".repeat(3));
});

Deno.test("renderText() says once what many layers share", () => {
  const names = Array.from({ length: 9 }, (_, i) => `dense_${i + 2}`);
  const model = measurements(names.map((name) => layer(name, {})));
  const same = names.map((name, i) =>
    finding(name, {
      measured: 0.9 + i / 100,
      message: say`${shareFigure(0.905 + i / 100, "share")} of the entries of ${
        layerName(name)
      } are saturated.`,
    })
  );
  const text = renderText(model, [finding(null, { severity: "note", rule: "x" }), ...same]);
  assertEquals(
    text.slice(text.indexOf("ERROR")),
    `\
ERROR saturated-activations: dense_2 ... dense_10 (9 layers)
  90.5 % of the entries of dense_2 are saturated.
  8 more findings like this (all: measured 0.9 to 0.98, expected <= 0.5).
  Fix: Scale the kernel of dense_2 down. The same applies to the other 8
  findings.

NOTE x: the whole model
  99 % of the entries of null are saturated.
  Fix: Scale the kernel of null down.

9 errors, 0 warnings, 1 note.
`,
  );
});

Deno.test("renderText() takes the name of a layer for one, not the same letters in a word", () => {
  const names = ["a", "ab", "c"];
  const model = measurements(names.map((name) => layer(name, {})));
  const advice = (word: string) => (name: string) =>
    say`${layerName(name)}: what ${word === "" ? name : word} holds.`;
  const shown = (adviceOf: ReturnType<typeof advice>) =>
    renderText(model, names.map((name) => finding(name, { advice: adviceOf(name) })));
  const same = shown(advice("abca")).replace(/\s+/g, " ");
  assert(same.includes("a: what abca holds. The same applies to the other 2 findings. "), same);
  // A word that differs is more than the name.
  assert(shown(advice("")).replace(/\s+/g, " ").includes("(values differ)"));
});

Deno.test("renderText() says every kind of message and advice that a rule has", () => {
  const model = measurements([layer("a", {}), layer("b", {}), layer("c", {})]);
  const text = renderText(model, [
    finding("a"),
    finding("b", { message: "b is where it begins.", advice: "Look at b first." }),
    finding("c", { measured: NaN }),
  ]);
  assertEquals(
    text.slice(text.indexOf("ERROR")),
    `\
ERROR saturated-activations: a ... c (3 layers)
  99 % of the entries of a are saturated.
  b is where it begins.
  1 more finding like these (all: measured 0.99 and NaN, expected <= 0.5).
  Fix: Scale the kernel of a down. The same applies to the other finding.
  Fix: Look at b first.

3 errors, 0 warnings.
`,
  );
});

Deno.test("renderText() says where the same is to do in other layers with other figures", () => {
  const names = ["a_1", "b_2", "c_3"];
  const model = measurements(names.map((name) => layer(name, {})));
  const adviceOf = (figures: number[]) =>
    /Fix: ([^]*?)\n\n/.exec(renderText(
      model,
      figures.map((figure, i) =>
        finding(names[i], {
          advice: say`Draw ${weightName(`${names[i]}/kernel`, names[i])} with ${number(figure)}.`,
        })
      ),
    ))![1].replace(/\s+/g, " ");
  assertEquals(adviceOf([0.1]), "Draw a_1/kernel with 0.1.");
  assertEquals(
    adviceOf([0.1, 0.2]),
    "Draw a_1/kernel with 0.1. The same applies to the other finding (values differ).",
  );
  assertEquals(
    adviceOf([0.1, 0.1, 0.3]),
    "Draw a_1/kernel with 0.1. The same applies to the other 2 findings (values differ).",
  );
  assertEquals(
    adviceOf([0.1, 0.1, 0.1]),
    "Draw a_1/kernel with 0.1. The same applies to the other 2 findings.",
  );
});

Deno.test("renderText() writes strings of a rule out as they are, and knows no kinds of them", () => {
  const model = measurements([layer("a", {}), layer("b", {})]);
  const text = renderText(
    model,
    ["a", "b"].map((name) => finding(name, { message: `${name} is off.`, advice: "Mend it." })),
  );
  assert(text.includes("  a is off.\n  b is off.\n  Fix: Mend it.\n\n"), text);
});

Deno.test("renderText() keeps findings of different thresholds apart", () => {
  const model = measurements([layer("a", {}), layer("b", {})]);
  const text = renderText(model, [
    finding("a", { threshold: "saturatedFraction" }),
    finding("b", { threshold: "minEntries" }),
  ]);
  assertEquals(text.match(/^ERROR .*/gm), [
    "ERROR saturated-activations: a",
    "ERROR saturated-activations: b",
  ]);
});

Deno.test("renderText() draws the layers that match and keeps all findings", () => {
  const text = renderText(small, findings, { layers: /dense_[13]/g });
  assert(text.includes("\nShowing the 2 of 4 layers that match /dense_[13]/g.\n"));
  assertEquals(
    text.match(/^[!? ] dense_\d/gm),
    ["? dense_1", "  dense_3"].concat(
      ["? dense_1", "  dense_3"],
      ["? dense_1", "  dense_3"],
    ),
  );
  assert(text.includes("ERROR saturated-activations: dense_2"));
  // A RegExp with the flag g has a memory, which must not make it miss layers.
  assert(renderText(small, [], { layers: /dense/g }).includes("Showing the 3 of 4 layers"));
  assert(renderText(small, [], { layers: /none/ }).includes("Showing the 0 of 4 layers"));
  assert(!renderText(small, findings).includes("Showing"));
});

Deno.test("renderText() stays readable with 200 layers in 60 columns", () => {
  const names = Array.from({ length: 200 }, (_, i) => `encoder/stage_${i >> 5}/block/conv2d_${i}`);
  const model = measurements(
    names.map((name, i) => layer(name, { gradient: 0.9 ** i, delta: 0.9 ** i })),
  );
  const lines = renderText(model, names.slice(0, 150).map((name) => finding(name)), { width: 60 })
    .split("\n");
  for (const line of lines) assert(line.length <= 60, line);
  assertEquals(lines.filter((line) => line.includes("conv2d_199 ")).length, 3);
  // Bars keep a third of the line, names their number, and the axis is above and below.
  assert(lines.every((line) => !/^[!? ] enc/.test(line) || line.indexOf("|") <= 40));
  assertEquals(lines.filter((line) => /^ +1e-9 +1e-6 +1e-3 +1e0/.test(line)).length, 4);
  assert(lines.includes("150 errors, 0 warnings."));
  assert(lines.length < 200 * 3 + 60);
});

Deno.test("renderText() colours only when told, and nothing but colours then", () => {
  const plain = renderText(small, findings);
  const colored = renderText(small, findings, { color: true });
  assert(!plain.includes("\x1b"));
  assertEquals(colored.includes("\x1b[31mERROR"), !Deno.noColor);
  assertEquals(colored.includes("\x1b[33mWARNING"), !Deno.noColor);
  assertEquals(stripAnsiCode(colored), plain);
});

Deno.test("renderText() throws a RangeError when the width is below 20 or no whole number", () => {
  renderText(small, findings, { width: 20 });
  for (const width of [19, 0, 60.5, NaN]) {
    assertThrows(() => renderText(small, [], { width }), RangeError, `width is ${width}`);
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
        // What a CI system would obey is spelled out once the line stands, and takes 3 columns more.
        const defused = line.match(/\\x3a|\\x5b/g)?.length ?? 0;
        assert(displayWidth(line) <= options.width + 3 * defused, line);
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("renderText() gives advice that several layers share once, though it names some of them", () => {
  const advice = "Multiply the kernels of a ... b by 1/892.";
  const findings = ["a", "b", "c"].map((name) => finding(name, { advice }));
  const layers = ["a", "b", "c"].map((name) => layer(name, {}));
  const text = renderText(measurements(layers), findings);
  assertEquals(text.split("Fix:").length - 1, 1);
});

Deno.test("renderText() joins rules that say the same of the same layers, and no others", () => {
  const note = (rule: string, rest: Partial<Finding> = {}) =>
    finding("dense_2", {
      rule,
      severity: "note",
      layer: null,
      measured: null,
      message: "No verdict.",
      advice: "Nothing to do.",
      ...rest,
    });
  const text = renderText(small, [
    note("gradient-ratio"),
    note("gradient-balance", { threshold: "gradientBalance" }),
    note("init-scale", { message: "No verdict yet." }),
    note("bias-init", { advice: "Wait." }),
    note("dead-units", { layer: "dense_2" }),
    note("loss", { severity: "warning" }),
    note("activation-scale"),
  ]);
  assertEquals(text.split("\n").filter((line) => /^(NOTE|WARNING) /.test(line)), [
    "WARNING loss: the whole model",
    "NOTE gradient-ratio, gradient-balance, activation-scale: the whole model",
    "NOTE init-scale: the whole model",
    "NOTE bias-init: the whole model",
    "NOTE dead-units: dense_2",
  ]);
  assert(text.endsWith("0 errors, 1 warning, 6 notes.\n"), text);
});
