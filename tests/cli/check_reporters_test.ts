import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { MARKER_COMMENT } from "../../src/ground/words/document.ts";
import { withGateFolder } from "./gate_folder.ts";
import { BROKEN, model } from "./gate_models.ts";
import { runCommand } from "./run_command.ts";
import { editedProgram } from "../torch/program/edited_program.ts";

Deno.test("check writes every reporter that is asked for in one run", async () => {
  await withGateFolder([BROKEN], {}, async (cwd) => {
    const summary = `${cwd}/summary.md`;
    await Deno.writeTextFile(summary, "before\n");
    const reporters = [
      "text",
      "github",
      "json=a.json",
      "junit=a.xml",
      "markdown=a.md",
      "sarif=a.sarif",
      "badge=a.svg",
    ];
    const { code, stdout } = await runCommand(
      ["check", model(BROKEN), "--quiet", ...reporters.flatMap((name) => ["--reporter", name])],
      { cwd, env: { GITHUB_STEP_SUMMARY: summary } },
    );
    assertEquals(code, 1);
    assertStringIncludes(stdout, "\nSICK: 1 cause\n");
    assertStringIncludes(stdout, "\n::error file=relu_dead_layer/model.json,line=");
    const read = (name: string) => Deno.readTextFileSync(`${cwd}/${name}`);
    assertEquals(JSON.parse(read("a.json")).passed, false);
    assertStringIncludes(read("a.xml"), "<testsuites name=");
    assertEquals(JSON.parse(read("a.sarif")).version, "2.1.0");
    assertStringIncludes(read("a.svg"), "<title>gradient health: sick</title>");
    assert(read("a.md").startsWith("### ❌ gradient-health"));
    assertEquals(read("a.md"), `${read("summary.md").replace("before\n\n", "")}${MARKER_COMMENT}`);
  });
});

Deno.test("check keeps the step summary below the size that GitHub takes", async () => {
  await withGateFolder([BROKEN], {}, async (cwd) => {
    const summary = `${cwd}/summary.md`;
    const size = 1024 * 1024 - 4000;
    await Deno.writeFile(summary, new Uint8Array(size).fill(65));
    await runCommand(
      ["check", model(BROKEN), "--quiet", "--reporter", "github"],
      { cwd, env: { GITHUB_STEP_SUMMARY: summary } },
    );
    const written = (await Deno.stat(summary)).size;
    assert(written > size && written <= 1024 * 1024, `${written - size} bytes`);
  });
});

Deno.test("check --reporter github says that it may not write the step summary", async () => {
  await withGateFolder([BROKEN], {}, async (cwd) => {
    const summary = `${cwd}/summary.md`;
    const { code, stderr } = await runCommand(
      ["check", model(BROKEN), "--quiet", "--reporter", "github"],
      { cwd, env: { GITHUB_STEP_SUMMARY: summary }, permissions: ["--allow-read", "--deny-env"] },
    );
    assertEquals(code, 1);
    assertEquals(
      stderr,
      "note: no step summary: allow it with --allow-env=GITHUB_STEP_SUMMARY\n",
    );
  });
});

Deno.test("check quotes no bytes of a program whose code has no line of the user's", async () => {
  const program = await editedProgram("shrunk", {
    graph(json) {
      // As of nn.Sequential, which is called in PyTorch alone.
      for (const { metadata } of json.graph_module.graph.nodes) delete metadata.stack_trace;
    },
  });
  const { code, stdout } = await runCommand(
    ["check", program, "--trial", "off", "--quiet", "--reporter", "text", "--reporter", "github"],
    {},
  );
  assertEquals(code, 1);
  assert(!stdout.includes("PK"), stdout);
  assertStringIncludes(stdout, "::error file=");
  assert(!stdout.includes(",line="), stdout);
  await Deno.remove(program);
});
