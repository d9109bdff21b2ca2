import { assertEquals } from "@std/assert";
import { GateError } from "../../../src/core/diagnosis/gate_result.ts";
import { MeasureError } from "../../../src/core/measure/measure_options.ts";
import { BatchError } from "../../../src/core/model/batches/batch.ts";
import { ModelError } from "../../../src/core/model/model_error.ts";
import { StudyError } from "../../../src/study/study_options.ts";
import { defuse, oneLine } from "../../../src/ground/words/failure.ts";
import { nearest } from "../../../src/ground/words/input_error.ts";
import { formatCount } from "../../../src/ground/words/numbers.ts";
import { escapeControls, showValue } from "../../../src/ground/words/show_value.ts";

Deno.test("defuse() takes the power from what a CI system would obey, and changes nothing else", () => {
  assertEquals(defuse("  ::error::x"), "  \\x3a:error::x");
  assertEquals(defuse("a ##[add-mask]x"), "a ##\\x5badd-mask]x");
  assertEquals(["a ::error::x", ": a", "## [a]"].map(defuse), ["a ::error::x", ": a", "## [a]"]);
});

Deno.test("escapeControls() shows what would move the cursor, colour or reorder the text", () => {
  assertEquals(escapeControls("a\nb\r\tc"), "a\\nb\\r\\tc");
  assertEquals(escapeControls("\x1b[31m\x07\x9b\x00"), "\\x1b[31m\\x07\\x9b\\x00");
  assertEquals(escapeControls("\u202eevil\u200b\u2028"), "\\u{202e}evil\\u{200b}\\u{2028}");
  assertEquals(escapeControls("\ud800"), "\\u{d800}");
  assertEquals(escapeControls("\uffff\u3164\ufe0f"), "\\u{ffff}\\u{3164}\\u{fe0f}");
});

Deno.test("escapeControls() leaves names in any language alone", () => {
  assertEquals(escapeControls("層_1 é Ω 🙂"), "層_1 é Ω 🙂");
});

Deno.test("formatCount() minds one, groups thousands, and knows plurals of their own", () => {
  assertEquals(
    [0, 1, 2, 999, 1000, 4021, 1234567, 1e9].map((count) => formatCount(count, "layer")),
    [
      "0 layers",
      "1 layer",
      "2 layers",
      "999 layers",
      "1,000 layers",
      "4,021 layers",
      "1,234,567 layers",
      "1,000,000,000 layers",
    ],
  );
  assertEquals([1, 2].map((count) => formatCount(count, "pass", "passes")), ["1 pass", "2 passes"]);
});

Deno.test("nearest() offers a name of few other letters, else the only one with that part", () => {
  const names = ["dead-units", "vanishing-gradients", "exploding-gradients"];
  const meant = (name: string) => nearest(name, names);
  assertEquals(meant("dead-unit"), '; did you mean "dead-units"?');
  assertEquals(meant("vanishing"), '; did you mean "vanishing-gradients"?');
  assertEquals(["gradients", "dead", "relu", ""].map(meant), ["", "", "", ""]);
  assertEquals(nearest("anything", []), "");
  // Two letters are half of a short word; two that were exchanged are one slip.
  assertEquals(nearest("xml", ["text", "json", "html"]), "");
  assertEquals(nearest("jso", ["text", "json", "html"]), '; did you mean "json"?');
  assertEquals(nearest("chekc", ["check", "report"]), '; did you mean "check"?');
  assertEquals(nearest("tahn", ["tanh", "relu"]), '; did you mean "tanh"?');
  assertEquals(nearest("tanH", ["tanh", "relu"]), '; did you mean "tanh"?');
  assertEquals(nearest("taxx", ["tanh", "relu"]), "");
});

Deno.test("oneLine() joins lines and makes controls visible", () => {
  assertEquals(oneLine(" a \n  b\x1b[2J\u202e\n"), "a b\\x1b[2J\\u{202e}");
});

Deno.test("every error has a message of one line, whatever it quotes", () => {
  const cause = new Error("why");
  for (const Class of [GateError, MeasureError, BatchError, ModelError, StudyError]) {
    const error = new Class("a\nb\u009b", { cause });
    assertEquals([error.message, error.name], ["a b\\x9b", Class.name]);
    if (Class !== GateError) assertEquals(error.cause, cause);
  }
});

Deno.test("showValue() shows a value in a few words", () => {
  assertEquals(showValue("dense"), '"dense"');
  assertEquals(showValue(-0.5), "-0.5");
  assertEquals(showValue(undefined), "undefined");
  assertEquals(showValue([]), "an empty array");
  assertEquals(showValue([1]), "an array of 1 item");
  assertEquals(showValue({}), "an object");
  assertEquals(showValue(() => {}), "a function");
});

Deno.test("showValue() cuts what is long, and lets no control character through", () => {
  assertEquals(showValue("x".repeat(5000)), `"${"x".repeat(60)}..."`);
  assertEquals(showValue("\x1b[31m\u009b\u202e\u0000"), '"\\u001b[31m\\x9b\\u{202e}\\u0000"');
});
