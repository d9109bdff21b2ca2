import { assertEquals } from "@std/assert";
import { healthMessage } from "../../src/assert/health_message.ts";
import { RULES } from "../../src/checks/rules.ts";
import { finding, layer, measurements } from "../render/sample.ts";

/** The rules whose advice is printed, in its order, where all of these fail. */
function advised(rules: readonly string[]): string[] {
  const errors = rules.map((rule) => finding("dense_1", { rule, advice: `advice of ${rule}` }));
  return healthMessage(measurements([layer("dense_1", {})]), errors, undefined).split("\n")
    .filter((line) => line.startsWith("Fix: "))
    .map((line) => line.replace("Fix: advice of ", ""));
}

Deno.test("healthMessage() gives the advice of the causes before that of the symptoms", () => {
  const all = RULES.map(({ name }) => name);
  assertEquals(advised(all), ["non-finite", "input-normalized", "output-head"]);
  // What a network of zeros breaks: the weights are the cause.
  const zeros = ["gradients-flow", "vanishing-gradients", "dead-units", "init-scale", "symmetry"];
  assertEquals(advised(zeros), ["init-scale", "symmetry", "gradients-flow"]);
  assertEquals(advised(["saturated-activations", "initial-loss", "bias-init"]), [
    ...["bias-init", "initial-loss", "saturated-activations"],
  ]);
});

Deno.test("healthMessage() leaves symptoms alone in the order of the rules", () => {
  const symptoms = ["gradients-flow", "vanishing-gradients", "dead-units", "activation-scale"];
  assertEquals(advised(symptoms), symptoms.slice(0, 3));
});
