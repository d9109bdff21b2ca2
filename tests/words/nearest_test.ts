import { assertEquals } from "@std/assert";
import { nearest } from "../../src/words/nearest.ts";

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
