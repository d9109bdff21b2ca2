import { defineRule } from "../define_rule.ts";
import { droppedAnswers } from "../dropped_answers.ts";
import { headMismatch } from "../head_mismatch.ts";
import { regressionExample } from "../regression_example.ts";
import type { Rule } from "../rule.ts";
import { counted, layerName, NOTHING, say } from "../say.ts";
import { strayClasses } from "../stray_classes.ts";

/** The rule `output-head`: the activation of the output fits the loss. */
export const outputHead: Rule = defineRule({
  name: "output-head",
  assertion: "assertOutputHead",
  matcher: "toHaveMatchingHead",
  passes: "has a head that fits its loss",
  settings: ["loss"],
  tags: ["task"],
  order: 150,
  causeOrder: 30,
  assertionFailsOnWarnings: [
    "activation-twice",
    "dropped",
    "no-logits",
    "no-sigmoid",
    "no-softmax",
    "out-of-reach",
  ],
  problem: "a head that does not fit its loss",
  summary: "The activation and the width of the output fit the loss that is measured.",
  formula:
    "categorical cross-entropy: softmax over 2 units or more, and targets that add up to 1, " +
    "or classes that are whole numbers from 0 to the number of units minus 1; binary " +
    "cross-entropy: sigmoid and targets from 0 to 1; no other activation before either; " +
    "hinge: targets of -1 and 1, and an activation that reaches both; no dropout behind the " +
    "head, which is an error where it leaves one of 10,000 examples without any class under a " +
    "categorical cross-entropy, whose loss is then 0 / 0; losses named " +
    "softmaxCrossEntropy or sigmoidCrossEntropy: no activation, because they apply their own; " +
    "mean squared error: an activation that reaches the targets, and no softmax.",
  source: "UMLAUT (Schoop et al. 2021); NeuraLint (Nikanjam et al. 2021).",
  misleads:
    "Custom losses are recognised by name only, and models with several heads are not judged. " +
    "Policy-gradient targets, which are multiplied by the advantage of an action, can have any " +
    "sum: under a softmax the rule only warns about them. Most networks still train with a " +
    "superfluous or a missing activation, so that is a warning. Targets that the head cannot " +
    "reach are an error.",
  fix: "Change the activation of the output or the loss.",
  asserts:
    "that the activation and the width of the output fit the loss: softmax over two units or " +
    "more for categorical cross-entropy, sigmoid and targets from 0 to 1 for binary " +
    "cross-entropy, no softmax or sigmoid under a loss on logits, an activation that reaches " +
    "the targets for regression. There is no verdict on other objectives or with several " +
    "heads.",
  fails: "the last activation does not fit the loss",
  throws: "If the head does not fit the loss.",
  example: regressionExample("assertOutputHead"),
  // The figure is a pair of names: no layer has a bar.
  figure: { title: "head", scale: "linear", of: () => null },
  judge({ layers, measurements, network: { head } }) {
    const { objective: { name }, batch: { targets = [] } } = measurements;
    const dropped = droppedAnswers(layers, measurements);
    if (dropped.length > 0) return dropped;
    // Classes are counted per output, so there may be several heads.
    if (head === null) return targets.flatMap((target) => strayClasses(target, null));
    if (!layers.includes(head.layer)) return [];
    const strays = targets.flatMap((target) => strayClasses(target, head.layer.name));
    if (strays.length > 0) return strays;
    const mismatch = headMismatch(name, head, targets.length === 1 ? targets[0] : null);
    if (mismatch === null) return [];
    const { severity, kind, expected, why, advice, message } = mismatch;
    const { activation, units, layer } = head;
    const width = units === null ? NOTHING : say`, ${counted(units, "unit")}`;
    return [{
      severity,
      kind,
      layer: layer.name,
      measured: null,
      expected,
      message: message ??
        say`\`${
          layerName(layer.name)
        }\` (${activation!}${width}) does not fit the loss ${name}: ${why};
        expected ${expected}.`,
      advice,
    }];
  },
});
