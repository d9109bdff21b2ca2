import { assertEquals } from "@std/assert";
import { runRules } from "../../src/rules/run_rules.ts";
import type { Configuration } from "../../src/gate/configuration.ts";
import { judgeRun } from "../../src/gate/judge_run.ts";
import { resolveConfiguration } from "../../src/gate/resolve_configuration.ts";
import { flat, makeMeasurements } from "../networks/measurements.ts";

const rules = (configuration: Configuration["rules"]) =>
  resolveConfiguration({ rules: configuration }).rules;
const saturated = makeMeasurements([{}, { saturatedFraction: 0.8 }, {}]);
const found = (configuration: Configuration["rules"]) =>
  judgeRun(saturated, rules(configuration))
    .filter(({ rule }) => rule === "saturated-activations")
    .map(({ severity }) => severity);

Deno.test("judgeRun() finds by default what runRules() finds", () => {
  assertEquals(judgeRun(saturated, rules({})), runRules(saturated));
});

Deno.test("judgeRun() only notes what rules about initialisation find in a trained network", () => {
  const wide = makeMeasurements([{ preActivations: flat(9, 640), activations: flat(9, 640) }]);
  const severities = (trained?: boolean) => [
    ...new Set(
      judgeRun(wide, rules({}), { trained })
        .filter(({ rule }) => rule === "activation-scale").map(({ severity }) => severity),
    ),
  ];
  assertEquals([severities(false), severities(true)], [["warning"], ["note"]]);
});

Deno.test("judgeRun() obeys the level of a rule", () => {
  assertEquals(found({ "saturated-activations": "error" }), ["error"]);
  assertEquals(found({ "saturated-activations": "warn" }), ["warning"]);
  assertEquals(found({ "saturated-activations": "off" }), []);
});

Deno.test("judgeRun() hands a rule its own thresholds", () => {
  const over = (saturatedFraction: number, saturatedFractionWarning: number) =>
    found({ "saturated-activations": ["error", { saturatedFraction, saturatedFractionWarning }] });
  assertEquals([over(0.79, 0.5), over(0.8, 0.79), over(0.8, 0.8)], [["error"], ["warning"], []]);
});
