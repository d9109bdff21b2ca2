import { assertEquals, assertThrows } from "@std/assert";
import { parseReport, renderJson } from "../../src/core/text/report_document.ts";
import { finding, layer, measurements } from "../networks/sample.ts";
import { assertRefused, type Parts, parts } from "../assert_refused.ts";

const text = renderJson(measurements([layer("dense_1", {}), layer("dense_2", {})]), [
  finding("dense_1"),
]);

/** A report with one change made to it. */
// deno-lint-ignore no-explicit-any
function changed(change: (data: any) => void): string {
  const data = JSON.parse(text);
  change(data);
  return JSON.stringify(data);
}

Deno.test("parseReport() passes over keys that it does not know", () => {
  const more = changed((data) => {
    data.comment = "later";
    data.layers[0].colour = "red";
  });
  assertEquals(parseReport(more), parseReport(text));
});

Deno.test("parseReport() throws a SyntaxError in one line when the text is not JSON", () => {
  for (const bad of ["", "{\n  x\n}", text.slice(0, 100)]) {
    const error = assertThrows(() => parseReport(bad), SyntaxError, "The report: it is not JSON: ");
    assertEquals(error.message.split("\n").length, 1);
  }
});

Deno.test("parseReport() throws a TypeError that names the place, the expected and the found", () => {
  // deno-lint-ignore no-explicit-any
  const cases: [(data: any) => void, Parts][] = [
    [(data) => data.version = 2, parts("The report: version", "2", "1")],
    [(data) => delete data.model, parts("The report: model", "missing", "an object")],
    [(data) => data.layers = {}, parts("The report: layers", "an object", "an array")],
    [
      (data) => data.layers[1].name = null,
      parts("The report: layers[1].name", "null", "a text"),
    ],
    [
      (data) => data.layers[1].weights[0].shape[1] = -1,
      parts("The report: layers[1].weights[0].shape[1]", "-1", "a whole number of at least 0"),
    ],
    [
      (data) => data.batch.inputs.mean = "nan",
      parts("The report: batch.inputs.mean", '"nan"', 'a number, "NaN", "Infinity" or "-Infinity"'),
    ],
    [
      (data) => data.layers[0].trainable = "yes",
      parts("The report: layers[0].trainable", '"yes"', "true or false"),
    ],
    [
      (data) => data.findings[0].severity = "fatal",
      parts("The report: findings[0].severity", '"fatal"', '"error", "warning" or "note"'),
    ],
    [
      (data) => data.layers[0].absent = { gradients: 3 },
      parts('The report: layers[0].absent["gradients"]', "3", "a text"),
    ],
  ];
  for (const [change, said] of cases) {
    assertRefused(() => parseReport(changed(change)), said);
  }
  assertRefused(
    () => parseReport("[]"),
    { place: "The report: The JSON", found: "an empty array", expected: "an object" },
  );
});

Deno.test("parseReport() knows the kinds of the layers of a report that an older version wrote", () => {
  const report = JSON.parse(renderJson(measurements([layer("dense_1", {})]), []));
  for (const one of report.layers) {
    delete one.kind;
    delete one.kernelLayout;
  }
  const [{ kind, kernelLayout }] = parseReport(JSON.stringify(report)).measurements.layers;
  assertEquals([kind, kernelLayout], ["dense", "ordinary"]);
});

Deno.test("parseReport() reads what feeds each layer, and a report of before that was written", () => {
  const written = (inputs: string[] | undefined) =>
    renderJson(
      measurements([{ ...layer("dense_1", {}), ...inputs === undefined ? {} : { inputs } }]),
      [],
    );
  for (const inputs of [undefined, [], ["stem"]]) {
    assertEquals(parseReport(written(inputs)).measurements.layers[0].inputs, inputs);
  }
  assertRefused(
    () => parseReport(written(["stem"]).replace('"stem"', "3")),
    parts("The report: layers[0].inputs[0]", "3", "a text"),
  );
});
