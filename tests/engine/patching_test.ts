import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { patchProperty, shadowMethod } from "../../src/engine/patching.ts";

class Base {
  constructor(readonly name: string) {}
  call(x: number): string {
    return `${this.name} ${x}`;
  }
}

class Loud extends Base {
  override call(x: number): string {
    return `${super.call(x)}!`;
  }
}

const around = (word: string) => (method: (x: number) => string) => (x: number) =>
  `${word}(${method(x)})`;

Deno.test("shadowMethod() puts a method before that of the class, for one object, until it is taken back", () => {
  const one = new Loud("one");
  const other = new Loud("other");
  const restore = shadowMethod(one, "call", around("tap"));
  assertEquals([one.call(1), other.call(1)], ["tap(one 1!)", "other 1!"]);
  assert(one instanceof Loud);
  assertStrictEquals(one.constructor, Loud);
  assertEquals(Object.keys(one), ["name"]);
  restore();
  assertEquals(one.call(2), "one 2!");
  assertStrictEquals(Object.getPrototypeOf(one), Loud.prototype);
});

Deno.test("shadowMethod() puts one before another, and takes them back in the reverse order", () => {
  const one = new Base("one");
  const undo = ["inner", "outer"].map((word) => shadowMethod(one, "call", around(word)));
  assertEquals(one.call(1), "outer(inner(one 1))");
  undo[1]();
  assertEquals(one.call(1), "inner(one 1)");
  undo[0]();
  assertEquals(one.call(1), "one 1");
  const again = shadowMethod(one, "call", around("again"));
  assertEquals(one.call(1), "again(one 1)");
  again();
});

Deno.test("shadowMethod() puts back a method of the object's own as it was", () => {
  const one = new Base("one");
  Object.defineProperty(one, "call", { value: () => "own", configurable: true });
  const before = Object.getOwnPropertyDescriptors(one);
  const restore = shadowMethod(one, "call", around("tap"));
  assertEquals(one.call(1), "tap(own)");
  restore();
  assertEquals(Object.getOwnPropertyDescriptors(one), before);
});

Deno.test("shadowMethod() leaves an object that inherits from the shadowed one its class's method", () => {
  const one = new Base("one");
  const restore = shadowMethod(one, "call", around("tap"));
  const heir = Object.create(one, { name: { value: "heir" } });
  assertEquals(heir.call(1), "heir 1");
  restore();
});

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

Deno.test("shadowMethod() takes back the first one while a second remains", () => {
  const one = new Base("one");
  const undo = ["a", "b", "c"].map((word) => shadowMethod(one, "call", around(word)));
  undo[1]();
  assertEquals(one.call(1), "c(a(one 1))");
  undo[0]();
  undo[0]();
  assertEquals(one.call(1), "c(one 1)");
  undo[2]();
  assertEquals(one.call(1), "one 1");
  assertStrictEquals(Object.getPrototypeOf(one), Base.prototype);
  const again = shadowMethod(one, "call", around("again"));
  assertEquals(one.call(1), "again(one 1)");
  again();
});
