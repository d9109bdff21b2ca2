import { assertEquals, assertInstanceOf } from "@std/assert";
import { UsageError } from "../../../src/cli/kit/flag.ts";
import { GateError } from "../../../src/core/diagnosis/gate_result.ts";
import { BatchError } from "../../../src/core/model/batches/batch.ts";
import { MeasureError } from "../../../src/core/measure/measure_options.ts";
import { ModelError } from "../../../src/core/model/model_error.ts";
import { StudyError } from "../../../src/study/study_options.ts";
import { NotAFile } from "../../../src/ground/words/failure.ts";
import {
  fileRefusal,
  InputError,
  type Refusal,
  refusal,
} from "../../../src/ground/words/input_error.ts";

const KINDS = [
  InputError,
  ModelError,
  BatchError,
  GateError,
  MeasureError,
  StudyError,
  UsageError,
];

const RENDERED: [refusal: Refusal, message: string][] = [
  [{ place: "seed", found: "-1", expected: "0 or more" }, "seed is -1, expected 0 or more"],
  [
    { place: "batch", verb: "has", found: "1 example", expected: "2 or more" },
    "batch has 1 example, expected 2 or more",
  ],
  [
    { place: "level", found: '"eror"', expected: '"error"', hint: '; did you mean "error"?' },
    'level is "eror", expected "error"; did you mean "error"?',
  ],
  [
    { place: "rule", found: '"ded"', expected: "one of 30", meant: '; did you mean "dead"?' },
    'rule is "ded"; did you mean "dead"?',
  ],
  [
    { place: "a\nb", found: "x\u202ey", expected: "::set\x1b" },
    "a b is x\\u{202e}y, expected ::set\\x1b",
  ],
];

for (const Kind of KINDS) {
  Deno.test(`${Kind.name} renders place, found and expected as one sentence`, () => {
    for (const [refusal, message] of RENDERED) {
      const cause = new Error("why");
      const error = new Kind(refusal, { cause });
      assertInstanceOf(error, InputError);
      assertEquals([error.name, error.message, error.cause], [Kind.name, message, cause]);
    }
    const { place, found, expected } = new Kind(RENDERED[1][0]);
    assertEquals({ place, found, expected }, {
      place: "batch",
      found: "1 example",
      expected: "2 or more",
    });
  });

  Deno.test(`${Kind.name} that passes an error on has its parts`, () => {
    const cause = new InputError(RENDERED[0][0]);
    const partsOf = (message: string, cause?: Error) => {
      const { place, found, expected } = new Kind(message, { cause });
      return [place, found, expected];
    };
    assertEquals(partsOf(cause.message, cause), ["seed", "-1", "0 or more"]);
    assertEquals(partsOf(`point 2: ${cause.message}`, cause), ["point 2: seed", "-1", "0 or more"]);
    const plain = new InputError("there is no such file");
    assertEquals(partsOf(`x: ${plain.message}`, plain), ["x", "there is no such file", ""]);
    // Another sentence, or an error without parts.
    assertEquals(partsOf("The seed is negative", cause), ["", "The seed is negative", ""]);
    assertEquals(partsOf("why", new Error("why")), ["", "why", ""]);
  });

  Deno.test(`${Kind.name} takes a sentence, and a file before it once`, () => {
    const error = new Kind("there is no such file");
    assertEquals([error.place, error.found, error.expected], ["", "there is no such file", ""]);
    error.within("net.json").within("net.json");
    assertEquals([error.place, error.message], ["net.json", "net.json: there is no such file"]);
    const other = new Kind({ place: "units", found: "0", expected: "1" }).within("net.json");
    assertEquals([other.place, other.message], [
      "net.json: units",
      "net.json: units is 0, expected 1",
    ]);
  });
}

Deno.test("refusal() divides a sentence by its own text, not by what is put in", () => {
  const value = '" is 1, expected 2"';
  assertEquals(refusal`--${"rate"} is ${value}, expected at most ${3}`, {
    place: "--rate",
    verb: "is",
    found: value,
    expected: "at most 3",
  });
  const { place, verb, found, expected } =
    refusal`The ${"file"} begins with ${"a"}${"b"}, expected c`;
  assertEquals([place, verb, found, expected], ["The file", "begins with", "ab", "c"]);
});

Deno.test("InputError() takes any cause, even one that cannot be inspected", () => {
  const hostile = new Proxy(new Error(""), {
    get() {
      throw new Error("no");
    },
    getPrototypeOf() {
      throw 1;
    },
  });
  const { place, found, expected } = new InputError("it failed", { cause: hostile });
  assertEquals([place, found, expected], ["", "it failed", ""]);
});

Deno.test("fileRefusal() has the parts of a folder and a device, and the sentence of other errors", () => {
  const partsOf = (error: Error) => {
    const refused = new InputError(fileRefusal(error)).within("a.csv");
    return [refused.message, refused.place, refused.found, refused.expected];
  };
  assertEquals(partsOf(new Deno.errors.IsADirectory("x")), [
    "a.csv: it is a folder, expected a file",
    "a.csv: it",
    "a folder",
    "a file",
  ]);
  assertEquals(partsOf(new NotAFile("x")), [
    "a.csv: it is not a file but a device or a pipe, expected a file",
    "a.csv: it",
    "not a file but a device or a pipe",
    "a file",
  ]);
  // A message that looks like one stays whole.
  const said = "the server is a teapot, expected a pot";
  assertEquals(partsOf(new Error(said)), [`a.csv: ${said}`, "a.csv", said, ""]);
});
