import { assertEquals } from "@std/assert";
import { showValue } from "../../src/words/show_value.ts";

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
