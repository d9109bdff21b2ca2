import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { defineRule } from "../../src/core/rules/define_rule.ts";
import { registerRule } from "../../src/core/rules/register_rule.ts";
import { renderStudy } from "../../src/study/text/render_study.ts";
import { study, summarizeStudy } from "../../src/study/study.ts";
import { STUDY_RULES, StudyError } from "../../src/study/study_options.ts";
import { withGateFolder } from "../cli/gate_folder.ts";
import { runCommand } from "../cli/run_command.ts";

/** Rules that warn of large activations, of which one takes a point for broken then. */
const large = (name: string, failsOnWarnings: boolean) => ({
  name,
  tags: ["signal" as const],
  problem: "large activations",
  summary: "No activation is large.",
  fix: "Make them smaller.",
  study: {
    order: 5,
    letter: "l",
    below: "nothing",
    above: "activations are large",
    failsOnWarnings,
  },
  figure: { title: "rms of a", scale: "log" as const, of: () => null },
});

const judge = ({ layers }: { layers: { activations: { rms: number } | null }[] }) =>
  layers.some(({ activations }) => (activations?.rms ?? 0) > 0.9)
    ? [{
      severity: "warning" as const,
      layer: null,
      measured: null,
      expected: "rms <= 0.9",
      message: "An activation is large.",
      fix: "Make it smaller.",
    }]
    : [];

registerRule(defineRule({ ...large("team/large", true), judge }));
registerRule(defineRule({ ...large("team/may-be-large", false), judge }));

const GRID = { scales: [1, 1000], activations: ["tanh" as const], depths: [3] };

Deno.test("study() judges by a registered rule with words for it, and shows its letter", async () => {
  const found = await study({ network: "dense" }, GRID, { jobs: "auto" });
  const own = ["team/large", "team/may-be-large"];
  assertEquals(found.rules, [...own, ...STUDY_RULES]);
  assertEquals(found.points.map(({ failed }) => failed.filter((rule) => own.includes(rule))), [
    [],
    // A warning counts where the rule says so.
    ["team/large"],
  ]);
  assertStringIncludes(renderStudy(summarizeStudy(found)), "activations are large");
});

Deno.test("study() hands a registered rule to no worker, and says so", async () => {
  await assertRejects(
    () => study({ network: "dense" }, GRID, { jobs: 2 }),
    StudyError,
    "jobs is 2, expected 1: the rule team/large was registered in this process, and workers do not know it",
  );
});

Deno.test("sweep judges by a rule of --plugin", async () => {
  const checks = new URL("../../src/core/rules/mod.ts", import.meta.url).href;
  const module = `import { defineRule } from "${checks}";
    export const rule = defineRule({
      ...${JSON.stringify({ ...large("team/large", true), figure: undefined })},
      figure: { title: "a", scale: "log", of: () => null },
      judge: ${judge},
    });`;
  await withGateFolder([], { "large.js": module }, async (cwd) => {
    const args = ["--scale", "1,1000", "--activation", "tanh", "--depth", "3", "--quiet"];
    const { code, stdout, stderr } = await runCommand(
      ["sweep", ...args, "--plugin", "large.js", "--format", "json"],
      { cwd },
    );
    assertEquals([code, stderr], [0, ""]);
    const { points } = JSON.parse(stdout);
    assertEquals(points.at(-1).failed.includes("team/large"), true);
    const refused = await runCommand(
      ["sweep", ...args, "--plugin", "large.js", "--jobs", "2"],
      { cwd },
    );
    assertEquals(refused.code, 2);
    assertStringIncludes(refused.stderr, "workers do not know it");
  });
});
