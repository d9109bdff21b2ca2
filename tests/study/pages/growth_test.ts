import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { renderGrowthImage, renderGrowthPage } from "../../../src/study/pages/growth_page.ts";
import { growthSentences, renderGrowth } from "../../../src/study/text/render_growth.ts";
import { growthSummary, layerGrowth } from "../../networks/growth.ts";

const FIX = {
  scalings: [],
  code: [{ layer: "hidden", words: "learning rate x width^-1", code: "a <b>;\n// c" }],
  level: "flat" as const,
  steepest: 0.1,
};

Deno.test("renderGrowth() says the verdict, what is wrong, the slopes, the sizes and the fix", () => {
  const text = renderGrowth({ ...growthSummary(), fixes: FIX });
  assertStringIncludes(text, "model.ts: does not keep its scale\n");
  assertStringIncludes(
    text.replaceAll("\n", " "),
    "Error in `hidden` over width 64 to 256: the change of its activations per step grows as width^0.80 +- 0.10; " +
      "expected a slope of at most 0.25 (error above 0.5).",
  );
  assertStringIncludes(
    text,
    "hidden  0.00 +- 0.05  0.80 +- 0.10     -0.50    0.00          |######   error",
  );
  assertStringIncludes(text, "in         0        1        1        1\n");
  assertStringIncludes(text, "every slope is at most 0.10.\n- hidden: learning rate x width^-1\n");
  assert(text.split("\n").every((line) => line.length <= 80));
  // Long names leave no room for bars, and longer ones are cut.
  for (const [width, bars] of [[110, true], [80, false], [60, false]] as const) {
    const long = growthSummary([
      layerGrowth("transformer/block_1/mha", { size: -0.4 }),
      layerGrowth("transformer/block_2/mha", { change: 0.8 }),
    ]);
    const lines = renderGrowth(long, { width }).split("\n");
    assertEquals(lines.filter((line) => line.length > width), [], `${width}`);
    assertEquals(lines.some((line) => line.includes("|###")), bars, `${width}`);
  }
  // A small bar to the left, drawn with Unicode.
  const falling = growthSummary([layerGrowth("a", { size: -0.4 })]);
  assertStringIncludes(renderGrowth(falling, { unicode: true }), "     ███│");
  assertStringIncludes(
    renderGrowth(falling),
    "Warning in `a` over width 64 to 256: the size of its",
  );
});

Deno.test("renderGrowth() has two slopes with bars below 72 columns, and four from there on", () => {
  const summary = growthSummary([
    layerGrowth("embedding_of_words", { size: -0.3 }),
    layerGrowth("block_1", { repeats: true }),
    layerGrowth("hidden", { change: 0.8 }),
  ]);
  const tables = (width: number) => {
    const [, slopes, sizes] = renderGrowth(summary, { width }).split("\n\n");
    return [`\n${slopes}\n`, `\n${sizes}`];
  };
  const [narrow, sizes] = tables(71);
  assertEquals(
    narrow,
    `
SLOPES OVER WIDTH 64 TO 256
layer                 activations        change  -1    0     1
embedding_of_words  -0.30 +- 0.05  0.00 +- 0.10      ##|       warning
block_1              0.00 +- 0.05  0.00 +- 0.10        |       repeats
hidden               0.00 +- 0.05  0.80 +- 0.10        |#####  error
slopes of log2 size; the middle of the steps; |slope| <= 0.25 is flat
`,
  );
  // A layer that repeats has no size that can be compared.
  const steps = (name: string, cells: string) =>
    [0, 1, 2, 3, 4, 5].map((step) => `${(step === 0 ? name : "").padEnd(18)}     ${step}${cells}\n`)
      .join("");
  assertEquals(
    sizes,
    `
SIZES OF ACTIVATIONS BY WIDTH
layer               step       64      128      256
${steps("embedding_of_words", "        1    0.812     0.66")}${
      steps("hidden", "        1        1        1")
    }`,
  );
  // The name is cut, as no room for a bar is left, and with more room it is whole.
  const [cut] = tables(72);
  assertEquals(
    cut.split("\n").slice(2, 5).join("\n"),
    `
layer               activations        change  gradient  update
embed.._of_words  -0.30 +- 0.05  0.00 +- 0.10     -0.50    0.00  warning
block_1            0.00 +- 0.05  0.00 +- 0.10     -0.50    0.00  repeats`.slice(1),
  );
  const [wide] = tables(100);
  assertEquals(
    wide.split("\n").slice(2, 6).join("\n"),
    `
layer                 activations        change  gradient  update  -1      0       1
embedding_of_words  -0.30 +- 0.05  0.00 +- 0.10     -0.50    0.00        ##|         warning
block_1              0.00 +- 0.05  0.00 +- 0.10     -0.50    0.00          |         repeats
hidden               0.00 +- 0.05  0.80 +- 0.10     -0.50    0.00          |######   error`
      .slice(1),
  );
});

Deno.test("renderGrowth() says which slopes the largest is of, if all are flat", () => {
  const flat = growthSummary([layerGrowth("hidden", { change: -0.07 })]);
  assertStringIncludes(
    renderGrowth(flat).replaceAll("\n", " "),
    "every judged slope is at most 0.07 in size (a warning above 0.25, an error above 0.5); those " +
      "of gradients and updates are not judged",
  );
});

Deno.test("renderGrowth() says which of the two was tested", () => {
  assertStringIncludes(
    renderGrowth(growthSummary()),
    "Tested: the scale of 2 layers, 5 steps of Adam",
  );
  const rates = renderGrowth({
    ...growthSummary(),
    growth: [],
    level: "flat",
    transfer: [{
      of: "all",
      axis: "width",
      sizes: [64, 128],
      at: null,
      best: [1, 0.98],
      slope: { value: -0.03, half: 0.1 },
      atEdge: false,
      level: "flat",
    }],
  });
  assertStringIncludes(
    rates,
    "model.ts: the best rate transfers\nTested: transfer of the best rate, ",
  );
  assertStringIncludes(
    rates,
    "The best rate transfers over width 64 to 128: slope -0.03 +- 0.10.\n",
  );
});

Deno.test("renderGrowthImage() draws a panel of slopes for each size and one of curves for each step", () => {
  const image = renderGrowthImage(growthSummary());
  assertStringIncludes(image, '<title id="gh-title">model.ts: does not keep its scale</title>');
  // Two that are judged for each layer, and its gradient and update.
  assertEquals(
    image.match(/class="bar [a-z]+"/g)?.filter((bar) => !bar.includes("soft")).length,
    4,
  );
  assertEquals(image.match(/class="bar soft"/g)?.length, 4);
  assertEquals(
    [...image.matchAll(/<text class="head"[^>]*>slope of ([^<]+)</g)].map(([, title]) => title),
    ["activations", "change per step", "gradient (not judged)", "update (not judged)"],
  );
  // The slope of 0.8 is drawn to scale: the panel ends at 1.25.
  assertStringIncludes(image, '<rect class="bar error" x="635" y="66" width="67.2"');
  assertEquals(image.match(/class="curve /g)?.length, 2 * 6);
  assertStringIncludes(image, "before training");
  assertStringIncludes(image, "after step 5");
});

Deno.test("renderGrowthImage() widens a panel in which a slope is larger than its edge", () => {
  const summary = growthSummary();
  const [axis] = summary.growth;
  const layers = axis.layers.map((layer, i) => ({
    ...layer,
    slopes: { ...layer.slopes, gradients: [{ value: i === 0 ? -2.5 : -1.25, half: null }] },
  }));
  const image = renderGrowthImage({ ...summary, growth: [{ ...axis, layers }] });
  // A quarter of 210 px for 1.25, where 2.5 is the edge; the judged panels stay as they are.
  assertStringIncludes(image, 'width="52.5"');
  assertStringIncludes(image, '<rect class="bar error" x="635" y="66" width="67.2"');
});

Deno.test("renderGrowthPage() has both panels, every slope and the fix, and escapes names", async () => {
  const hostile = layerGrowth("<script>", { change: 0.8 });
  const page = await renderGrowthPage({ ...growthSummary([hostile]), fixes: FIX });
  assertStringIncludes(page, "<!doctype html>");
  assert(!page.includes("<bdi><script>"));
  assertStringIncludes(page, "slope of change per step");
  assertStringIncludes(page, "before training");
  assertStringIncludes(page, "a &#60;b&#62;;");
  assertStringIncludes(page, "<td>0.80 +- 0.05</td>");
});

Deno.test("growthSentences() says how certain steep slopes are, and which rate was raised", () => {
  const slope = (value: number, half: number | null) => ({ value, half });
  const layer = (name: string, half: number | null) => ({
    ...layerGrowth(name, { change: 0.8 }),
    size: slope(0, half),
    change: slope(0.8, half),
  });
  const doubts = (...layers: ReturnType<typeof layer>[]) =>
    growthSentences(growthSummary(layers)).filter((text) => text.startsWith("Not certain"));
  assertEquals(doubts(layer("a", 0.54)), []);
  assertEquals(doubts(layer("a", 0.55)), [
    "Not certain: their intervals over the seeds hold flat slopes too; use more seeds.",
  ]);
  assertEquals(doubts(layer("a", 0.1), layer("b", 0.6)), [
    "Not certain for 1 of these 2 layers: their intervals over the seeds hold flat slopes too; use " +
    "more seeds.",
  ]);
  assertEquals(doubts(layer("a", null)), [
    "Not certain: one seed has no interval; use more seeds.",
  ]);
  const summary = growthSummary();
  const training = { ...summary.training, rate: 0.001, raised: 8 };
  assertStringIncludes(
    growthSentences({ ...summary, training })[0],
    "5 steps of Adam at a rate of 0.008 (8 times the compiled one, which moves too little), 3 seeds.",
  );
  assertStringIncludes(
    growthSentences({ ...summary, training: { ...training, rate: null, raised: 1 } })[0],
    "5 steps of Adam, 3 seeds.",
  );
});
