import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { stripAnsiCode } from "@std/fmt/colors";
import { differenceOf, type WeightChanges } from "../../../src/core/compare/difference.ts";
import { diagnose } from "../../../src/core/diagnosis/diagnose.ts";
import type { Cause } from "../../../src/core/diagnosis/diagnosis.ts";
import type { Fix } from "../../../src/core/diagnosis/fix.ts";
import { differenceShape, encodeDifference } from "../../../src/core/text/difference_document.ts";
import type { TensorChange } from "../../../src/core/compare/weights_comparison.ts";
import {
  headSentence,
  leadSentences,
  movedSentence,
  otherDifferences,
  renderDifference,
  weightChangeTable,
} from "../../../src/core/text/render_difference.ts";
import { formatShare } from "../../../src/ground/words/numbers.ts";
import { displayWidth } from "../../../src/core/text/fit_text.ts";
import { renderChanges } from "../../../src/core/text/render_changes.ts";
import { renderDifferenceMarkdown } from "../../../src/core/text/render_difference_markdown.ts";
import { readShape } from "../../../src/ground/words/shape.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import { finding, layer, measurements } from "../../networks/sample.ts";
import { snapshotOf } from "../../snapshot_of.ts";

/** A run of layers whose gradients have these sizes, with an error of each of these layers. */
function side(name: string, gradients: Record<string, number>, ill: string[] = []) {
  const run = measurements(
    Object.entries(gradients).map(([name, gradient]) => layer(name, { gradient })),
  );
  return { name, measurements: run, diagnosis: diagnose(run, ill.map((name) => finding(name))) };
}

const A = side("a.ts", { one: 0.1, two: 0.1, three: 0.1 }, ["two", "one"]);
const B = side("b.ts", { one: 0.1, two: 10, three: 0.001, four: 1 }, ["two", "four"]);

Deno.test("renderDifference() says what moved, both verdicts, and the worst layer first", () => {
  const text = renderDifference(differenceOf(A, B));
  const lines = text.split("\n");
  assertStringIncludes(lines[0], "The gradients of two are 100 times larger;");
  assertMatch(text, /^A: a\.ts: SICK: \d causes?$/m);
  assertMatch(text, /^B: b\.ts: SICK: \d causes?$/m);
  assertMatch(text, /^Only in B: four$/m);
  const rows = lines.slice(lines.findIndex((line) => line.startsWith("layer")) + 1);
  assertMatch(rows[0], /^(two +100|three +1\/100)$/);
  assertMatch(text, /^1 layer unchanged\.$/m);
  assertMatch(text, /^B \/ A of mean \|gradient\| of the kernel$/m);
});

Deno.test("renderDifference() says which layers put out another shape, and counts none as unchanged", () => {
  const run = (units: number) => {
    const made = measurements(
      ["one", "two"].map((name) =>
        layer(name, { gradient: 0.1 }, { shape: [32, name === "one" ? units : 3] })
      ),
    );
    return { name: `${units}.ts`, measurements: made, diagnosis: diagnose(made, []) };
  };
  const text = renderDifference(differenceOf(run(8), run(16)));
  assertMatch(text, /^Outputs: one from \[8\] to \[16\]$/m);
  assertMatch(text, /^1 layer unchanged\.$/m);
  assert(!renderDifference(differenceOf(run(8), run(8))).includes("Outputs:"));
});

Deno.test("renderDifference() keeps its text at each width", async (t) => {
  const after = {
    ...B,
    measurements: {
      ...B.measurements,
      objective: { ...B.measurements.objective, name: "meanSquaredError", value: 0.5 },
    },
  };
  const before = {
    ...A,
    measurements: {
      ...A.measurements,
      objective: { ...A.measurements.objective, name: "meanSquaredError", value: 0.55 },
    },
  };
  const text = (width?: number) => renderDifference(differenceOf(before, after), { width });
  await t.assertSnapshot([40, 60, 80].map(text).join("\n"), snapshotOf(import.meta));
  assertEquals(text(), text(80));
});

Deno.test("headSentence() names a loss that changes by a tenth or more, where it can be compared", () => {
  const withLoss = (one: typeof A, value: number, name = "meanSquaredError") => ({
    ...one,
    measurements: {
      ...one.measurements,
      objective: { ...one.measurements.objective, name, value },
    },
  });
  const of = (from: number, to: number, names: [string?, string?] = []) =>
    headSentence(differenceOf(withLoss(A, from, names[0]), withLoss(A, to, names[1])));
  assertEquals(of(1, 1.1), "The loss rises from 1 in A to 1.1 in B.");
  assertEquals(of(1.1, 1), "The loss falls from 1.1 in A to 1 in B.");
  const says = (from: number, to: number) =>
    new Map(otherDifferences(differenceOf(withLoss(A, from), withLoss(A, to)))).get("Loss");
  assertEquals([says(1, 1.05), says(1, 1.0001)], ["1 in A, 1.05 in B", "1 in both"]);
  const others = [of(1, 1.09), of(0, 1), of(1, 0), of(1, 2, ["sum", "sum"]), of(1, 2, ["a", "b"])];
  assertEquals(others, [null, null, null, null, null]);
});

Deno.test("headSentence() says that nothing matters below a factor of 2, unless a cause has changed", () => {
  const of = (gradient: number, ill: [string[], string[]] = [[], []]) =>
    headSentence(
      differenceOf(side("a", { one: 0.1 }, ill[0]), side("b", { one: gradient }, ill[1])),
    );
  const small = "Nothing that matters moved: no figure by more than a factor of";
  assertEquals(of(0.19), `${small} 1.9.`);
  assertEquals([of(0.2), of(0.1)], [null, null]);
  assertEquals(of(0.19, [["one"], ["one"]]), `${small} 1.9.`);
  assertEquals(of(0.19, [["one"], []]), null);
  const a = side("a", { one: 0.1, two: 0.1 }, ["one"]);
  const b = side("b", { one: 0.19, two: 0.1 });
  // The same verdict for another cause.
  const other = { ...b, diagnosis: diagnose(b.measurements, [finding("two", { rule: "head" })]) };
  assertEquals(headSentence(differenceOf(a, other)), null);
  // Another verdict with the same causes.
  const weak = { ...a.diagnosis, verdict: "weak" as const };
  assertEquals(headSentence(differenceOf(a, { ...b, diagnosis: weak })), null);
});

Deno.test("movedSentence() and leadSentences() say which layers and weights were compared", () => {
  const { comparison } = differenceOf(A, A);
  const moved = (over: Partial<typeof comparison>) =>
    movedSentence({ comparison: { ...comparison, same: false, said: [], ...over } });
  assertEquals(moved({ same: true }), "All figures are the same.");
  assertEquals(moved({}), "No figure moved by more than chance.");
  for (const missing of [{ onlyBefore: ["a"] }, { onlyAfter: ["a"] }]) {
    const text = "No figure of the layers that both have moved by more than chance.";
    assertEquals(moved(missing), text);
  }
  assertEquals(
    moved({ onlyBefore: ["a"], onlyAfter: ["b"] }),
    "No figure of the layers that both have moved by more than chance.",
  );
  const weights = { said: ["All weights are the same."] } as unknown as WeightChanges;
  const lead = (said: string[]) =>
    leadSentences({ ...differenceOf(A, A), weights, comparison: { ...comparison, said } });
  assertEquals(lead([]), ["All weights are the same."]);
  assertEquals(lead(["one moved"]), ["All weights are the same.", "One moved."]);
  assertEquals(lead(["one moved", "two too"])[1], "One moved; two too.");
});

Deno.test("renderDifference() shows both values of a change without a factor, and explains that", () => {
  const text = (before: number, after: number, shares: [number, number]) => {
    const [a, b] = [before, after].map((gradient, i) => {
      const made = measurements([layer("one", { gradient }, { saturatedFraction: shares[i] })]);
      return { name: `${i}`, measurements: made, diagnosis: diagnose(made, []) };
    });
    return renderDifference(differenceOf(a, b));
  };
  const explained = "A to B: no factor describes it";
  const cases: [number, number, [number, number], string][] = [
    [0.1, 0, [0, 0], "0.1 to 0"],
    [0, 0.1, [0, 0], "0 to 0.1"],
    [0.1, 0.1, [0.1, 0.9], "10% to 90%"],
  ];
  for (const [before, after, shares, cell] of cases) {
    assertMatch(text(before, after, shares), new RegExp(`^one +${cell}$`, "m"));
    assertStringIncludes(text(before, after, shares), explained);
  }
  for (const [after, cell] of [[0.13, "1.3"], [1, "10"], [0.01, "1/10"]] as const) {
    assertMatch(text(0.1, after, [0, 0]), new RegExp(`^one +${cell}$`, "m"));
    assert(!text(0.1, after, [0, 0]).includes(explained));
  }
});

Deno.test("renderDifference() drops the last columns that do not fit, and no others", () => {
  const run = (size: number) => {
    const made = measurements(["one", "two"].map((name) =>
      layer(name, {
        gradient: size,
        activation: size,
        delta: size,
      }, { saturatedFraction: 0.5 - size / 4 })
    ));
    return { name: `${size}`, measurements: made, diagnosis: diagnose(made, []) };
  };
  const headings = (width: number) =>
    renderDifference(differenceOf(run(0.1), run(1)), { width }).match(/^layer .*$/m)![0];
  assertEquals(headings(46), "layer  gradient  activation  delta   saturated");
  assertEquals(headings(45), "layer  gradient  activation  delta");
  assertEquals(headings(34), "layer  gradient  activation  delta");
  assertEquals(headings(33), "layer  gradient  activation");
  assertEquals(headings(27), "layer  gradient  activation");
  assertEquals(headings(26), "layer  gradient");
  // A name takes the room that the figures leave, then 30 % of the line, then figures are dropped.
  const named = (name: string, width: number) => {
    const sides = [0.1, 1].map((size) => side(`${size}`, { [name]: size }));
    return renderDifference(differenceOf(sides[0], sides[1]), { width }).match(/^n\S* +10$/m)?.[0];
  };
  const long = "n".repeat(30);
  assertEquals(named(long, 40), `${long}        10`);
  assertEquals(named(long, 39), `${"n".repeat(9)}..${"n".repeat(18)}        10`);
});

Deno.test("otherDifferences() says why gradients were not compared", () => {
  const on = (one: typeof A, name: string, examples: number) => ({
    ...one,
    measurements: {
      ...one.measurements,
      objective: { ...one.measurements.objective, name },
      batch: { ...one.measurements.batch, examples },
    },
  });
  const said = (names: [string, string], examples: [number, number]) =>
    new Map(
      otherDifferences(differenceOf(on(A, names[0], examples[0]), on(B, names[1], examples[1]))),
    ).get("Gradients");
  assertEquals(said(["sum", "sum"], [32, 32]), undefined);
  assertEquals(said(["sum", "sum"], [32, 1]), "not compared: A has 32 examples, B 1");
  const other = "not comparable: they belong to different objectives";
  assertEquals(said(["sum", "meanSquaredError"], [32, 32]), other);
  assertEquals(said(["sum", "meanSquaredError"], [32, 1]), other);
});

Deno.test("otherDifferences() leaves out layers of one file whose tensors are all paired", () => {
  const difference = differenceOf(A, B);
  const comparison = { ...difference.comparison, onlyBefore: ["one"], onlyAfter: ["four"] };
  const labels = (weights?: Pick<WeightChanges, "onlyBefore" | "onlyAfter">) =>
    otherDifferences({ ...difference, comparison, weights: weights as WeightChanges })
      .map(([label]) => label).filter((label) => label.startsWith("Only"));
  const both = ["Only in A", "Only in B"];
  assertEquals(labels(), both);
  assertEquals(labels({ onlyBefore: [], onlyAfter: [] }), []);
  assertEquals(labels({ onlyBefore: ["a"], onlyAfter: [] }), both);
  assertEquals(labels({ onlyBefore: ["a"], onlyAfter: ["b"] }), both);
  const none = { ...comparison, onlyBefore: [], onlyAfter: [] };
  assertEquals(otherDifferences({ ...difference, comparison: none }).map(([label]) => label), [
    "Sum of outputs",
  ]);
});

Deno.test("renderDifference() says that nothing moved", () => {
  const text = renderDifference(differenceOf(A, { ...A, name: "again.ts" }));
  assertMatch(text, /^All figures are the same\.\n\nA: a\.ts: /);
  assertMatch(text, /^3 layers unchanged\.$/m);
  assert(!text.includes("layer  "), text);
});

Deno.test("weightChangeTable() has the largest change first, unknown ones before, codes last", () => {
  const tensor = (name: string, over: Partial<TensorChange> = {}): TensorChange => ({
    name,
    count: 100,
    differing: 25,
    relativeChange: 0.5,
    cosine: 0.25,
    types: ["float32", "float32"],
    wasZero: false,
    ...over,
  } as TensorChange);
  const whole = { relativeChange: null, cosine: null, types: ["int64", "int64"] as const };
  const tensors = [
    tensor("codes", whole as unknown as Partial<TensorChange>),
    tensor("small", { relativeChange: 0.125 }),
    tensor("same", { differing: 0 }),
    tensor("large"),
    tensor("was_zero", { relativeChange: null, wasZero: true }),
    tensor("nan", { relativeChange: null, cosine: null }),
    tensor("large_too"),
  ];
  const changes = {
    tensors,
    onlyBefore: ["a", "b", "c", "d"],
    onlyAfter: ["e", "f", "g"],
    reshaped: [],
  };
  const table = (given: Partial<WeightChanges>, options?: { all?: boolean }) =>
    weightChangeTable({ ...changes, ...given } as unknown as WeightChanges, options);
  const { rows, rest } = table({});
  assertEquals(
    rows.map(({ name, cells }) => [name, ...cells].join(" ")),
    [
      "was_zero was 0 0.250000 25%",
      "nan not a number - 25%",
      "large 0.5 0.250000 25%",
      "large_too 0.5 0.250000 25%",
      "small 0.125 0.250000 25%",
      "codes - - 25%",
    ].map((row) => row.replace("25%", formatShare(0.25))),
  );
  assertEquals(rest, ["Only in A: a, b, c and 1 more.", "Only in B: e, f, g."]);
  assertEquals(table({}, { all: true }).rows.length, 7);
  const many = (count: number, options?: { all?: boolean }) => {
    const tensors = Array.from({ length: count }, (_, i) => tensor(`t${i}`));
    const { rows, rest } = table({ tensors, onlyBefore: [], onlyAfter: [] }, options);
    return [rows.length, ...rest];
  };
  assertEquals(many(24), [24]);
  assertEquals(many(25), [24, "1 more tensor differ; --all shows every tensor."]);
  assertEquals(many(25, { all: true }), [25]);
});

Deno.test("renderDifference() tells causes that went, stayed and came", () => {
  const text = (before: typeof A, after: typeof A) => renderDifference(differenceOf(before, after));
  const healthy = side("c.ts", { one: 0.1, two: 0.1, three: 0.1 });
  assert(/^No longer: /m.test(text(A, healthy)) && !/^(New|Stayed): /m.test(text(A, healthy)));
  assert(/^New: /m.test(text(healthy, A)) && !/^(No longer|Stayed): /m.test(text(healthy, A)));
  assert(/^Stayed: /m.test(text(A, A)) && !/^(New|No longer): /m.test(text(A, A)));
});

Deno.test("renderDifference() shows the worst 24 layers, and all with --all", () => {
  const many = (size: (i: number) => number) =>
    side("m.ts", Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`l${i}`, size(i)])));
  const difference = differenceOf(many(() => 0.1), many((i) => i < 30 ? 0.1 * 2 ** (i + 1) : 0.1));
  const rows = (text: string) => text.match(/^l\d+ /gm)!;
  const text = renderDifference(difference);
  assertEquals([rows(text).length, rows(text)[0]], [24, "l29 "]);
  assertMatch(text, /^6 more layers changed; --all shows every layer\.\n10 layers unchanged\.$/m);
  const all = renderDifference(difference, { all: true });
  assertEquals(rows(all).length, 40);
  assertMatch(all, /^l39 +=$/m);
  assert(!all.includes("unchanged"));
});

Deno.test("renderDifference() keeps to its width, whatever the names", () => {
  const names = [
    "<script>",
    "a".repeat(300),
    "ш".repeat(90),
    "漢字".repeat(40),
    "x\x1b[2Jy\u202e",
    "|`*",
  ];
  const run = (gradient: number) =>
    side("\x1b[2J".padEnd(200, "n"), Object.fromEntries(names.map((name) => [name, gradient])));
  const difference = differenceOf(run(0.1), run(0));
  for (const width of [20, 40, 80, 120]) {
    const text = renderDifference(difference, { width, color: true, unicode: true });
    const plain = stripAnsiCode(text);
    for (const line of plain.trimEnd().split("\n")) {
      assert(displayWidth(line) <= width, `${width}: ${line}`);
    }
    // deno-lint-ignore no-control-regex -- what must not be there
    assert(!/[\x1b\u202e]/.test(plain));
  }
});

Deno.test("renderDifferenceMarkdown() says the same in a table that no name breaks", () => {
  const name = "a|b`<c>";
  const difference = differenceOf(side("a.ts", { [name]: 0.1 }), side("b.ts", { [name]: 0.2 }));
  const lines = renderDifferenceMarkdown(difference).split("\n");
  assertStringIncludes(lines[0], "gradients of");
  assertMatch(lines[2], /^- A, `a\.ts`: HEALTHY/);
  const at = lines.indexOf("| layer | gradient |");
  assertEquals(lines[at + 1], "| --- | ---: |");
  assertMatch(lines[at + 2], /^\| <code>[^|`]*<\/code> \| 2 \|$/);
});

Deno.test("encodeDifference() writes every figure, and can be read back", () => {
  const difference = differenceOf(A, side("b.ts", { one: NaN, two: 0, three: 0.1 }));
  const read = readShape(encodeDifference(difference), differenceShape, "d.json");
  assertEquals(read.layers, difference.comparison.layers);
  assertEquals(read.said, difference.comparison.said);
  assertEquals([read.before.name, read.before.verdict], ["a.ts", "sick"]);
  assertEquals(read.causes.gone.length, difference.causes.gone.length);
});

/** The changes of a model with one cause and these fixes. */
function changes(
  layer: string,
  fixes: Fix[],
  worked: boolean,
  { layers = [layer], weights = 1 }: { layers?: string[]; weights?: number } = {},
): string {
  const measurements = goldenMeasurements("relu_dead_layer");
  const cause: Cause = {
    kind: "bias",
    severity: "error",
    layers,
    message: `The biases of ${layer} are -100.`,
    consequences: [],
    findings: [],
    fixes,
    tried: {
      worked,
      errors: 2,
      left: worked ? 0 : 2,
      verdict: worked ? "healthy" : "sick",
      figure: null,
    },
  };
  return renderChanges({
    name: "model.json",
    version: "1.2.3",
    before: { measurements, diagnosis: { verdict: "sick", causes: [cause], notes: [] } },
    after: { measurements, diagnosis: { verdict: "healthy", causes: [], notes: [] } },
    changed: ["dense_3/bias"],
    weights,
  });
}

const bias = (layer: string): Fix => ({
  kind: "set-bias",
  weights: [{ layer, weight: "dense_3/bias" }],
  value: 0,
});

Deno.test("renderChanges() shows what was done and what is left of a cause apart", () => {
  const head: Fix = { kind: "head", layer: "dense_5", activation: "softmax", loss: null };
  const text = changes("dense_3", [bias("dense_3"), head], true);
  assertStringIncludes(text, "gradient-health 1.2.3 changed 1 of 1 weight.\n");
  assertStringIncludes(
    text,
    "- Fix: Start the bias of dense\\_3 at 0.\n- Left to you: End dense\\_5",
  );
  assertStringIncludes(text, "| `dense_3/bias` | set to 0 | mean -100, std 0 |");
  assert(!text.includes("## Training on the batch"));
});

Deno.test("renderChanges() says how many weights are the same, and where the cause is", () => {
  const fixes = [bias("dense_3")];
  assertStringIncludes(
    changes("dense_3", fixes, true, { weights: 3 }),
    "changed 1 of 3 weights; the others are the same to the last bit.\n",
  );
  assertStringIncludes(changes("dense_3", fixes, true), "\n- Cause: `bias`, in `dense_3`\n- Fix:");
  const nowhere = changes("dense_3", fixes, true, { layers: [] });
  assertStringIncludes(nowhere, "\n- Cause: `bias`\n- Fix:");
  const both = changes("dense_3", fixes, true, { layers: ["dense_3", "dense_4"] });
  assertStringIncludes(both, "in `dense_3`, `dense_4`\n");
});

Deno.test("renderChanges() shows no table for a fix that did not work", () => {
  const text = changes("dense_3", [bias("dense_3")], false);
  assertStringIncludes(text, "- Left to you: Start the bias");
  assertStringIncludes(text, "none helped");
  assert(!text.includes("| weight |"));
});

Deno.test("renderChanges() lets no name of a layer be a link, a tag, a fence or a line of code", () => {
  const name = "![x](http://a.b)<b>@me\n```\nrun();";
  const text = changes(name, [bias(name)], true);
  const [prose] = text.split("\n```");
  assert(!/^[^`]*!\[x\]\(http:\/\/|<b>|^run\(\);/m.test(prose.replace(/<code>.*?<\/code>/g, "")));
  assert(!/^run\(\);/m.test(text));
  const fences = text.split("\n").filter((line) => /^`{3,}/.test(line));
  assert(fences.every((line) => /^(````ts|````|```text|```)$/.test(line)), fences.join(" "));
});
