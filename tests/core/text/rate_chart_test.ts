import { assertEquals } from "@std/assert";
import type { LearningRates } from "../../../src/core/probe/rate_search.ts";
import { renderRates } from "../../../src/core/text/report_charts.ts";
import { describeRates } from "../../../src/core/rules/describe_trial.ts";

const RATES = [1e-4, 1e-3, 0.01, 0.1, 1];

function found(given: number, optimizers = ["Adam"]): LearningRates {
  const losses = [2.1, 0.9, 0.05, NaN, 8];
  return {
    objective: { name: "categoricalCrossentropy" },
    randomTargets: false,
    guess: 2.3,
    steps: 40,
    loss: 2.4,
    rates: optimizers.flatMap((optimizer) =>
      losses.map((loss, i) => ({
        optimizer,
        learningRate: RATES[i],
        given: RATES[i] === given,
        loss,
        verdict: loss < 1 ? "learns" as const : "fails" as const,
        usable: loss < 1,
      }))
    ),
    usable: { from: 0.001, to: 0.01 },
    suggested: { optimizer: "Adam", learningRate: 0.01 },
  };
}

Deno.test("renderRates() draws the loss over learning rate in 80 columns of ASCII", () => {
  const lines = renderRates(found(1), { width: 80, unicode: false, color: false });
  assertEquals(
    "\n" + lines.join("\n"),
    `
Loss over learning rate: after 40 steps; 2.4 before, 2.3 by guessing
              1e-2             1e-1               1e0              1e1      rate
  1e-4    2.1 |###########################################           :
  0.001   0.9 |####################################:                 :    usable
  0.01   0.05 |#############    :                  :                 :      best
  0.1     NaN |                 :                  :                 :
! 1         8 |##################################################### :  compiled`,
  );
});

Deno.test("renderRates() draws a chart for each optimizer", () => {
  const both = renderRates(found(1, ["Adam", "SGD"]), { width: 60, unicode: false, color: false });
  const titles = both.filter((line) => line.startsWith("Loss over learning rate"));
  assertEquals(titles.map((title) => title.slice(0, 31)), [
    "Loss over learning rate of Adam",
    "Loss over learning rate of SGD:",
  ]);
  assertEquals(both.every((line) => line.length <= 60), true);
});

Deno.test("describeRates() names the usable rates, the best one, and compares the compiled one", () => {
  const usable = "Learning rates of Adam: 0.001 to 0.01 are usable, 0.01 is best.";
  const at = (rate: number) => describeRates(found(rate));
  assertEquals(at(0.001), `${usable} The compiled rate of 0.001 is usable.`);
  assertEquals(at(1e-4), `${usable} At the compiled rate of 1e-4 the loss falls too little.`);
  assertEquals(at(0.1), `${usable} At the compiled rate of 0.1 the loss is not finite.`);
  assertEquals(at(1), `${usable} At the compiled rate of 1 the loss does not fall.`);
  assertEquals(at(5), usable);
});

Deno.test("describeRates() says if there is only one rate, if none learns, and if the loss never falls", () => {
  const none = found(5);
  const only = { from: 0.01, to: 0.01 };
  assertEquals(
    describeRates({ ...none, usable: only }),
    "Learning rates of Adam: only 0.01 is usable.",
  );
  const rates = none.rates.map((rate) => ({ ...rate, verdict: "fails" as const }));
  assertEquals(
    describeRates({ ...none, usable: only, rates }),
    "Learning rates of Adam: only 0.01 is usable. None of them learns the batch in 40 steps.",
  );
  assertEquals(
    describeRates({ ...none, usable: null, suggested: null }),
    "The loss falls in 40 steps at none of 5 learning rates.",
  );
});
