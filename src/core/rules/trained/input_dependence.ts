import type { InputDependenceProbe } from "../../probe/probe_dependence.ts";
import { defineModelRule } from "../define_rule.ts";
import { moreThan, say, type Sentence } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import type { ModelRule } from "../rule.ts";

/** The rule `input-dependence`: the outputs depend on the inputs. */
export const inputDependence: ModelRule<InputDependenceProbe> = defineModelRule({
  name: "input-dependence",
  assertion: "assertDependsOnInput",
  order: 210,
  probe: "inputDependence",
  problem: "outputs that do not depend on the inputs",
  summary: "Every input changes an output, and every output changes with an input.",
  formula:
    "max |out(x) - out(x')| > 0, x' the batch with the examples of one input permuted, for " +
    "each input over all outputs, and for each output over all inputs. The maximum is 0 if " +
    "d out / d x = 0 everywhere.",
  source: "mltest, input dependency; Karpathy, A Recipe for Training Neural Networks: input-" +
    "independent baseline.",
  misleads:
    "A network so saturated that float32 shows no change counts as independent, and one that " +
    "changes only by rounding counts as dependent. Inputs whose examples are all equal show " +
    "nothing.",
  fix: "Look for a layer with the wrong input, a branch that is multiplied by 0, and dead or " +
    "saturated layers.",
  falsePositives: falsePositives({ draws: 1060 }),
  asserts: "that every input changes an output, and that every output changes with an input: the " +
    "examples of one input are permuted, and an output must change. Runs the model once for " +
    "each input and once more, in inference mode; the model stays unchanged.",
  fails: "an output does not change with its inputs",
  throws: "If an output depends on no input, or no output on an input.",
  refuses: "If the batch has one example only.",
  example: {
    title: "A network that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch, setWeights } from "@gradient-health/gradient-health/model";
      import { assertDependsOnInput } from "@gradient-health/gradient-health/assert";
      import { assertRejects } from "@std/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      const batch = randomBatch(model);
      await assertDependsOnInput(model, batch);
      setWeights(model, { "dense_1/bias": Array(20).fill(-100) });
      await assertRejects(() => assertDependsOnInput(model, batch));
      model.dispose();
    `,
  },
  options: ["seed"],
  figure: {
    title: "largest change of an output when an input's examples trade places",
    scale: "log",
    rows: ({ inputs }) =>
      inputs.map(({ name, changes }) => ({ label: name, value: Math.max(...changes) })),
  },
  judge({ inputs, outputs }) {
    const fix =
      "Look for a layer with the wrong input, a branch that is multiplied by 0, and dead or " +
      "saturated layers.";
    const verdict = (kind: string, message: Sentence): Verdict => ({
      severity: "error",
      kind,
      layer: null,
      measured: 0,
      expected: moreThan(0),
      message,
      fix,
    });
    const told = inputs.filter(({ alike }) => !alike);
    const constant = told.length === 0
      ? []
      : outputs.filter((_, k) => told.every(({ changes }) => changes[k] === 0));
    // If no output changes at all, that covers the unused inputs.
    const unused = constant.length === outputs.length
      ? []
      : told.filter(({ changes }) => changes.every((change) => change === 0));
    return [
      ...inputs.filter(({ alike }) => alike).map(({ name }): Verdict => ({
        severity: "note",
        kind: "alike",
        layer: null,
        measured: null,
        expected: "examples that differ",
        message: say`No verdict on the input ${name}: all of its examples are alike.`,
        fix: "Probe on a batch of different examples.",
      })),
      ...constant.map((name) =>
        verdict(
          "constant-output",
          say`The output ${name} stays the same whatever the inputs are; expected a change.`,
        )
      ),
      ...unused.map(({ name }) =>
        verdict(
          "unused-input",
          say`No output changes with the input ${name}; expected at least one
            to change.`,
        )
      ),
    ];
  },
});
