import { assertEquals } from "@std/assert";
import { GateError } from "../../src/gate/gate_result.ts";
import { MeasureError } from "../../src/measure/measure_options.ts";
import { BatchError } from "../../src/model/batches/batch.ts";
import { ModelError } from "../../src/model/model_error.ts";
import { StudyError } from "../../src/study/study_options.ts";
import { oneLine } from "../../src/words/one_line.ts";

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
