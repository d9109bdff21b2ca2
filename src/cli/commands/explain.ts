import { HEALTHY_DOCUMENTATION } from "../../core/assert/health_message.ts";
import { GATE_DOCUMENTATION, gateRules } from "../../gate/gate_rules.ts";
import { renderRule, renderRules, type RuleGroup, rulePage } from "../../core/text/render_rule.ts";
import { CALIBRATIONS, MODEL_RULES } from "../../core/rules/rules.ts";
import { allRules } from "../../core/rules/register_rule.ts";
import { nearest } from "../../ground/words/input_error.ts";
import { showWord } from "../../ground/words/show_value.ts";
import { PLUGIN_FLAG } from "../flags/measure_flags.ts";
import { columnsFlag, columnsOf } from "../flags/show_flags.ts";
import { defineCommand } from "../kit/command.ts";
import { file, UsageError } from "../kit/flag.ts";
import { writeOutput } from "../kit/write_output.ts";
import { loadSettings } from "../load_settings.ts";
import { host } from "../../platform/host.ts";

/** Returns the groups of rules: those of report and check, and those that run the model again. */
function groups(): RuleGroup[] {
  return [
    {
      title: "rules of report and check",
      rules: [...allRules(), ...GATE_DOCUMENTATION],
      byAssertion: false,
    },
    { title: "rules over a model, by their assertions", rules: MODEL_RULES, byAssertion: true },
  ];
}

/** `explain`: explains a rule, or lists all rules. */
export const explain = defineCommand({
  operand: {
    name: "RULE",
    least: 0,
    most: 1,
    takes: () => [...gateRules(), ...MODEL_RULES].map(({ name }) => name),
  },
  description: [
    "Explains a rule: what it demands, how its figure is defined, its thresholds and their sources,",
    "when its verdict misleads, its false positives, and how to fix what it finds. Without RULE, lists",
    "the rules of report and check, and those that run the model again, which only an assertion in a",
    "test can do. A rule can also be given by its assertion; assertHealthy covers every single-pass",
    "rule. Your own rules come from --plugin and --config; a RULE with a slash in its name is looked up",
    "in the nearest configuration.",
  ].join("\n"),
  flags: {
    plugin: PLUGIN_FLAG,
    config: file("read", { help: "also list the plugins of this configuration" }),
    columns: columnsFlag(),
  },
  examples: [["explain", "list the rules"], ["explain vanishing-gradients", "one rule"]],
  permissions: [],
  async run([name = null], { plugin, config, columns }): Promise<number> {
    const width = columnsOf(columns, { terminal: host.stdout.isTerminal() });
    // Only if needed: looking for a configuration takes a permission.
    const isOwn = name?.includes("/") || plugin.length > 0 || config !== null;
    if (isOwn) await loadSettings({ plugin, config });
    const all = groups().flatMap(({ rules }) => rules);
    if (name === null) {
      await writeOutput(renderRules(groups(), width), null);
      return 0;
    }
    const rules = [...all, HEALTHY_DOCUMENTATION];
    const rule = rules.find((rule) => rule.name === name || rule.assertion === name);
    if (rule === undefined) {
      const names = all.map(({ name }) => name);
      const assertions = rules.map((rule) => rule.assertion || rule.name);
      const guess = nearest(name, names) || nearest(name, assertions);
      throw new UsageError({
        place: `The rule ${showWord(name)}`,
        found: "unknown",
        expected: "one that explain without a name lists",
        meant: guess,
      });
    }
    await writeOutput(
      renderRule(
        rule,
        width,
        rule === HEALTHY_DOCUMENTATION ? null : rulePage(rule.name),
        CALIBRATIONS[rule.name],
      ),
      null,
    );
    return 0;
  },
});
