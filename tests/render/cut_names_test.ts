import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cutNames, displayWidth } from "../../src/render/fit_text.ts";

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
