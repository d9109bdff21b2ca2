import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { formatOf, studyFormatOf } from "../../src/cli/flags/show_flags.ts";
import { type FormatName, formatsOf } from "../../src/cli/formats.ts";
import { withFolder } from "../model/save_model.ts";
import { runCommand } from "./run_command.ts";

Deno.test("formatOf() takes what was asked for, else what the name ends in, else text", () => {
  const report = formatsOf("report"), gate = formatsOf("gate");
  assertEquals(formatOf(null, null, report), "text");
  assertEquals(formatOf("svg", "a.html", report), "svg");
  assertEquals(formatOf(null, "a/b.HTML", report), "html");
  assertEquals(formatOf(null, "b.html/report", report), "text");
  assertEquals(formatOf(null, "a.png", report), "text");
  // Two of them are texts, and one is not written by a report.
  assertEquals([formatOf(null, "a.txt", gate), formatOf(null, "a.xml", gate)], ["text", "junit"]);
  assertEquals(formatOf(null, "a.xml", report), "text");
});

Deno.test("studyFormatOf() takes a page or an image by its name, and leaves other names to the study", () => {
  const of = (out: string | null, format: FormatName | null = null) => [
    studyFormatOf({ format, out }, ["study"]),
    studyFormatOf({ format, out }, ["growth"]),
    studyFormatOf({ format, out }, ["study", "growth"]),
  ];
  assertEquals(of("a.HTML"), ["html", "html", "html"]);
  assertEquals(of("a.svg"), ["text", "svg", "svg"]);
  for (const out of [null, "a.json", "a.csv", "a.md", "html"]) {
    assertEquals(of(out), ["text", "text", "text"]);
  }
  assertEquals(of("a.html", "csv"), ["csv", "csv", "csv"]);
});

Deno.test("report, check and diff write what the name of --out ends in", () =>
  withFolder(async (cwd) => {
    const model = new URL("../../fixtures/golden/relu_he/model.json", import.meta.url).pathname;
    const lines: [string[], string, string][] = [
      [["report", model], "page.html", "<!doctype html>"],
      [["check", model, "--no-config"], "gate.sarif", '{\n  "$schema"'],
      [["diff", model, model], "difference.json", "{\n"],
    ];
    for (const [args, file, begins] of lines) {
      const { stdout, stderr } = await runCommand([...args, "--quiet", "--out", file], { cwd });
      assertEquals([stdout, stderr], ["", ""]);
      const text = await Deno.readTextFile(`${cwd}/${file}`);
      assert(text.toLowerCase().startsWith(begins.toLowerCase()), text.slice(0, 80));
    }
    const help = await runCommand(["report", "--help", "all"]);
    assertStringIncludes(help.stdout, "default: what the name of --out");
  }));
