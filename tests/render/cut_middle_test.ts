import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cutMiddle, displayWidth } from "../../src/render/fit_text.ts";

Deno.test("cutMiddle() leaves a name alone that just fits, and cuts one that just does not", () => {
  assertEquals(cutMiddle("conv2d_17", 9), "conv2d_17");
  assertEquals(cutMiddle("conv2d_17", 8), "co..d_17");
});

Deno.test("cutMiddle() keeps more of the end, where the number is", () => {
  assertEquals(cutMiddle("encoder/block_3/conv2d_17", 14, { ellipsis: "…" }), "enco…conv2d_17");
});

Deno.test("cutMiddle() counts columns and never splits a character", () => {
  assertEquals(cutMiddle("層層層層_1", 7, { ellipsis: "…" }), "層…層_1");
  assertEquals(cutMiddle("e\u0301e\u0301e\u0301e\u0301", 3, { ellipsis: "." }), "e\u0301.e\u0301");
});

Deno.test("cutMiddle() never takes more than the width", () => {
  fc.assert(fc.property(fc.string({ unit: "grapheme" }), fc.nat(12), (name, width) => {
    assert(displayWidth(cutMiddle(name, width)) <= width);
  }));
});
