import { assertEquals } from "@std/assert";
import { escapeControls } from "../../src/words/show_value.ts";

Deno.test("escapeControls() shows what would move the cursor, colour or reorder the text", () => {
  assertEquals(escapeControls("a\nb\r\tc"), "a\\nb\\r\\tc");
  assertEquals(escapeControls("\x1b[31m\x07\x9b\x00"), "\\x1b[31m\\x07\\x9b\\x00");
  assertEquals(escapeControls("\u202eevil\u200b\u2028"), "\\u{202e}evil\\u{200b}\\u{2028}");
  assertEquals(escapeControls("\ud800"), "\\u{d800}");
  assertEquals(escapeControls("\uffff\u3164\ufe0f"), "\\u{ffff}\\u{3164}\\u{fe0f}");
});

Deno.test("escapeControls() leaves names in any language alone", () => {
  assertEquals(escapeControls("層_1 é Ω 🙂"), "層_1 é Ω 🙂");
});
