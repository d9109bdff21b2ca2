import { type Change, sayChanges } from "../../src/rules/say_changes.ts";
import { assertEquals } from "@std/assert";

const LAYERS = ["a", "b", "c", "d", "e"].map((name) => ({ name, className: "Dense" }));

const change = (layer: string, after: number, over: Partial<Change> = {}): Change => ({
  layer,
  subject: "kernels",
  isShare: false,
  before: 1,
  after,
  ...over,
});

const said = (...changes: Change[]) => sayChanges(changes, LAYERS);

Deno.test("sayChanges() says neighbours with the same change as one", () => {
  assertEquals(said(...["b", "c", "d", "e"].map((name) => change(name, 2))), [
    "the kernels of b ... e are 2 times larger",
  ]);
});

Deno.test("sayChanges() parts factors that are three times apart, the largest first", () => {
  assertEquals(said(change("a", 2), change("b", 5.9)), [
    "the kernels of a, b are 2 to 5.9 times larger",
  ]);
  assertEquals(said(change("a", 2), change("b", 6.1), change("c", 1 / 2)), [
    "the kernel of b is 6.1 times larger",
    "the kernel of a is 2 times larger",
    "the kernel of c is 2 times smaller",
  ]);
});

Deno.test("sayChanges() says weights first, and counts what is left", () => {
  const gradients = { subject: "gradients" };
  assertEquals(
    said(
      change("a", 9, { subject: "dead share", isShare: true, before: 0.25, after: 0.5 }),
      ...[change("a", 2, { subject: "activations" }), change("b", 3, { subject: "activations" })],
      ...[change("a", 4, gradients), change("a", 2)],
    ),
    [
      "the kernel of a is 2 times larger",
      "its gradients are 4 times larger",
      "the activations of a, b are 2 to 3 times larger",
      "1 more figure moved",
    ],
  );
});

Deno.test("sayChanges() gives the range of what no factor says", () => {
  const dead = (layer: string, before: number, after: number) =>
    change(layer, after, { subject: "dead share", isShare: true, before });
  assertEquals(said(dead("a", 0, 0.5), dead("b", 0, 0.75)), [
    "the dead share of a, b is 50 % to 75 % and was 0 %",
  ]);
  assertEquals(said(change("a", NaN), change("b", 0)), ["the kernels of a, b are NaN and were 1"]);
  assertEquals(said(change("a", NaN)), ["the kernel of a is NaN and was 1"]);
  assertEquals(said(), []);
});
