import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cutMiddle, cutNames, displayWidth, wrapText } from "../../../src/core/text/fit_text.ts";

Deno.test("cutNames() cuts the middle, and elsewhere where names would look the same", () => {
  const names = [
    "encoder_block_1_dense_kernel_layer",
    "encoder_block_2_dense_kernel_layer",
    "decoder_block_2_attention_output",
    "dense",
    "dense",
  ];
  assertEquals(cutNames(names, 20), [
    "..r_block_1_dense_..",
    "..r_block_2_dense_..",
    "decode..ntion_output",
    "dense",
    "dense",
  ]);
  assertEquals(cutNames(names, 60), names);
});

Deno.test("cutNames() tells names apart at their first and at further differences", () => {
  const name = (i: number, j: number) =>
    `encoder_block_${i}_${"x".repeat(20)}_${j}_of_the_attention_layer`;
  assertEquals(cutNames([name(1, 1), name(1, 2), name(2, 1)], 16), [
    "..xxxxx_1_of_t..",
    "..xxxxx_2_of_t..",
    "..block_2_xxxx..",
  ]);
});

Deno.test("cutNames() counts columns before the place where names differ", () => {
  const names = Array.from({ length: 12 }, (_, i) => `a層層層層${i + 1}aa層aa`);
  assertEquals(new Set(cutNames(names, 12)).size, names.length);
});

Deno.test("cutNames() keeps to the width, and numbered names apart", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "_", "é", "層"), maxLength: 40 });
  fc.assert(
    fc.property(text, text, fc.integer({ min: 12, max: 40 }), (before, after, width) => {
      const names = Array.from({ length: 12 }, (_, i) => `${before}${i + 1}${after}`);
      const cut = cutNames(names, width);
      for (const name of cut) assert(displayWidth(name) <= width, name);
      assertEquals(new Set(cut).size, names.length, cut.join());
    }),
    { numRuns: 300 },
  );
});

Deno.test("displayWidth() counts flags and emoji as two columns, and what is invisible as none", () => {
  const widths = ["\u200b", "e\u0301", "\u{1f1e9}\u{1f1ea}", "\u{1f1e9}", "\u2600\ufe0f", "\u2600"]
    .map(displayWidth);
  assertEquals(widths, [0, 1, 2, 1, 2, 1]);
  // A voice mark takes a column of its own beside halfwidth kana.
  assertEquals(["\uff76", "\uff76\uff9e", "\uff8a\uff9f"].map(displayWidth), [1, 2, 2]);
});

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

Deno.test("wrapText() breaks between words at the width and not before", () => {
  assertEquals(wrapText("one two three", 7), ["one two", "three"]);
  assertEquals(wrapText("one two three", 6), ["one", "two", "three"]);
});

Deno.test("wrapText() begins the first line and the others as told", () => {
  assertEquals(wrapText("one two three", 9, "- ", "  "), ["- one two", "  three"]);
});

Deno.test("wrapText() breaks a word that is longer than a line", () => {
  assertEquals(wrapText("x abcdefg", 5, " "), [" x", " abcd", " efg"]);
});

Deno.test("wrapText() counts wide characters as two columns", () => {
  assertEquals(wrapText("層層 層層", 8), ["層層", "層層"]);
  assertEquals(wrapText("層層 層層", 9), ["層層 層層"]);
});

Deno.test("wrapText() breaks at no no-break space, and not before a percent sign", () => {
  assertEquals(wrapText("is\u00a01e-4, is\u00a01", 9), ["is 1e-4,", "is 1"]);
  assertEquals(wrapText("up to 50 % off", 9), ["up to", "50 % off"]);
  assertEquals(wrapText("that % is", 6), ["that %", "is"]);
});
