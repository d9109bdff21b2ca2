import { assert, assertEquals } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import type { Diagnosis } from "../../../src/core/diagnosis/diagnosis.ts";
import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { displayWidth } from "../../../src/core/text/fit_text.ts";
import {
  findingWords,
  fixOf,
  placesOf,
  triedWords,
} from "../../../src/core/text/render_diagnosis.ts";
import type { RenderTextOptions } from "../../../src/core/text/render_charts.ts";
import { renderText } from "../../../src/core/text/render_text.ts";
import { finding, layer, measurements, statistics, weight } from "../../networks/sample.ts";

const healthy: Diagnosis = { verdict: "healthy", causes: [], notes: [] };
const sick: Diagnosis = {
  verdict: "sick",
  notes: [],
  causes: [{
    kind: "kernel-scale",
    severity: "error",
    layers: ["dense_2", "dense_5"],
    message: "The kernels of dense_2 ... dense_5 are 890 times too large.",
    findings: [],
    fixes: [{ kind: "rebuild", what: "Multiply them by 1/890." }],
    consequences: [],
  }],
};

/** A network like the exercise's: a first layer, some alike, and a head. */
function chain(alike: number): LayerMeasurements[] {
  const dense = (name: string, gradient: number, over: Partial<LayerMeasurements>) => {
    const values = statistics(0.2, { count: 400, std: 0.2 });
    return layer(name, { gradient, activation: 0.9 }, {
      weights: [weight(`${name}/kernel`, gradient, { values })],
      ...over,
    });
  };
  return [
    dense("dense_1", 1e-4, { activation: "relu", deadFraction: 0.5 }),
    ...Array.from(
      { length: alike },
      (_, i) => dense(`dense_${i + 2}`, 10 ** -i, { saturatedFraction: 0.25 }),
    ),
    dense("head", 5, { activation: "linear", role: "output" }),
  ];
}

const small = measurements(chain(4));
const findings = [
  finding("dense_4"),
  finding("dense_1", { rule: "dead-units", severity: "warning" }),
];

const show = (options: RenderTextOptions, diagnosis = sick, subject = small) =>
  renderText(subject, diagnosis === sick ? findings : [], { diagnosis, ...options });

Deno.test("renderText() answers in one screen of 80 columns", () => {
  assertEquals(
    "\n" + show({}),
    `
SICK: 1 cause
1. The kernels of dense_2 ... dense_5 are 890 times too large.
   Fix: Multiply them by 1/890.

Model      exercise: 6 layers, 4,021 parameters, seed 3
Batch      32 examples (seed 0); input mean 0.01, std 0.998
Objective  1.16, the sum of the outputs

                  mean |gradient|
                 1e-4       1e-3         1e-2        1e-1         1e0        1e1
  dense_1   1e-4 |#          :            :           :            :           :
  dense_2      1 |##################################################           :
  dense_3    0.1 |#####################################            :           :
  dense_4   0.01 |#########################           :            :           :
  dense_5  0.001 |############            :           :            :           :
  head         5 |##########################################################   :

                  mean |activation|
                 1e-3                1e-2                1e-1                1e0
? dense_1    0.9 |#############################################################:
  dense_2    0.9 |#############################################################:
  dense_3    0.9 |#############################################################:
! dense_4    0.9 |#############################################################:
  dense_5    0.9 |#############################################################:
  head       0.9 |#############################################################:
  ! error; ? warning

                                       kernel std  output rms
  layer    class       output  params   is target   is theory  sat  dead
? dense_1  Dense relu      20     400  0.2   0.32  0.9    3.3        50%
  dense_2 ... dense_5: 4 alike, worst dense_4
! dense_4  Dense tanh      20     400  0.2   0.22  0.9   0.99  25%
  head     Dense           20     400  0.2   0.22  0.9    3.3
  target: of the fitting initialiser; theory: of random weights of this size,
  within a factor of 1.05; sat: saturated outputs; dead: units always off

2 findings come from 1 cause; see --details. Every layer: --all.
SICK: 1 cause
`,
  );
});

Deno.test("renderText() shows predicted beside measured in 100 columns, every layer with all", () => {
  const lines = show({ width: 100, all: true }).split("\n");
  assertEquals(
    "\n" + lines.slice(lines.findIndex((line) => line.includes("kernel std"))).join("\n"),
    `
                                       kernel std         output rms       gradient rms
  layer    class       output  params   is target   is theory within   is theory within  sat  dead
? dense_1  Dense relu      20     400  0.2   0.32  0.9    3.3  x1.05  0.1   0.13  x1.11        50%
  dense_2  Dense tanh      20     400  0.2   0.22  0.9   0.99     x1  0.1 0.0051   x2.9  25%
  dense_3  Dense tanh      20     400  0.2   0.22  0.9   0.99     x1  0.1 0.0051   x2.9  25%
! dense_4  Dense tanh      20     400  0.2   0.22  0.9   0.99     x1  0.1 0.0051   x2.9  25%
  dense_5  Dense tanh      20     400  0.2   0.22  0.9   0.99     x1  0.1 0.0051   x2.9  25%
  head     Dense           20     400  0.2   0.22  0.9    3.3  x1.05  0.1   0.13  x1.11
  target: of the fitting initialiser; theory: of random weights of this size, within the factor;
  gradient: before the activation; sat: saturated outputs; dead: units always off

2 findings come from 1 cause; see --details.
SICK: 1 cause
`,
  );
});

Deno.test("renderText() draws with Unicode in 120 columns", () => {
  const [, , charts, table] = show({ width: 120, unicode: true }, healthy).split("\n\n");
  assertEquals(
    `\n${charts}\n\n${table}\n`,
    `
                  mean |gradient|                                mean |activation|
                 1e-4   1e-3    1e-2    1e-1    1e0    1e1      1e-3        1e-2          1e-1        1e0
  dense_1   1e-4 │▏      ┊       ┊       ┊       ┊       ┊  0.9 │███████████████████████████████████████▍
  dense_2      1 │████████████████████████████████       ┊  0.9 │███████████████████████████████████████▍
  dense_3    0.1 │████████████████████████       ┊       ┊  0.9 │███████████████████████████████████████▍
  dense_4   0.01 │████████████████       ┊       ┊       ┊  0.9 │███████████████████████████████████████▍
  dense_5  0.001 │████████       ┊       ┊       ┊       ┊  0.9 │███████████████████████████████████████▍
  head         5 │█████████████████████████████████████▋ ┊  0.9 │███████████████████████████████████████▍

                                       kernel std         output rms       gradient rms
  layer    class       output  params   is target   is theory within   is theory within  sat  dead
  dense_1  Dense relu      20     400  0.2   0.32  0.9    3.3  ×1.05  0.1   0.13  ×1.11        50%
  dense_2 ... dense_5: 4 alike, worst dense_5
  dense_5  Dense tanh      20     400  0.2   0.22  0.9   0.99     ×1  0.1 0.0051   ×2.9  25%
  head     Dense           20     400  0.2   0.22  0.9    3.3  ×1.05  0.1   0.13  ×1.11
  target: of the fitting initialiser; theory: of random weights of this size, within the factor; gradient: before the
  activation; sat: saturated outputs; dead: units always off
`,
  );
});

Deno.test("renderText() has charts side by side from 100 columns on, whatever layers are called", () => {
  const beside = (width: number, name: string) =>
    /gradient\|.*activation\|/.test(
      renderText(measurements([layer(name, {}), layer("b", {})]), [], {
        width,
        diagnosis: healthy,
      }),
    );
  const short = "dense_1";
  const long = "a_very_long_name_of_a_layer_in_a_network".repeat(3);
  for (const name of [short, long]) {
    assertEquals([50, 99, 100, 120].map((width) => beside(width, name)), [
      false,
      false,
      true,
      true,
    ]);
  }
});

Deno.test("renderText() begins and ends with the verdict, which is coloured", () => {
  for (
    const [diagnosis, verdict, code] of [
      [sick, "SICK: 1 cause", 31],
      [healthy, "HEALTHY", 32],
    ] as const
  ) {
    const lines = show({}, diagnosis).trimEnd().split("\n");
    assertEquals([lines[0], lines.at(-1)], [verdict, verdict]);
    const colored = show({ color: true }, diagnosis);
    if (!Deno.noColor) assert(colored.startsWith(`\x1b[${code}m${verdict}\x1b[39m\n`));
    assertEquals(stripAnsiCode(colored), show({}, diagnosis));
    assert(!show({}, diagnosis).includes("\x1b"));
    // deno-lint-ignore no-control-regex
    assert(/^[\x00-\x7f]*$/.test(show({}, diagnosis)));
  }
});

Deno.test("renderText() keeps deltas, findings and the engine for --details", () => {
  const brief = show({});
  const detailed = show({ details: true });
  for (const part of ["Engine ", "(delta)", "ERROR saturated-activations", "healthy if"]) {
    assertEquals([brief.includes(part), detailed.includes(part)], [false, true], part);
  }
  assert(brief.includes("2 findings come from 1 cause; see --details. Every layer: --all.\n"));
  assert(!detailed.includes("--details"));
  assert(!detailed.includes("\n\n\n"));
  assert(
    detailed.endsWith("\n\n2 findings come from 1 cause. Every layer: --all.\nSICK: 1 cause\n"),
  );
  // Without a weight in the network there is one chart less, and deltas are details all the same.
  const bare = show({}, healthy, measurements([layer("a", {}, { weights: [] })]));
  assert(bare.includes("mean |activation|") && !bare.includes("gradient|"), bare);
});

Deno.test("renderText() folds the table where layers repeat, and charts where they are long", () => {
  const rows = (text: string) =>
    text.split("\n").filter((line) => /^[ !?] (dense|head)/.test(line));
  assertEquals(rows(show({})).length, 6 + 6 + 4);
  assertEquals(rows(show({ width: 100 })).length, 6 + 4);
  assertEquals(rows(show({ all: true })).length, 6 + 6 + 6);
  const long = measurements(chain(98));
  const folded = show({}, sick, long);
  assert(folded.includes("  dense_2 ... dense_99: 98 alike, worst dense_4\n"));
  assert(/^ {2}dense_2 \.\.\. dense_26 .*\|#+-+/m.test(folded), folded);
  assert(/^ {2}dense_2 \.\.\. dense_8 .*\|#+-+/m.test(show({ width: 100 }, sick, long)));
  assertEquals(rows(show({ all: true }, sick, long)).length, 3 * 100);
  assert(!show({ all: true }, sick, long).includes("--all"));
  // A user who asks for some layers sees each of them.
  assert(!show({ layers: /dense_[2-5]$/ }).includes("alike"));
});

Deno.test("renderText() keeps its columns whatever layers are called", () => {
  const names = [
    "<script>alert(1)</script>",
    "a\x1b[31m\nred",
    "\u202eعربي الطبقة",
    "層".repeat(60),
    "x".repeat(10_000),
    "🇨🇭👩‍💻e\u0301",
    "",
    " ",
    "dense_1",
  ];
  const subject = measurements(names.map((name) => layer(name, {}, { className: name })));
  for (const width of [20, 40, 60, 80, 120, 200]) {
    for (const unicode of [false, true]) {
      const text = show({ width, unicode, all: true }, healthy, subject);
      const lines = text.trimEnd().split("\n");
      for (const line of lines) {
        assert(displayWidth(line) <= width + 3 * (line.match(/\\x3a|\\x5b/g)?.length ?? 0), line);
      }
      // deno-lint-ignore no-control-regex
      assert(!/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(text));
      // The bars of all rows begin in one column.
      const bars = lines.filter((line) => /[|│][#█]/.test(line));
      const starts = bars.map((line) => displayWidth(line.slice(0, line.search(/[|│][#█]/))));
      assertEquals(new Set(starts).size, 1, text);
    }
  }
});

Deno.test("renderText() shows for what a row is marked, however narrow the table is", () => {
  const table = (width: number, rule: string) => {
    const marked = [finding("dense_2", { rule })];
    const lines = renderText(small, marked, { diagnosis: sick, width, all: true }).split("\n");
    const from = lines.findIndex((line) => line.includes("kernel std"));
    return lines.slice(
      from,
      lines.findIndex((line) => /^! dense_2/.test(line) && !/[|]/.test(line)) + 1,
    );
  };
  const [over, , , row] = table(60, "vanishing-gradients");
  assert(over.includes("gradient rms"), over);
  assert(row.includes(" 0.1"), row);
  assert(!table(60, "dead-units")[0].includes("gradient rms"));
  // No column shows the figure of this rule.
  const named = table(80, "symmetry");
  assert(named[1].endsWith("  why"), named[1]);
  assert(named[3].endsWith("  symmetry"), named[3]);
});

const linesOf = (layers: LayerMeasurements[], width: number) =>
  renderText(measurements(layers), [], { width, diagnosis: healthy }).trimEnd().split("\n");

Deno.test("renderText() fits a hundred dense layers into a screen of 50 lines, 300 too", () => {
  for (const count of [100, 300]) {
    const hidden = Array.from({ length: count - 1 }, (_, i) => layer(`dense_${i + 1}`, {}));
    const layers = [...hidden, layer("head", {}, { role: "output" })];
    for (const width of [80, 100, 120]) {
      // A diagnosis of three causes takes some 15 lines more.
      const lines = linesOf(layers, width);
      assert(lines.length <= 35, `${lines.length} lines at ${width} columns`);
    }
  }
});

/** The rows of MobileNetV2: 17 blocks, of which 10 end in an addition. */
function mobileNet(): LayerMeasurements[] {
  const bare = (name: string, className: string) =>
    layer(name, {}, { className, weights: [], kind: "activation" });
  const unit = (name: string, className: string, width: number) => [
    layer(name, {}, { className, shape: [32, 8, 8, width] }),
    layer(`${name}_BN`, {}, { className: "BatchNormalization", weights: [] }),
  ];
  const blocks = Array.from({ length: 17 }, (_, i) => {
    const name = i === 0 ? "expanded_conv" : `block_${i}`;
    const width = 16 + 8 * (i >> 1);
    return [
      ...i === 0
        ? []
        : [...unit(`${name}_expand`, "Conv2D", width * 6), bare(`${name}_relu`, "ReLU")],
      ...unit(`${name}_depthwise`, "DepthwiseConv2D", width * 6),
      bare(`${name}_depthwise_relu`, "ReLU"),
      ...unit(`${name}_project`, "Conv2D", width),
      ...i % 5 > 1 ? [bare(`${name}_add`, "Add")] : [bare(`${name}_pad`, "ZeroPadding2D")],
    ];
  }).flat();
  return [
    bare("rescaling", "Rescaling"),
    bare("offset", "Rescaling"),
    bare("pad", "ZeroPadding2D"),
    ...unit("Conv1", "Conv2D", 32),
    bare("Conv1_relu", "ReLU"),
    ...blocks,
    ...unit("Conv_1", "Conv2D", 1280),
    bare("out_relu", "ReLU"),
    bare("pool", "GlobalAveragePooling2D"),
    layer("predictions", {}, { role: "output" }),
  ];
}

Deno.test("renderText() fits a network of MobileNetV2's layers into two screens of 40 lines", () => {
  const layers = mobileNet();
  assert(layers.length >= 160, `${layers.length} layers`);
  for (const width of [80, 100, 120]) {
    const lines = linesOf(layers, width);
    assert(lines.length <= 60, `${lines.length} lines at ${width} columns`);
    const text = lines.join(" ").replace(/\s+/g, " ");
    assert(text.includes("block_1 ... block_16: 16 blocks of"), text);
  }
});

Deno.test("findingWords() counts causes, warnings and notes, and findings only if a cause has several", () => {
  const of = (severities: string, causes: string) => {
    const names = { e: "error", w: "warning", n: "note" } as const;
    const each = (letters: string) =>
      [...letters].map((letter) => ({ severity: names[letter as keyof typeof names] }));
    return findingWords(each(severities), each(causes));
  };
  assertEquals(of("w", "w"), "1 warning");
  assertEquals(of("wn", "w"), "1 warning, 1 note");
  assertEquals(of("ewwnn", "eww"), "1 cause, 2 warnings, 2 notes");
  assertEquals(of("nn", ""), "2 notes");
  assertEquals(of("eee", "e"), "3 findings come from 1 cause");
  assertEquals(of("eewn", "ew"), "3 findings come from 1 cause and 1 warning, plus 1 note");
});

Deno.test("placesOf() names at most three lines of the user's code, each once", () => {
  const at = (line: number, name = `l${line}`) =>
    ({ name, source: { file: "net.py", line } }) as Parameters<typeof placesOf>[1][number];
  const layers = [at(1), at(2), at(3), at(4), at(5), at(1, "again"), { name: "bare" }];
  const of = (...names: string[]) => placesOf(names, layers);
  assertEquals(of("bare"), []);
  assertEquals(of("l1", "again"), ["In net.py:1."]);
  assertEquals(of("l1", "l2", "l3"), ["In net.py:1, net.py:2, net.py:3."]);
  assertEquals(of("l1", "l2", "l3", "l4"), [
    "In net.py:1, net.py:2, net.py:3 and 1 more line.",
  ]);
});

Deno.test("fixOf() gives the first fix, or all that worked but those that a later activation redraws", () => {
  const weights = (...layers: string[]) => layers.map((layer) => ({ layer, weight: "kernel" }));
  const rescale = { kind: "rescale", weights: weights("a", "b") };
  const redraw = { kind: "redraw", weights: weights("c") };
  const activation = { kind: "activation", layers: ["a", "b", "d"] };
  const kinds = (fixes: unknown[], worked?: boolean) =>
    fixOf(fixes as Fixes, worked === undefined ? undefined : { worked } as Tried)
      .map(({ kind }) => kind).join(" ");
  type Fixes = Parameters<typeof fixOf>[0];
  type Tried = NonNullable<Parameters<typeof fixOf>[1]>;
  assertEquals(kinds([rescale, activation]), "rescale");
  assertEquals(kinds([rescale, activation], false), "rescale");
  assertEquals(kinds([rescale, activation], true), "activation");
  assertEquals(kinds([activation, rescale], true), "activation rescale");
  assertEquals(kinds([rescale, redraw, activation], true), "redraw activation");
  assertEquals(kinds([{ ...redraw, weights: weights("d") }, activation], true), "activation");
});

Deno.test("triedWords() says what a fix left", () => {
  const of = (errors: number, left: number, over = {}) =>
    triedWords({
      fixes: [],
      tried: { worked: true, errors, left, verdict: "healthy", figure: null, ...over },
    })[0].replace(/^.*?: /, "");
  assertEquals(of(0, 0), "this warning is then gone.");
  assertEquals(of(1, 0), "the model is then HEALTHY.");
  assertEquals(
    of(1, 0, { onePass: true }),
    "the model is then HEALTHY by one pass, without training.",
  );
  assertEquals(of(2, 1), "this cause is then gone, but not all are.");
});
