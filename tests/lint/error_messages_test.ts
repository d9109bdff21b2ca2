import { assertEquals } from "@std/assert";
import plugin, { faultOf } from "../../lint/error_messages.ts";

/** Returns the plugin's reports on a file. */
function lint(source: string, file = "src/checks/a.ts"): string[] {
  return Deno.lint.runPlugin(plugin, file, source).map(({ message }) => message);
}

/** Source that throws an error: with parts if the message says what was expected. */
function throwing(kind: string, message: string): string {
  const parts = `refusal\`${message.replaceAll("\0", "${x}")}\``;
  return `throw new ${kind}(${message.includes(", expected ") ? parts : JSON.stringify(message)});`;
}

const GOOD = [
  "options.passRate is 2, expected 0 to 1",
  "\0 is \0, expected a whole number",
  "The batch has 1 example, expected 2 or more",
  "TensorFlow.js has no gradient for the op \0",
  "model.json: units is \0, expected 1 or more; did you mean \0?",
  '"modelTopology" is missing, expected a layers model',
  "batch holds a badge, expected inputs that nothing forgot",
];

const FAULTY: [message: string, fault: string][] = [
  ["", "is empty"],
  ["units is 0, expected 1 or more.", "full stop"],
  ["units is 0, expected \0.", "full stop"],
  ["the batch has 1 example, expected 2", "small letters"],
  ["no layer has a kernel", "small letters"],
  ["Cannot measure the model", "its verdict"],
  ["expected a model", "its verdict"],
  ["Unknown option \0", "its verdict"],
  ["units must be 1 or more", "what must be"],
  ["units is off, got \0", '"got"'],
  ["units: expected 1 or more, found \0", '"expected" before "found"'],
  ["units isn't a number", "a contraction"],
  ["units is 0, that's too few", "a contraction"],
  ["units is invalid", "says nothing"],
  ["units is 0, please give more", "says nothing"],
];

for (const message of GOOD) {
  Deno.test(`faultOf() has nothing against ${JSON.stringify(message)}`, () => {
    assertEquals(faultOf(message), null);
    assertEquals(lint(throwing("InputError", message)), []);
  });
}

for (const [message, fault] of FAULTY) {
  Deno.test(`faultOf() finds in ${JSON.stringify(message)}: ${fault}`, () => {
    assertEquals(faultOf(message)?.includes(fault), true, String(faultOf(message)));
    assertEquals(lint(throwing("GateError", message)).length, 1);
  });
}

Deno.test("the plugin reads templates, sums and both branches", () => {
  assertEquals(lint("const e = new InputError(`n is ${n}, ` + `which ${m}`);"), []);
  assertEquals(lint("throw new InputError(`n must be ${m}, ` + `found ${n}`);").length, 1);
  assertEquals(lint('throw new InputError(a ? "n is 0, expected 1" : "No n.");').length, 1);
  assertEquals(lint('throw new InputError(a ? "the n" : "n.");').length, 2);
  assertEquals(lint('throw new InputError(a ? "the n" : "no n");').length, 1);
  assertEquals(lint("throw new InputError(`n is ${n}${near || `, which ${m}.`}`);").length, 1);
});

Deno.test("the plugin reads the parts of a refusal, and wants InputError for one", () => {
  const right = 'throw new InputError({ place: "n", found: `${n}`, expected: "1 or more" });';
  assertEquals(lint(right), []);
  assertEquals(lint(right.replace("or more", "or more.")).length, 1);
  assertEquals(lint(right.replace('"n"', '"the n"')).length, 1);
  assertEquals(lint("throw new InputError(refusal`${n} has ${m}, expected 1`);"), []);
  assertEquals(lint("throw new InputError(refusal`${n} has ${m}, expected 1.`);").length, 1);
  assertEquals(lint("throw new InputError(refusal`${n} gives ${m}, expected 1`);").length, 1);
  assertEquals(lint("throw new InputError(refusal`${n} has ${m}`);").length, 1);
  for (
    const sentence of [
      "`n is ${n}, expected 1`",
      "`n is 0, ` + `expected 1`",
      '"n is 0, expected 1"',
    ]
  ) {
    assertEquals(lint(`throw new InputError(${sentence});`).length, 1);
  }
  assertEquals(lint('throw new GateError("there is none").within(file);'), []);
  assertEquals(lint('throw new GateError("there is none.").within(file);').length, 1);
  assertEquals(lint('throw new TypeError("N is 0");').length, 1);
  assertEquals(lint('throw new RangeError("N is 0");').length, 1);
  const full = 'throw new RangeError("The heap has no room");';
  assertEquals(lint(full, "src/engine/heap/guard_heap.ts"), []);
});

Deno.test("the plugin leaves out assertions, unknown texts and files outside src", () => {
  assertEquals(lint('throw new AssertionError("the model is bad.");'), []);
  assertEquals(lint("throw new GateError(message);"), []);
  assertEquals(lint("throw new GateError();"), []);
  assertEquals(lint('throw new Date("no date.");'), []);
  assertEquals(lint('throw new Error("no.");', "tests/checks/a_test.ts"), []);
  assertEquals(lint('throw new Error("no.");', "/work/src/a.ts").length, 1);
});
