import { assertEquals, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";
import { wideLayers } from "./wide_layers.ts";

const MODEL = "relu_he";

const CONFIGURATION = {
  plugins: ["wide_layers.ts"],
  models: [{ name: "net", path: `${MODEL}/model.json` }],
  rules: { "team/wide-layers": ["error", { mostUnits: 3 }] },
};

Deno.test("check judges by a rule of a plugin, suppresses and shows it as any other", async () => {
  const files = {
    "wide_layers.ts": await wideLayers(),
    "gradient-health.json": CONFIGURATION,
    "quiet.json": {
      ...CONFIGURATION,
      suppressions: [{ rule: "team/wide-layers", layer: "*", reason: "it fits" }],
    },
  };
  await withGateFolder([MODEL], files, async (cwd) => {
    const [check, quiet, sarif, explain, listed] = await Promise.all([
      ["check", "--quiet", "--details"],
      ["check", "--quiet", "--config", "quiet.json"],
      ["check", "--quiet", "--reporter", "sarif"],
      ["explain", "team/wide-layers"],
      ["explain", "--plugin", "wide_layers.ts"],
    ].map((args) => runCommand(args, { cwd, separate: true })));
    assertEquals([check.code, check.stderr], [1, ""]);
    assertStringIncludes(check.stdout, "team/wide-layers");
    assertEquals([quiet.code, quiet.stderr], [0, ""]);
    assertStringIncludes(quiet.stdout, "it fits");
    const [{ tool: { driver: { rules, version } } }] = JSON.parse(sarif.stdout).runs;
    const byId = new Map(rules.map((rule: { id: string; helpUri?: string }) => [rule.id, rule]));
    assertEquals((byId.get("team/wide-layers") as { helpUri?: string }).helpUri, undefined);
    assertEquals(
      (byId.get("dead-units") as { helpUri?: string }).helpUri,
      `https://jsr.io/@gradient-health/gradient-health/${version}/docs/rules/dead-units.md`,
    );
    assertEquals(explain.code, 0);
    assertStringIncludes(explain.stdout, "mostUnits = 512: units.");
    assertStringIncludes(listed.stdout, "\nteam/wide-layers\n");
  });
});

Deno.test("completions knows the rules of --plugin, and of a configuration that is named", async () => {
  const files = { "wide_layers.ts": await wideLayers(), "gradient-health.json": CONFIGURATION };
  await withGateFolder([MODEL], files, async (cwd) => {
    for (const args of [["--plugin", "wide_layers.ts"], ["--config", "gradient-health.json"]]) {
      const { code, stdout } = await runCommand(["completions", "bash", ...args], {
        cwd,
        separate: true,
      });
      assertEquals(code, 0);
      assertStringIncludes(stdout, "\\nteam/wide-layers\\n");
    }
    const { stdout } = await runCommand(["completions", "bash"], { cwd, separate: true });
    assertEquals(stdout.includes("team/wide-layers"), false);
  });
});

Deno.test("report judges by a rule of --plugin", async () => {
  const files = { "wide_layers.ts": (await wideLayers()).replace("default: 512", "default: 3") };
  await withGateFolder([MODEL], files, async (cwd) => {
    const { code, stdout } = await runCommand(
      ["report", `${MODEL}/model.json`, "--quiet", "--plugin", "wide_layers.ts"],
      { cwd, separate: true },
    );
    assertEquals(code, 0);
    assertStringIncludes(stdout, "units; expected <= 3 (mostUnits)");
  });
});

Deno.test("a plugin that cannot be used, and a rule that no plugin brings, are refused in one sentence", async () => {
  const files = {
    "empty.ts": "export const rule = {};\n",
    "unknown.json": { rules: { "team/no": "off" } },
    "suppressed.json": { suppressions: [{ rule: "team/no", layer: "*", reason: "none" }] },
  };
  await withGateFolder([MODEL], files, async (cwd) => {
    const model = `${MODEL}/model.json`;
    await assertRefuses(
      ["report", model, "--plugin", "empty.ts"],
      "empty.ts has no export of a rule, expected one or more of defineRule()",
      { cwd },
    );
    await assertRefuses(["check", model, "--plugin", "none.ts"], "none.ts: ", { cwd });
    for (const file of ["unknown", "suppressed"]) {
      await assertRefuses(
        ["check", model, "--config", `${file}.json`],
        'unknown rule "team/no", expected one that a module in plugins exports',
        { cwd },
      );
    }
  });
});

Deno.test("explain ends with the page of a rule, which is there", async () => {
  const { stdout } = await runCommand(["explain", "dead-units"]);
  const [, page] = stdout.match(/\npage\n {2}(\S+)\n/)!;
  const text = await Deno.readTextFile(new URL(`../../${page}`, import.meta.url));
  assertStringIncludes(text, "# dead-units");
});

Deno.test("report and check name a rule that throws, and exit with 2: no gate is green because of it", async () => {
  const source = (await wideLayers()).replace(
    /judge: [^]*$/,
    `judge: () => {
    throw new Error("no rows");
  },
});
`,
  );
  const files = { "wide_layers.ts": source, "gradient-health.json": CONFIGURATION };
  await withGateFolder([MODEL], files, async (cwd) => {
    const commands = [
      ["report", `${MODEL}/model.json`, "--plugin", "wide_layers.ts"],
      ["check"],
    ];
    for (const args of commands) {
      const { code, stderr, stdout } = await runCommand([...args, "--quiet"], {
        cwd,
        separate: true,
      });
      assertEquals([code, stdout], [2, ""]);
      assertStringIncludes(stderr, "The judge of the rule team/wide-layers threw: no rows");
    }
  });
});
