import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { withFolder } from "../core/model/save_model.ts";
import { runCommand } from "./run_command.ts";

const SMALL = ["--scale", "0.5,1,2", "--seeds", "1", "--depth", "2", "--activation", "tanh"];

Deno.test("sweep writes a page; merge writes the same one of the study", () =>
  withFolder(async (folder) => {
    const [page, study, again] = ["a.html", "study.json", "b.html"].map((one) =>
      `${folder}/${one}`
    );
    // The name of the file chooses the format.
    const { code, stdout, stderr } = await runCommand(["sweep", ...SMALL, "--out", page]);
    assertEquals([code, stdout], [0, ""]);
    assertMatch(stderr, /^3 of 3 points, in .*a\.html, after /m);
    const html = await Deno.readTextFile(page);
    assertMatch(html, /^<!doctype html>\n/);
    assertStringIncludes(html, '<input type="range"');
    assertEquals((await runCommand(["sweep", ...SMALL, "--out", study, "--quiet"])).code, 0);
    const merged = await runCommand(["merge", study, "--out", again]);
    assertEquals([merged.code, merged.stdout], [0, ""]);
    assertMatch(merged.stderr, /^3 points, in .*b\.html\n$/);
    assertEquals(await Deno.readTextFile(again), html);
    // Without a file the page goes to stdout.
    const shown = await runCommand(["merge", study, "--format", "html"]);
    assertEquals([shown.code, shown.stdout], [0, html]);
  }));

Deno.test("a page replaces a page, and no study; a study replaces a page", () =>
  withFolder(async (folder) => {
    const page = `${folder}/a.html`;
    const study = `${folder}/study.json`;
    assertEquals((await runCommand(["sweep", ...SMALL, "--out", study, "--quiet"])).code, 0);
    const html = ["sweep", ...SMALL, "--quiet", "--format", "html", "--out"];
    for (const _time of [1, 2]) assertEquals((await runCommand([...html, page])).code, 0);
    const overStudy = await runCommand([...html, study]);
    assertEquals(overStudy.code, 2);
    assertMatch(overStudy.stderr, /would replace .*, which holds a study: write elsewhere/);
    const asText = ["sweep", ...SMALL, "--quiet", "--format", "text", "--out", page];
    const overPage = await runCommand(asText);
    assertEquals(overPage.code, 0, overPage.stderr);
    assertEquals(await Deno.readTextFile(page), await Deno.readTextFile(study));
  }));

Deno.test("sweep and merge say what a page cannot do: go on with a study, or open without a file", () =>
  withFolder(async (folder) => {
    const out = `${folder}/a.html`;
    const resumed = await runCommand(
      ["sweep", ...SMALL, "--format", "html", "--out", out, "--resume"],
    );
    assertEquals(resumed.code, 2);
    assertStringIncludes(
      resumed.stderr,
      `--resume is given with --out ${out}, whose format is html, expected a study`,
    );
    const study = `${folder}/study.json`;
    await runCommand(["sweep", ...SMALL, "--out", study, "--quiet"]);
    for (
      const command of [
        ["sweep", ...SMALL, "--out", `${folder}/other.json`, "--open"],
        ["merge", study, "--format", "html", "--open"],
      ]
    ) {
      const { code, stderr } = await runCommand(command);
      assertEquals(code, 2);
      assertStringIncludes(stderr, "--open has no file to open, expected --out FILE");
    }
    assert(!await Deno.stat(`${folder}/other.json`).catch(() => null));
  }));
