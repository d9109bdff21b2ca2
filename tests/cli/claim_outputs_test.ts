import { assertEquals, assertRejects } from "@std/assert";
import { claimOutputs, type ResultKind } from "../../src/cli/kit/claim_outputs.ts";
import { filesRead } from "../../src/cli/kit/files_read.ts";
import { UsageError } from "../../src/cli/kit/usage_error.ts";
import { diagnose } from "../../src/diagnosis/diagnose.ts";
import { formatBaseline } from "../../src/gate/write_baseline.ts";
import { decide } from "../../src/gate/decide.ts";
import { resolveConfiguration } from "../../src/gate/resolve_configuration.ts";
import { renderGateJson } from "../../src/render/render_gate_json.ts";
import { renderGateText } from "../../src/render/render_gate_text.ts";
import { renderGithub } from "../../src/render/render_github.ts";
import { renderJson } from "../../src/render/render_json.ts";
import { renderJunit } from "../../src/render/render_junit.ts";
import { renderMarkdown } from "../../src/render/render_markdown.ts";
import { renderSarif } from "../../src/render/render_sarif.ts";
import { renderText } from "../../src/render/render_text.ts";
import { studyOpening } from "../../src/study/study_document.ts";
import { withFolder } from "../model/save_model.ts";
import { layer, measurements } from "../render/sample.ts";
import { gateResult, gateRun, someFindings } from "../render/sample_gate.ts";
import { makeHeader } from "../study/make_study.ts";

const claim = (path: string, kind: ResultKind = "text", inputs: string[] = []) =>
  claimOutputs([{ path, kind }], inputs);

const refuses = (claimed: Promise<void>, ...includes: string[]) =>
  Promise.all(includes.map((text) => assertRejects(() => claimed, UsageError, text)));

Deno.test("claimOutputs() knows an input under every path, and minds no other file", () =>
  withFolder(async (folder) => {
    const model = `${folder}/model.json`;
    const other = `${folder}/other.txt`;
    for (const path of [model, other]) await Deno.writeTextFile(path, RESULTS[0][1]);
    await Deno.symlink("model.json", `${folder}/link`);
    await Deno.link(model, `${folder}/hard`);
    for (const out of [model, `${folder}/link`, `${folder}/hard`, `${folder}/./model.json`]) {
      await refuses(claim(out, "text", [other, model]), `would replace ${out}, which is read`);
      await claim(out, "text", [other]);
    }
    await claim("/dev/null", "text", ["/dev/null"]);
  }));

Deno.test("claimOutputs() knows an input that is still to come, also by a link that leads to it", () =>
  withFolder(async (folder) => {
    const later = `${folder}/sub/../baseline.json`;
    await Deno.symlink("baseline.json", `${folder}/link`);
    await Deno.mkdir(`${folder}/sub`);
    for (const out of [`${folder}/baseline.json`, `${folder}/link`]) {
      await refuses(claim(out, "text", [later]), "which is read as");
      await claim(out, "text", [`${folder}/sub/baseline.json`]);
    }
  }));

Deno.test("claimOutputs() refuses two results for one file, there or not, device or not", () =>
  withFolder(async (folder) => {
    await Deno.symlink("a", `${folder}/link`);
    const both = (one: string, two: string) =>
      claimOutputs([{ path: one, kind: "text" }, { path: two, kind: "gate" }], []);
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
const FAILED = gateResult([gateRun(someFindings)]);
const locate = (file: string) => ({ file, line: null });
const sample = measurements([layer("dense_1", {})]);

/** Every result that there is, by its kind. */
const RESULTS: [ResultKind, string][] = [
  ["text", renderText(sample, [], { width: 80, diagnosis: diagnose(sample, []) })],
  ["text", renderGateText(RESULT, { width: 80, color: false, ellipsis: ".." })],
  ["text", renderMarkdown(RESULT)],
  ["text", renderGithub(FAILED, locate)],
  ["report", renderJson(sample, [])],
  ["gate", renderGateJson(RESULT)],
  ["junit", renderJunit(RESULT)],
  ["sarif", renderSarif(RESULT, locate, { version: "1.0.0", rules: [] })],
  ["baseline", formatBaseline({})],
  ["study", studyOpening(makeHeader({ scales: [1] }))],
];

Deno.test("claimOutputs() lets a result replace an older one of its kind, and no other", () =>
  withFolder(async (folder) => {
    const path = `${folder}/result`;
    for (const [kind, text] of RESULTS) {
      for (const content of [text, text.replaceAll("\n", "\r\n"), `\ufeff${text}`]) {
        await Deno.writeTextFile(path, content);
        for (const other of new Set(RESULTS.map(([kind]) => kind))) {
          if (other === kind) await claim(path, other);
          else {await refuses(
              claim(path, other),
              `would replace ${path}, which holds a`,
              "remove it",
            );}
        }
      }
    }
  }));

Deno.test("claimOutputs() lets nothing replace what is no result, unless it is empty", () =>
  withFolder(async (folder) => {
    const kinds = new Set(RESULTS.map(([kind]) => kind));
    const contents = [
      '{"layers": []}',
      "[1]",
      "<html>",
      "\0\0\u0001",
      "# Notes\n\nDo not lose them.\n",
      "x,y\n1,2\n",
      "// settings\n{}\n",
      '<?xml version="1.0"?><testsuites>',
    ];
    for (const kind of kinds) {
      for (const content of contents) {
        await Deno.writeTextFile(`${folder}/file`, content);
        await refuses(claim(`${folder}/file`, kind), "holds no result");
      }
      await Deno.writeTextFile(`${folder}/net.ts`, "export const a = 1;");
      await refuses(claim(`${folder}/net.ts`, kind), "holds");
      await Deno.writeTextFile(`${folder}/empty.ts`, "");
      await claim(`${folder}/empty.ts`, kind);
    }
    await Deno.writeFile(`${folder}/w.bin`, new Uint8Array([0xff, 0xfe, 0x80, 0x3f]));
    await refuses(claim(`${folder}/w.bin`), "holds no result");
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
    await refuses(claimOutputs(outputs.map((path) => ({ path, kind: "gate" })), []), "a.json");
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["a.json"]);
  }));

Deno.test("claimOutputs() says before anything runs what cannot be written", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, RESULTS[0][1]);
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

Deno.test("filesRead() finds the weight files of a model.json", () =>
  withFolder(async (folder) => {
    const weightsManifest = [{ paths: ["a.bin", "s/b.bin"] }, { paths: ["c.bin", 3] }, null];
    await Deno.writeTextFile(`${folder}/model.json`, JSON.stringify({ weightsManifest }));
    const model = `${folder}/model.json`;
    assertEquals(
      await filesRead([model, null], ["batch.json", null]),
      [model, ...["a.bin", "s/b.bin", "c.bin"].map((name) => `${folder}/${name}`), "batch.json"],
    );
    await Deno.writeTextFile(model, '{ "weightsManifest": [');
    assertEquals(await filesRead([model], []), [model]);
    assertEquals(await filesRead([`${folder}/none.json`], []), [`${folder}/none.json`]);
  }));

Deno.test("filesRead() finds what the quoted texts of a module name, through its imports", () =>
  withFolder(async (folder) => {
    const files = {
      "net.ts": "import { a } from \"./lib/a.ts\"; // don't\nexport * from './b.js';\n",
      "lib/a.ts": 'const data = new URL("../data.bin", import.meta.url); import("../net.ts");',
      "b.js": "await Deno.readFile(`./w.txt`); 'none.txt'",
      "data.bin": "",
      "w.txt": "",
      "other.txt": "",
    };
    await Deno.mkdir(`${folder}/lib`);
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
    const found = await filesRead([`${folder}/net.ts`], []);
    const names = ["b.js", "data.bin", "lib/a.ts", "net.ts", "w.txt"];
    assertEquals([...new Set(found)].sort(), names.map((name) => `${folder}/${name}`));
  }));
