import { assertEquals } from "@std/assert";
import { patchProperty } from "../../src/engine/patching.ts";

Deno.test("patchProperty() puts back the very property, or none, and only once", () => {
  const target: Record<string, unknown> = {};
  Object.defineProperty(target, "hidden", { get: () => 1, configurable: true });
  const before = Object.getOwnPropertyDescriptors(target);
  const undo = [
    patchProperty(target, "hidden", { value: 2, writable: true }),
    patchProperty(target, "fresh", { value: 3 }),
  ];
  assertEquals([target.hidden, target.fresh], [2, 3]);
  undo.forEach((restore) => restore());
  assertEquals(Object.getOwnPropertyDescriptors(target), before);
  target.fresh = 4;
  undo[1]();
  assertEquals(target.fresh, 4);
});
