import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  type Baseline,
  baselineShape,
  decodeBaseline,
  encodeBaseline,
} from "../../src/gate/find_baseline.ts";
import { DOCUMENTS } from "../../src/ground/words/document.ts";
import { encodeGate, gateShape } from "../../src/core/diagnosis/result_document.ts";
import { encodeReport, parseReport } from "../../src/core/text/report_document.ts";
import { readShape, requireValue } from "../../src/ground/words/shape.ts";
import {
  POINT_BEGINNING,
  readStudyLine,
  readStudyOpening,
  STUDY_BEGINNING,
  studyHeaderShape,
  studyLine,
  studyOpening,
} from "../../src/study/study_document.ts";
import { anyFindings, anyMeasurements } from "../core/text/arbitrary.ts";
import { anyGateResult } from "../gate/text/arbitrary_gate.ts";
import { makeHeader, makeLayer } from "../networks/studies.ts";
import { assertRefused, type Parts, parts } from "../assert_refused.ts";

const name = fc.string({ unit: "binary", maxLength: 8 });
const figure = fc.option(fc.double(), { nil: undefined });

/** JSON has one zero. */
const plain = (value: number) => value === 0 ? 0 : value;

const anyBaseline: fc.Arbitrary<Baseline> = fc.dictionary(
  name,
  fc.dictionary(
    fc.nat().map(String),
    fc.record({
      objective: name,
      examples: fc.nat(),
      layers: fc.dictionary(
        name,
        fc.record({
          deltas: figure.map((value) => value === undefined ? value : plain(value)),
          weights: fc.dictionary(name, fc.tuple(fc.double().map(plain))),
        }),
        { maxKeys: 3 },
      ),
    }),
    { maxKeys: 3 },
  ),
  { maxKeys: 3 },
);

/** As it is read: what does not apply is left out. */
const withoutHoles = (baseline: Baseline) => baselineShape.decode(baseline, "");

Deno.test("every codec reads back what it wrote, whatever the names and figures", () => {
  fc.assert(fc.property(anyBaseline, (baseline) => {
    assertEquals(decodeBaseline(encodeBaseline(baseline), "b.json"), withoutHoles(baseline));
  }));
  fc.assert(fc.property(anyMeasurements, anyFindings, (measurements, findings) => {
    const text = encodeReport({ measurements, findings });
    assertEquals(encodeReport(parseReport(text)), text);
  }));
  fc.assert(fc.property(anyGateResult, (result) => {
    const { summary, runs } = readShape(
      encodeGate(result, result.runs.map(() => null)),
      gateShape,
      "gate.json",
    );
    assertEquals(summary, result.summary);
    assertEquals(
      runs.map(({ name, seed, error }) => [name, seed, error]),
      result.runs.map(({ model, seed, error }) => [model, seed, error]),
    );
  }));
  const header = makeHeader({ scales: [0.5, 1], activations: ["tanh"] });
  assertEquals(readStudyOpening(studyOpening(header).split("\n").slice(0, -1), "a.json"), header);
});

const point = {
  index: 0,
  seed: 0,
  activation: "tanh",
  initializer: null,
  depth: 2,
  width: 4,
  scale: 1,
  objective: NaN,
  deltaRatio: Infinity,
  inputRms: 1,
  plain: true,
  healthy: true,
  failed: [],
  layers: [makeLayer("dense_1", { sigma: -Infinity })],
};

Deno.test("readStudyLine() reads a point with its NaN and infinities, and its comma", () => {
  assertEquals(readStudyLine(`${studyLine(point)},`, "a.json, line 9"), point);
});

Deno.test("every codec says in one style what is wrong, and where", () => {
  const header = studyOpening(makeHeader({ scales: [1] })).split("\n").slice(0, -1);
  const cases: [() => unknown, Parts][] = [
    [
      () => parseReport('{"version": 1, "model": 3}'),
      parts("The report: model", "3", "an object"),
    ],
    [
      () => decodeBaseline('{"version": 1, "models": {"a": 3}}', "b.json"),
      parts('b.json: models["a"]', "3", "an object"),
    ],
    [
      () => readStudyOpening(header.map((line) => line.replace('"objective":', '"J":')), "a.json"),
      parts("a.json: objective", "missing", "a text"),
    ],
    [
      () =>
        readStudyOpening(header.map((line) => line.replace('"scales":[1]', '"scales":[]')), "a"),
      parts("a: grid.scales", "an empty array", "an array of an item or more"),
    ],
    [
      () => readStudyLine("[]", "a.json, line 9"),
      parts("a.json, line 9: The JSON", "an empty array", "an object"),
    ],
    [() => readShape("{}", gateShape, "g.json"), parts("g.json: version", "missing", "1")],
  ];
  for (const [read, said] of cases) assertRefused(read, said);
  assertThrows(() => decodeBaseline("{", "b.json"), SyntaxError, "b.json: it is not JSON: ");
});

Deno.test("a shape says what is wrong with data that a program gives", () => {
  const header = makeHeader({ scales: [1] });
  assertEquals(studyHeaderShape.mismatch(header), null);
  const { scales: _, ...grid } = header.grid;
  assertEquals(
    studyHeaderShape.mismatch({ ...header, grid }),
    {
      path: ["grid", "scales"],
      found: "undefined",
      expected: "an array of an item or more",
    },
  );
  // In a program a number is a number, never the text that represents one in JSON.
  const old = { a: { 0: { objective: "sum", examples: 1, layers: { d: { dead: "NaN" } } } } };
  assertRefused(
    () => requireValue("old", old, baselineShape),
    { place: 'old.a["0"].layers.d.dead', found: '"NaN"', expected: "a number" },
  );
});

Deno.test("every document begins as its kind says, and as no other", () => {
  fc.assert(
    fc.property(anyMeasurements, anyGateResult, (measurements, gate) => {
      const texts = {
        report: encodeReport({ measurements, findings: [] }),
        gate: encodeGate(gate, gate.runs.map(() => null)),
        baseline: encodeBaseline({}),
        study: studyOpening(makeHeader({ scales: [1] })),
      };
      for (const [kind, text] of Object.entries(texts)) {
        const found = Object.entries(DOCUMENTS).filter(([, { beginning }]) => beginning.test(text));
        assertEquals(found.map(([kind]) => kind), [kind]);
      }
      assert(texts.study.startsWith(STUDY_BEGINNING));
      assert(studyLine(point).startsWith(POINT_BEGINNING));
    }),
    { numRuns: 20 },
  );
});
