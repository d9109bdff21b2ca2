import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  fixSentence,
  growthSentences,
  renderGrowth,
  slopeWords,
} from "../../../src/study/text/render_growth.ts";
import { growthSummary, layerGrowth } from "../../networks/growth.ts";

/** Returns the sentences after that on what was tested. */
const said = (changes: number[]) =>
  growthSentences(growthSummary(changes.map((change, i) => layerGrowth(`h${i}`, { change }))))
    .slice(1);

Deno.test("growthSentences() names up to three layers, and counts the others", () => {
  assertEquals(said([0.8, 0.7, 0.6]).length, 3);
  assertEquals(said([0.8, 0.7, 0.6, 0.55]).slice(3), [
    "1 more layer over width 64 to 256 is steep, less than these.",
  ]);
  assertEquals(said([0.8, 0.7, 0.6, 0.55, 0.9]).slice(3), [
    "2 more layers over width 64 to 256 are steep, less than these.",
  ]);
});

Deno.test("growthSentences() names errors before warnings, and the steepest first", () => {
  const names = said([0.4, 0.6, 0.45, 0.9]).map((text) => /^(\w+) in `(\w+)`/.exec(text)?.slice(1));
  assertEquals(names.slice(0, 3), [["Error", "h3"], ["Error", "h1"], ["Warning", "h2"]]);
});

Deno.test("growthSentences() doubts a slope whose interval reaches a flat one", () => {
  const doubts = (value: number, half: number | null) => {
    const one = layerGrowth("h", { change: value });
    const layers = [{ ...one, size: null, change: { value, half } }];
    return growthSentences(growthSummary(layers)).some((text) => text.startsWith("Not certain"));
  };
  assertEquals([doubts(0.75, 0.25), doubts(0.75, 0.5), doubts(0.75, 0.75)], [false, true, true]);
  assertEquals([doubts(-0.75, 0.25), doubts(-0.75, 0.5), doubts(0.75, null)], [false, true, true]);
});

Deno.test("growthSentences() says what was tested: layers, steps, optimizer, rate and seeds", () => {
  const summary = growthSummary();
  const tested = (training = {}, seeds = [0, 1]) =>
    growthSentences({ ...summary, seeds, training: { ...summary.training, ...training } })[0];
  const start = "Tested: the scale of 2 layers, 5 steps of Adam";
  const end = "Not tested: transfer of the best rate (add --rates).";
  assertEquals(tested(), `${start} at a rate of 0.01, 2 seeds. ${end}`);
  assertEquals(tested({ rate: null }, [0]), `${start}, 1 seed. ${end}`);
  assertEquals(
    tested({ raised: 10 }),
    `${start} at a rate of 0.1 (10 times the compiled one, which moves too little), 2 seeds. ${end}`,
  );
});

Deno.test("growthSentences() has the steepest slope under Adam, which is not judged", () => {
  const [one] = growthSummary().growth;
  const aside = (slope: number) =>
    growthSentences({ ...growthSummary(), growth: [{ ...one, withAdam: { layer: "out", slope } }] })
      .at(-1)!.replace(/^.*the steepest/, "the steepest");
  assertEquals(aside(0.12345), "the steepest slope over width 64 to 256 is 0.12 (`out`).");
  assertEquals(aside(NaN), "the steepest slope over width 64 to 256 is not finite (`out`).");
});

Deno.test("slopeWords() rounds to hundredths, without a negative zero", () => {
  const words = [-0.004, -0.006, 0.345].map((value) => slopeWords({ value, half: null }));
  assertEquals(words, ["0.00", "-0.01", "0.34"]);
  assertEquals(slopeWords({ value: 0.5, half: 0.25 }), "0.50 +- 0.25");
  assertEquals([slopeWords(null), slopeWords({ value: Infinity, half: 1 })], ["", "not finite"]);
});

Deno.test("fixSentence() says the steepest slope that is left", () => {
  const fix = { scalings: [], code: [] };
  assertStringIncludes(fixSentence({ ...fix, level: "flat", steepest: 0.126 }), "at most 0.13.");
  assertStringIncludes(fixSentence({ ...fix, level: "error", steepest: 0.8 }), "still 0.80.");
  assertStringIncludes(fixSentence({ ...fix, level: "error", steepest: Infinity }), "not finite.");
});

Deno.test("renderGrowth() draws the steeper of two slopes, of equal ones that of the size", () => {
  const bar = (size: number, change: number) => {
    const text = renderGrowth(growthSummary([layerGrowth("h", { size, change })]), { width: 100 });
    return /^h .* {2}(.{17}) (flat|warning|error)$/m.exec(text)![1].trim();
  };
  assertEquals(bar(0, 0), "|");
  assertEquals([bar(0.5, 0.25), bar(-0.25, 0.5)], ["|####", "|####"]);
  assertEquals([bar(-0.5, 0.5), bar(0.5, -0.5)], ["####|", "|####"]);
  assertEquals([bar(1, 0), bar(-2, 0), bar(0, 5)], ["|########", "########|", "|########"]);
});

Deno.test("renderGrowth() draws bars from three columns on each side on", () => {
  const hasBars = (width: number) =>
    renderGrowth(growthSummary([layerGrowth("h", { change: 1 })]), { width }).includes("|#");
  const least = Array.from({ length: 60 }, (_, i) => 40 + i).find(hasBars)!;
  const text = renderGrowth(growthSummary([layerGrowth("h", { change: 1 })]), { width: least });
  assertStringIncludes(text, "   |### ");
});

Deno.test("renderGrowth() has the best rate of each size", () => {
  const transfer = {
    axis: "width" as const,
    sizes: [64, 128],
    at: null,
    of: "all" as const,
    best: [1, 0.25],
    slope: { value: -1, half: 0.1 },
    level: "error" as const,
    atEdge: false,
  };
  const text = renderGrowth({ ...growthSummary(), transfer: [transfer] } as never);
  assertStringIncludes(
    text,
    "\nbest rate, times the compiled one:\n      64  1\n     128  0.25\n",
  );
});
