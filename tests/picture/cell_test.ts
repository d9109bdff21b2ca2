import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { XMLValidator } from "fast-xml-parser";
import { healthMonitor } from "../../src/assert/mod.ts";
import { runRules } from "../../src/rules/mod.ts";
import { diagnose } from "../../src/diagnosis/mod.ts";
import { compareMeasurements } from "../../src/compare/mod.ts";
import { startEngine } from "../../src/mod.ts";
import { examine } from "../../src/diagnosis/examine/mod.ts";
import { activations, gradients, measure } from "../../src/measure/mod.ts";
import { exerciseModel, getWeights, randomBatch, rescaleWeights } from "../../src/load/mod.ts";
import { renderJson } from "../../src/render/mod.ts";
import { study, summarizeStudy } from "../../src/study/mod.ts";
import { withOverview } from "../../src/words/overview.ts";

const { tf } = await startEngine();
const model = exerciseModel();
const batch = randomBatch(model);
const measurements = await measure(model, batch);
const findings = runRules(measurements);
const smaller = exerciseModel();
rescaleWeights(smaller, 1 / 3);
const rescaled = await measure(smaller, batch);
const points = await study({ network: "exercise" }, { scales: [0.001, 1] });

async function trained() {
  const small = exerciseModel({ depth: 2, width: 4, std: 0.5 });
  small.compile({ optimizer: tf.train.sgd(0.01), loss: "meanSquaredError" });
  const { inputs, targets } = randomBatch(small, { objective: "meanSquaredError" });
  const monitor = healthMonitor({ batch: { inputs, targets }, every: 1, onFinding: "keep" });
  await small.fit(inputs, targets!, { epochs: 2, verbose: 0, callbacks: monitor });
  tf.dispose([inputs, targets!].flat());
  small.dispose();
  return monitor.history;
}

/** What shows itself, each with the first line that a console prints, and whether there is a picture. */
const SHOWN: Record<string, [value: object, title: string, hasImage: boolean]> = {
  "measure()": [measurements, "exercise: 11 layers, 4,221 parameters; 32 examples; J = ", true],
  "runRules()": [
    findings,
    `${findings.filter(({ severity }) => severity === "error").length} errors, `,
    true,
  ],
  "diagnose()": [diagnose(measurements, findings), "SICK: 1 cause", true],
  "examine()": [await examine(model, batch), "SICK: 1 cause", true],
  "getWeights()": [getWeights(model), "22 weights with 4,221 entries", true],
  "study()": [points, "study of exercise: 2 of 2 points", true],
  "summarizeStudy()": [summarizeStudy(points), "study of exercise: 2 of 2 points", true],
  "compareMeasurements()": [
    compareMeasurements(measurements, rescaled),
    "11 layers in both: the kernels of dense_1 ... dense_11 are 3 times smaller",
    true,
  ],
  "healthMonitor().history": [await trained(), "3 records, step 0 to 2", true],
};

const tensors: Record<string, [value: object & Disposable, title: string, hasImage: boolean]> = {
  "gradients()": [await gradients(model, batch), "22 gradients", true],
  "activations()": [await activations(model, batch), "11 activations", true],
};

type Display = Record<symbol, () => Promise<Record<string, string>>>;

const show = (value: object) => (value as Display)[Symbol.for("Jupyter.display")]();

for (const [name, [value, title, hasImage]] of Object.entries({ ...SHOWN, ...tensors })) {
  Deno.test(`${name} prints a summary, and shows itself in a notebook`, async () => {
    const printed = Deno.inspect(value);
    assertEquals(printed.slice(0, title.length), title);
    assert(printed.length < 5000, `${printed.length}`);
    const shown = await show(value);
    const types = ["text/html", "text/plain", ...hasImage ? ["image/svg+xml"] : []];
    assertEquals(Object.keys(shown).sort(), types.sort());
    assertEquals(shown["text/plain"], printed);
    assertStringIncludes(shown["text/html"], `<p><b>${printed.split("\n")[0]}`);
    assertEquals(
      XMLValidator.validate(shown["text/html"].replace(/<img ([^>]*)>/, "<img $1/>")),
      true,
    );
    if (hasImage) assertEquals(XMLValidator.validate(shown["image/svg+xml"]), true);
  });
}

/** As a snapshot prints a value. */
const WHOLE: Deno.InspectOptions = {
  depth: Infinity,
  sorted: true,
  trailingComma: true,
  compact: false,
  iterableLimit: Infinity,
  strAbbreviateSize: Infinity,
};

for (const [name, [value]] of Object.entries(SHOWN)) {
  Deno.test(`${name} gives plain data: JSON, copies, comparisons and snapshots know nothing of it`, () => {
    const clone = structuredClone(value);
    assertEquals(clone, value);
    assertEquals(value, clone);
    assertEquals(JSON.stringify(value), JSON.stringify(clone));
    assertEquals(Deno.inspect(value, WHOLE), Deno.inspect(clone, WHOLE));
    assertEquals(Deno.inspect([{ value }], WHOLE), Deno.inspect([{ value: clone }], WHOLE));
    assertEquals(Reflect.ownKeys({ ...value }), Reflect.ownKeys({ ...clone }));
  });
}

Deno.test("documents are written as they were", () => {
  const clone = structuredClone({ measurements, findings });
  assertEquals(renderJson(measurements, findings), renderJson(clone.measurements, clone.findings));
});

Deno.test("gradients() that were freed are shown as such", async () => {
  const found = await gradients(model, batch, { of: "dense_11/kernel" });
  found[Symbol.dispose]();
  const { "text/html": page } = await show(found);
  assertStringIncludes(page, "<td>disposed of</td>");
  assertStringIncludes(Deno.inspect(found), "dense_11/kernel  disposed of");
});

Deno.test("a cell escapes what a file has named", async () => {
  const rows = [["<script>alert(1)</script>", 1]];
  const hostile = { title: '"><b>&', columns: ["<i>"], rows };
  const illustration = {
    of: "values",
    given: () => ({
      title: "<u>",
      bars: [{ label: "<s>", value: 1 }, { label: "]]>", value: NaN }],
    }),
  };
  const shown = await show(withOverview({}, () => hostile, illustration));
  for (const markup of ["<script>", "<i>", '"><b>&', "<u>", "<s>"]) {
    assert(!shown["text/html"].includes(markup), markup);
    assert(!shown["image/svg+xml"].includes(markup), markup);
  }
});

Deno.test("a cell shows 500 rows, and says how many there are", async () => {
  const rows = Array.from({ length: 3000 }, (_, i) => [`layer ${i}`]);
  const { "text/html": page } = await show(
    withOverview({}, () => ({ title: "t", columns: ["layer"], rows })),
  );
  assertEquals(page.match(/<td>/g)!.length, 500);
  assertStringIncludes(page, "... 2500 more of 3000");
});

Deno.test("measure() shows a network with NaN, and one without a kernel", async () => {
  const { layers } = tf;
  const odd = tf.sequential({
    layers: [layers.dense({ units: 2, inputShape: [3] }), layers.reLU()],
  });
  odd.setWeights([tf.fill([3, 2], NaN), tf.zeros([2])]);
  for (const one of [odd, tf.sequential({ layers: [layers.flatten({ inputShape: [2, 2] })] })]) {
    const found = await measure(one, randomBatch(one));
    assert(Deno.inspect(found).length < 5000);
    assertStringIncludes((await show(found))["text/html"], "<table>");
  }
});

Deno.test("the values of this test are freed", () => {
  for (const [found] of Object.values(tensors)) found[Symbol.dispose]();
  model.dispose();
  smaller.dispose();
});

Deno.test("text in a cell has its own monospace font, and repeats no heat map of the image", async () => {
  for (const value of [summarizeStudy(points), SHOWN["examine()"][0]]) {
    const { "text/html": page } = await show(value);
    const [, style, text] = page.match(/<pre style="([^"]*)">([^]*?)<\/pre>/)!;
    assertStringIncludes(style, "monospace");
    assertEquals(text.split("\n").filter((line) => /\|.{20,}\|$/.test(line)), []);
  }
  const { "text/html": page } = await show(summarizeStudy(points));
  assertStringIncludes(page, "best at 1/1000");
});
