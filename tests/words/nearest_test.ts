import { assertEquals } from "@std/assert";
import { nearest } from "../../src/words/nearest.ts";

Deno.test("nearest() offers a name of few other letters, else the only one with that part", () => {
  const names = ["dead-units", "vanishing-gradients", "exploding-gradients"];
  const meant = (name: string) => nearest(name, names);
  assertEquals(meant("dead-unit"), '; did you mean "dead-units"?');
  assertEquals(meant("vanishing"), '; did you mean "vanishing-gradients"?');
  assertEquals(["gradients", "dead", "relu", ""].map(meant), ["", "", "", ""]);
  assertEquals(nearest("anything", []), "");
});
