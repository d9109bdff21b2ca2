import { assertEquals, assertRejects } from "@std/assert";
import { claimOutputs } from "../../src/cli/kit/claim_outputs.ts";
import { UsageError } from "../../src/cli/kit/flag.ts";
import { diagnose } from "../../src/core/diagnosis/diagnose.ts";
import { formatBaseline } from "../../src/gate/write_baseline.ts";
import { decide } from "../../src/gate/decide.ts";
import { resolveConfiguration } from "../../src/gate/resolve_configuration.ts";
import { renderGateJson, renderJson } from "../../src/core/text/report_document.ts";
import { renderJunit } from "../../src/gate/text/render_junit.ts";
import { renderMarkdown } from "../../src/core/text/render_markdown.ts";
import { renderSarif } from "../../src/gate/text/render_sarif.ts";
import { renderText } from "../../src/core/text/render_text.ts";
import { studyOpening } from "../../src/study/study_document.ts";
import { userImports } from "../../src/files/user_code/foreign_code.ts";
import { MARKER_COMMENT, MARKER_LINE } from "../../src/ground/words/document.ts";
import { withFolder } from "../core/model/save_model.ts";
import { layer, measurements } from "../networks/sample.ts";
import { makeHeader } from "../networks/studies.ts";

// Its hook stays as long as the process, and no test may leave one behind.
userImports.follow();

const claim = (path: string, inputs: string[] = [], force = false) =>
  claimOutputs([{ path }], inputs, { force });

const refuses = (claimed: Promise<void>, ...includes: string[]) =>
  Promise.all(includes.map((text) => assertRejects(() => claimed, UsageError, text)));

Deno.test("claimOutputs() knows an input under every path, and minds no other file", () =>
  withFolder(async (folder) => {
    const model = `${folder}/model.json`;
    const other = `${folder}/other.txt`;
    for (const path of [model, other]) await Deno.writeTextFile(path, RESULTS[0]);
    await Deno.symlink("model.json", `${folder}/link`);
    await Deno.link(model, `${folder}/hard`);
    for (const out of [model, `${folder}/link`, `${folder}/hard`, `${folder}/./model.json`]) {
      await refuses(claim(out, [other, model]), `would replace ${out}, which is read`);
      await claim(out, [other]);
    }
    await claim("/dev/null", ["/dev/null"]);
  }));

Deno.test("claimOutputs() knows an input that is still to come, also by a link that leads to it", () =>
  withFolder(async (folder) => {
    const later = `${folder}/sub/../baseline.json`;
    await Deno.symlink("baseline.json", `${folder}/link`);
    await Deno.mkdir(`${folder}/sub`);
    for (const out of [`${folder}/baseline.json`, `${folder}/link`]) {
      await refuses(claim(out, [later]), "which is read as");
      await claim(out, [`${folder}/sub/baseline.json`]);
    }
  }));

Deno.test("claimOutputs() refuses two results for one file, there or not, device or not", () =>
  withFolder(async (folder) => {
    await Deno.symlink("a", `${folder}/link`);
    const both = (one: string, two: string) =>
      claimOutputs([{ path: one }, { path: two }], [], { force: true });
    for (const [one, two] of [["a", "a"], ["a", "./a"], ["a", "link"], ["b/c", "b/../b/c"]]) {
      await refuses(
        both(`${folder}/${one}`, `${folder}/${two}`),
        "Two results would be written to",
      );
    }
    await refuses(both("/dev/null", "/dev/null"), "Two results would be written to /dev/null");
    await both(`${folder}/a`, `${folder}/b`);
    await both(`${folder}/b/c`, `${folder}/c/c`);
  }));

const RESULT = decide(
  [],
  resolveConfiguration({}),
  { today: "2026-01-31", complete: new Set(), all: true, skipped: 0 },
);
const locate = (file: string) => ({ file, line: null });
const sample = measurements([layer("dense_1", {})]);

/** Text of a result in each form of the marker. */
const RESULTS = [
  `${renderText(sample, [], { width: 80, diagnosis: diagnose(sample, []) })}${MARKER_LINE}`,
  `${renderMarkdown(RESULT)}${MARKER_COMMENT}`,
  renderJson(sample, []),
  renderGateJson(RESULT),
  renderJunit(RESULT),
  renderSarif(RESULT, locate, { version: "1.0.0", rules: [] }),
];

Deno.test("claimOutputs() lets a result replace what carries the marker, or is empty", () =>
  withFolder(async (folder) => {
    const path = `${folder}/result`;
    for (const text of ["", ...RESULTS]) {
      for (const content of [text, text.replaceAll("\n", "\r\n"), `\ufeff${text}`]) {
        await Deno.writeTextFile(path, content);
        await claim(path);
      }
    }
  }));

Deno.test("claimOutputs() lets nothing else be replaced, unless it is forced", () =>
  withFolder(async (folder) => {
    const path = `${folder}/file`;
    const contents = [
      '{"layers": []}',
      '{"version": 1, "model": {}}',
      '{"version": 1, "generator": "gradient-health"}',
      "<html>",
      "\0\0\u0001",
      "# Notes\n\nDo not lose them.\n",
      // The marker of a text is its last line alone.
      "generator: gradient-health\nmore\n",
      "my generator: gradient-health\n",
      '<?xml version="1.0"?><testsuites name="deno test">',
      '<!doctype html><meta name="generator" content="Hugo">',
    ];
    for (const content of contents) {
      await Deno.writeTextFile(path, content);
      await refuses(
        claim(path),
        "carries no marker of a result",
        "older versions wrote none",
        "--force",
      );
      await claim(path, [], true);
      await refuses(claim(path, [path], true), "which is read");
    }
    await Deno.writeFile(path, new Uint8Array([0xff, 0xfe, 0x80, 0x3f]));
    await refuses(claim(path), "carries no marker of a result");
  }));

Deno.test("claimOutputs() finds the marker of a long text at its end", () =>
  withFolder(async (folder) => {
    const path = `${folder}/long.txt`;
    for (const length of [4000, 4100, 100_000]) {
      await Deno.writeTextFile(path, `${"é".repeat(length)}\n${MARKER_LINE}`);
      await claim(path);
    }
  }));

Deno.test("claimOutputs() lets only its own writer replace a study or a baseline", () =>
  withFolder(async (folder) => {
    const path = `${folder}/grown.json`;
    const held = {
      study: ["a study", studyOpening(makeHeader({ scales: [1] }))],
      baseline: ["a baseline", formatBaseline({})],
    };
    for (const [kind, [words, text]] of Object.entries(held)) {
      await Deno.writeTextFile(path, text);
      await refuses(claim(path), `would replace ${path}, which holds ${words}`);
      for (const writer of ["study", "baseline"] as const) {
        const claimed = claimOutputs([{ path, extends: writer }], [], { force: false });
        if (writer === kind) await claimed;
        else await refuses(claimed, `which holds ${words}`);
      }
    }
  }));

Deno.test("claimOutputs() keeps the weight files of a model.json, and passes over a broken one", () =>
  withFolder(async (folder) => {
    const model = `${folder}/model.json`;
    const weightsManifest = [{ paths: ["a.bin", "s/b.bin"], weights: [] }];
    await Deno.writeTextFile(model, JSON.stringify({ weightsManifest }));
    for (const name of ["a.bin", "s/b.bin"]) {
      await refuses(claim(`${folder}/${name}`, [model], true), "which is read");
    }
    await Deno.writeTextFile(model, '{ "weightsManifest": [');
    await claim(`${folder}/a.bin`, [model], true);
  }));

Deno.test("claimOutputs() makes missing folders, and leaves nothing else behind", () =>
  withFolder(async (folder) => {
    await claim(`${folder}/a/b/report.txt`);
    assertEquals([...Deno.readDirSync(`${folder}/a/b`)], []);
    await Deno.symlink("c/report.txt", `${folder}/link`);
    await claim(`${folder}/link`);
    assertEquals([...Deno.readDirSync(`${folder}/c`)], []);
  }));

Deno.test("claimOutputs() makes no folder where another result is refused", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a.json`, "{}");
    const outputs = [`${folder}/new/b.json`, `${folder}/a.json`];
    await refuses(claimOutputs(outputs.map((path) => ({ path })), [], { force: false }), "a.json");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.json"]);
  }));

Deno.test("claimOutputs() says before anything runs what cannot be written", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, RESULTS[0]);
    await refuses(claim(folder), `${folder} cannot be written: it is a folder, expected a file`);
    await refuses(claim(`${folder}/file/a`), "a part of its path is not a folder");
    await refuses(claim(`${folder}/file/a/b`), "a part of its path is not a folder");
    if (Deno.build.os === "windows") return;
    await Deno.chmod(`${folder}/file`, 0o444);
    await refuses(
      claim(`${folder}/file`),
      `${folder}/file cannot be written: permission denied by the operating system`,
    );
  }));
