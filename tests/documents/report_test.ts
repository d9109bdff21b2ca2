import { assertEquals, assertThrows } from "@std/assert";
import { parseReport } from "../../src/render/report_document.ts";
import { renderJson } from "../../src/render/render_json.ts";
import { finding, layer, measurements } from "../networks/sample.ts";
import { assertRefused } from "../assert_refused.ts";

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
  const cases: [(data: any) => void, string][] = [
    [(data) => data.version = 2, "The report: version is 2, expected 1"],
    [(data) => delete data.model, "The report: model is missing, expected an object"],
    [(data) => data.layers = {}, "The report: layers is an object, expected an array"],
    [
      (data) => data.layers[1].name = null,
      "The report: layers[1].name is null, expected a text",
    ],
    [
      (data) => data.layers[1].weights[0].shape[1] = -1,
      "The report: layers[1].weights[0].shape[1] is -1, expected a whole number of at least 0",
    ],
    [
      (data) => data.batch.inputs.mean = "nan",
      'The report: batch.inputs.mean is "nan", expected a number, "NaN", "Infinity" or "-Infinity"',
    ],
    [
      (data) => data.layers[0].trainable = "yes",
      'The report: layers[0].trainable is "yes", expected true or false',
    ],
    [
      (data) => data.findings[0].severity = "fatal",
      'The report: findings[0].severity is "fatal", expected "error", "warning" or "note"',
    ],
    [
      (data) => data.layers[0].absent = { gradients: 3 },
      'The report: layers[0].absent["gradients"] is 3, expected a text',
    ],
  ];
  for (const [change, message] of cases) {
    assertThrows(() => parseReport(changed(change)), TypeError, message);
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
  assertThrows(
    () => parseReport(written(["stem"]).replace('"stem"', "3")),
    TypeError,
    "layers[0].inputs[0] is ",
  );
});
