import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Measurements } from "../../src/core/measure/measurements.ts";
import { type Baseline, findBaseline, parseBaseline } from "../../src/gate/find_baseline.ts";
import { formatBaseline, updateBaseline } from "../../src/gate/write_baseline.ts";
import { GateError } from "../../src/core/diagnosis/gate_result.ts";
import { judgeRun } from "../../src/gate/judge_run.ts";
import { resolveConfiguration } from "../../src/gate/resolve_configuration.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { anyMeasurements } from "../core/text/arbitrary.ts";

const { rules } = resolveConfiguration({});

function store(measurements: Measurements, model = "digits", seed = 0, old: Baseline = {}) {
  return updateBaseline(old, [{ model, seed, measurements }]);
}

/** Returns the rule's findings against a baseline that was written and read back. */
function compare(
  baseline: Baseline,
  measurements: Measurements,
  model = "digits",
  names = [model],
) {
  const read = parseBaseline(formatBaseline(baseline), "b.json");
  const entry = findBaseline(read, measurements, { name: model, seed: 0, names });
  return judgeRun(measurements, rules, { baseline: entry }).filter(({ rule }) =>
    rule === "baseline"
  );
}

const healthy = () => makeMeasurements([{}, { saturatedFraction: 0.1 }, { deadFraction: 0.1 }]);

Deno.test("a baseline finds nothing where nothing moved", () => {
  assertEquals(compare(store(healthy()), healthy()), []);
});

Deno.test("a baseline names layer, old and new value of each figure that moved", () => {
  const moves: [string, Partial<ReturnType<typeof makeLayer>>, string][] = [
    ["std(a)", { activations: flat(0.2, 640) }, "is 0.2 and was 0.6"],
    ["rms(delta)", { preActivationGradients: flat(0.3, 640) }, "is 0.3 and was 0.1"],
    ["saturated share", { saturatedFraction: 0.5 }, "is 50 % and was 10 %"],
    ["rms(kernel)", {
      weights: [makeWeight({ name: "dense_2/kernel", values: flat(0.8, 400) })],
    }, "is 0.8 and was 0.2"],
    ["rms(gradient of kernel)", {
      weights: [makeWeight({ name: "dense_2/kernel", gradients: flat(0.001, 400) })],
    }, "is 0.001 and was 0.01"],
  ];
  for (const [figure, change, values] of moves) {
    const now = healthy();
    Object.assign(now.layers[1], change);
    const [finding, ...others] = compare(store(healthy()), now);
    assertEquals(others, [], figure);
    assertEquals([finding.severity, finding.layer], ["error", "dense_2"]);
    assertStringIncludes(finding.message, `${figure} of dense_2 ${values}`);
    assertStringIncludes(finding.fix, "--update-baseline");
  }
  const dead = healthy();
  dead.layers[2].deadFraction = 0.4;
  assertStringIncludes(compare(store(healthy()), dead)[0].message, "dead share of dense_3 is 40 %");
});

Deno.test("a baseline does not call a factor of baselineFactor a move", () => {
  const moved = (size: number) => {
    const now = healthy();
    now.layers[0].activations = flat(size, 640);
    return compare(store(healthy()), now).length;
  };
  assertEquals([moved(1.19), moved(1.21), moved(0.31), moved(0.29)], [0, 1, 0, 1]);
});

Deno.test("a baseline only says that layers were added or taken out", () => {
  const now = healthy();
  now.layers.splice(1, 1, makeLayer({ name: "new" }));
  const found = compare(store(healthy()), now);
  assertEquals(found.map(({ severity, layer }) => [severity, layer]), [
    ["note", "new"],
    ["note", "dense_2"],
  ]);
});

Deno.test("a baseline only says that the model was renamed, and compares all the same", () => {
  const old = store(healthy(), "mnist");
  const [renamed, ...others] = compare(old, healthy());
  assertEquals([renamed.severity, others], ["note", []]);
  assertStringIncludes(renamed.message, "knows the model digits as mnist");
  const now = healthy();
  now.layers[0].activations = flat(0.01, 640);
  assertEquals(compare(old, now).map(({ severity }) => severity), ["note", "error"]);
  // A model that is still there is not another one's old name.
  const [other] = compare(old, healthy(), "digits", ["digits", "mnist"]);
  assertStringIncludes(other.message, "does not know digits under seed 0");
});

Deno.test("a baseline of another batch or objective is refused, not compared", () => {
  const now = healthy();
  now.objective = { name: "meanSquaredError", value: 1 };
  const [finding] = compare(store(healthy()), now);
  assertEquals(finding.severity, "error");
  assertStringIncludes(
    finding.message,
    "was measured with sum on 32 examples, this run with meanSquaredError on 32 examples",
  );
});

Deno.test("a baseline only says that it does not know a model or a seed", () => {
  const now = healthy();
  now.layers.pop();
  for (const [model, seed] of [["other", 0], ["digits", 1]] as const) {
    const entry = findBaseline(store(healthy()), now, { name: model, seed, names: [model] });
    const found = judgeRun(now, rules, { baseline: entry }).filter(({ rule }) =>
      rule === "baseline"
    );
    assertEquals(found.map(({ severity }) => severity), ["note"]);
    assertStringIncludes(found[0].message, `does not know ${model} under seed ${seed}`);
  }
});

Deno.test("formatBaseline() and parseBaseline() are inverse, whatever layers are called", () => {
  fc.assert(
    fc.property(anyMeasurements, fc.string(), (measurements, model) => {
      const baseline = store(structuredClone(measurements), model, 3);
      const text = formatBaseline(baseline);
      assertEquals(parseBaseline(text, "b.json"), baseline);
      assertEquals(formatBaseline(parseBaseline(text, "b.json")), text);
    }),
    { numRuns: 100 },
  );
});

Deno.test("formatBaseline() sorts models, seeds and layers, a layer a line", () => {
  const passes = [["b", 10], ["b", 9], ["a", 0]] as const;
  const baseline = updateBaseline(
    {},
    passes.map(([model, seed]) => ({
      model,
      seed,
      measurements: makeMeasurements([{ name: "z" }]),
    })),
  );
  const keys = formatBaseline(baseline).split("\n")
    .flatMap((line) => line.match(/^ {4,10}("\w+"): \{/)?.[1] ?? []);
  const layers = ['"layers"', '"head"', '"z"'];
  assertEquals(keys, ['"a"', '"0"', ...layers, '"b"', '"9"', ...layers, '"10"', ...layers]);
});

Deno.test("updateBaseline() leaves a figure that hardly moved as it is stored", () => {
  const old = store(healthy());
  const now = healthy();
  now.layers[0].activations!.std *= 1.0009;
  assertEquals(formatBaseline(store(now, "digits", 0, old)), formatBaseline(old));
  now.layers[0].activations!.std *= 1.001;
  const before = formatBaseline(old).split("\n");
  const changed = formatBaseline(store(now, "digits", 0, old)).split("\n")
    .filter((line, index) => line !== before[index]);
  assertEquals(changed.length, 1);
});

Deno.test("updateBaseline() keeps what it does not know, or takes out what nobody lists", () => {
  const old = updateBaseline(
    {},
    [["a", 0], ["b", 0], ["b", 1]].map(([model, seed]) => ({
      model: model as string,
      seed: seed as number,
      measurements: healthy(),
    })),
  );
  const pass = [{ model: "b", seed: 0, measurements: healthy() }];
  const shape = (baseline: Baseline) =>
    Object.entries(baseline).map(([name, passes]) => [name, Object.keys(passes)]);
  assertEquals(shape(updateBaseline(old, pass)), [["a", ["0"]], ["b", ["0", "1"]]]);
  assertEquals(shape(updateBaseline(old, pass, { names: ["b"] })), [["b", ["0"]]]);
});

Deno.test("parseBaseline() says why a file is not a baseline", () => {
  const pass = (layers: unknown) => ({ objective: "sum", examples: 1, layers });
  const file = (models: unknown) => JSON.stringify({ version: 1, models });
  const refused: [string, string][] = [
    ["", "b.json: it is not JSON"],
    ["[]", "b.json: The JSON is an empty array, expected an object"],
    ['{"version": 2}', "b.json: version is 2, expected 1"],
    ['{"version": 1}', "b.json: models is missing, expected an object"],
    [file({ a: [] }), 'models["a"] is an empty array, expected an object'],
    [file({ a: { 0: {} } }), 'models["a"]["0"].objective is missing, expected a text'],
    [
      file({ a: { 0: pass({ d: { deltas: "1" } }) } }),
      'models["a"]["0"].layers["d"].deltas is "1", expected a number, "NaN", "Infinity" or "-Infinity"',
    ],
    [
      file({ a: { 0: pass({ d: { weights: { k: [] } } }) } }),
      'layers["d"].weights["k"] is an empty array, expected one or two numbers',
    ],
  ];
  for (const [text, message] of refused) {
    assertThrows(() => parseBaseline(text, "b.json"), GateError, message);
  }
});

Deno.test("a baseline stores figures that are not finite as such", () => {
  const now = healthy();
  now.layers[0].activations!.std = NaN;
  const text = formatBaseline(store(now));
  assert(text.includes('"activations": "NaN"'));
  assert(Number.isNaN(parseBaseline(text, "b").digits[0].layers.dense_1.activations));
});

Deno.test("parseBaseline() refuses a number of examples that is none, and shows no control character", () => {
  const text = (examples: string) =>
    `{"version": 1, "models": {"a": {"0": {"objective": "sum", "examples": ${examples}, "layers": {}}}}}`;
  for (const examples of ['"NaN"', '"Infinity"', "null"]) {
    assertThrows(
      () => parseBaseline(text(examples), "figures.json"),
      GateError,
      `figures.json: models["a"]["0"].examples is ${examples}, expected a whole number of at least 0`,
    );
  }
  const error = assertThrows(() => parseBaseline("{\n\u009b", "figures.json"), GateError);
  assert(!/[\n\u009b]/.test(error.message), error.message);
  assertStringIncludes(error.message, "in JSON at position 2");
});
