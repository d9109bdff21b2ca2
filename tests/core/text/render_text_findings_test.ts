import { assert, assertEquals } from "@std/assert";
import { renderText } from "../../../src/core/text/render_text.ts";
import {
  atMost,
  layerName,
  number,
  say,
  shareFigure,
  weightName,
} from "../../../src/core/rules/say.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import { finding, layer, measurements, small, weight } from "../../networks/sample.ts";

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
  // Gradients, activations, deltas and the table: saturation is a figure of two of them.
  assertEquals(marks.join(""), ["    ", "!?? ", "    ", "!?? "].join(""));
});

Deno.test("renderText() marks a layer in the charts of the figure that is wrong, and wherever it is NaN", () => {
  const model = measurements([
    layer("a", {}),
    layer("b", {}),
    layer("c", {}, { weights: [weight("c/kernel", NaN)] }),
  ]);
  const text = renderText(model, [
    finding("a", { rule: "vanishing-gradients" }),
    finding("b", { rule: "activation-scale", severity: "warning" }),
    finding("c", { rule: "non-finite" }),
  ]);
  const marks = text.split("\n").flatMap((line) => /^([!? ]) [abc] /.exec(line)?.[1] ?? []);
  assertEquals(marks.join(""), ["! !", " ? ", "!  ", "!?!"].join(""));
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
  const fix = (word: string) => (name: string) =>
    say`${layerName(name)}: what ${word === "" ? name : word} holds.`;
  const shown = (fixesSaid: ReturnType<typeof fix>) =>
    renderText(model, names.map((name) => finding(name, { fix: fixesSaid(name) })));
  const same = shown(fix("abca")).replace(/\s+/g, " ");
  assert(same.includes("a: what abca holds. The same applies to the other 2 findings. "), same);
  // A word that differs is more than the name.
  assert(shown(fix("")).replace(/\s+/g, " ").includes("(values differ)"));
});

Deno.test("renderText() says every kind of message and fix that a rule has", () => {
  const model = measurements([layer("a", {}), layer("b", {}), layer("c", {})]);
  const text = renderText(model, [
    finding("a"),
    finding("b", { message: "b is where it begins.", fix: "Look at b first." }),
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

Deno.test("renderText() sums up the other findings by what they have in common", () => {
  const model = measurements([layer("a", {}), layer("b", {}), layer("c", {})]);
  const restOf = (given: Partial<Parameters<typeof finding>[1]>[]) =>
    /1 more finding like (?:this|these)(.*)\.\n/.exec(renderText(
      model,
      given.map((over, i) =>
        finding("abc"[i], {
          message: i === 0 ? "x." : "y.",
          threshold: "saturatedFraction",
          ...over,
        })
      ),
    ))![1];
  const none = { measured: null };
  const other = { expected: atMost(0.75) };
  assertEquals(restOf([{}, {}, {}]), " (all: measured 0.99, expected <= 0.5)");
  assertEquals(restOf([none, none, none]), " (all: expected <= 0.5)");
  assertEquals(restOf([{}, {}, other]), " (all: measured 0.99)");
  assertEquals(restOf([none, none, { ...none, ...other }]), "");
});

Deno.test("renderText() says where the same is to do in other layers with other figures", () => {
  const names = ["a_1", "b_2", "c_3"];
  const model = measurements(names.map((name) => layer(name, {})));
  const fixesSaid = (figures: number[]) =>
    /Fix: ([^]*?)\n\n/.exec(renderText(
      model,
      figures.map((figure, i) =>
        finding(names[i], {
          fix: say`Draw ${weightName(`${names[i]}/kernel`, names[i])} with ${number(figure)}.`,
        })
      ),
    ))![1].replace(/\s+/g, " ");
  assertEquals(fixesSaid([0.1]), "Draw a_1/kernel with 0.1.");
  assertEquals(
    fixesSaid([0.1, 0.2]),
    "Draw a_1/kernel with 0.1. The same applies to the other finding (values differ).",
  );
  assertEquals(
    fixesSaid([0.1, 0.1, 0.3]),
    "Draw a_1/kernel with 0.1. The same applies to the other 2 findings (values differ).",
  );
  assertEquals(
    fixesSaid([0.1, 0.1, 0.1]),
    "Draw a_1/kernel with 0.1. The same applies to the other 2 findings.",
  );
});

Deno.test("renderText() writes strings of a rule out as they are, and knows no kinds of them", () => {
  const model = measurements([layer("a", {}), layer("b", {})]);
  const text = renderText(
    model,
    ["a", "b"].map((name) => finding(name, { message: `${name} is off.`, fix: "Mend it." })),
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

Deno.test("renderText() gives fix that several layers share once, though it names some of them", () => {
  const fix = "Multiply the kernels of a ... b by 1/892.";
  const findings = ["a", "b", "c"].map((name) => finding(name, { fix }));
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
      fix: "Nothing to do.",
      ...rest,
    });
  const text = renderText(small, [
    note("gradient-ratio"),
    note("gradient-balance", { threshold: "gradientBalance" }),
    note("init-scale", { message: "No verdict yet." }),
    note("bias-init", { fix: "Wait." }),
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

Deno.test("renderText() says what other findings have in common only if they do", () => {
  const names = ["b", "a", "c", "d"];
  const model = measurements(names.map((name) => layer(name, {})));
  const textOf = (given: (i: number) => Partial<Finding>) => {
    const findings = names.map((name, i) =>
      finding(name, {
        threshold: "share",
        message: say`Too many entries of ${layerName(name)}.`,
        ...given(i),
      } as never)
    );
    const text = renderText(model, findings);
    return text.slice(text.indexOf("ERROR")).split("\n").slice(0, 3).join("\n");
  };
  const start = "ERROR saturated-activations: b ... d (4 layers)\n  Too many entries of b.\n";
  assertEquals(
    textOf(() => ({ measured: null })),
    `${start}  3 more findings like this (all: expected <= 0.5).`,
  );
  assertEquals(
    textOf((i) => ({ measured: i === 1 ? 0.9 : null })),
    `${start}  3 more findings like this (all: measured 0.9, expected <= 0.5).`,
  );
  assertEquals(
    textOf((i) => ({ measured: null, expected: atMost(0.5 + i / 10) })),
    `${start}  3 more findings like this.`,
  );
});
