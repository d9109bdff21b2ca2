import { defineRule } from "../define_rule.ts";
import { between } from "../expected.ts";
import type { Rule } from "../rule.ts";
import { figure, number, say } from "../say.ts";
import { unusualRate, usualRates } from "../usual_rates.ts";

/** The rule `learning-rate`: the model is compiled with a rate that its optimizer can work with. */
export const learningRate: Rule = defineRule({
  name: "learning-rate",
  assertion: "assertLearningRate",
  matcher: "toHaveUsualLearningRate",
  passes: "has a usual learning rate",
  settings: ["optimizer"],
  tags: ["task"],
  order: 175,
  causeOrder: 75,
  assertionFailsOnWarnings: true,
  thresholds: {
    learningRateFactor: {
      default: 3,
      unit: "times outside the usual rates",
      range: [1, Infinity],
      source:
        "own: 35 sensible networks of bench/trainability at drawn rates, and 11 of its even seeds: " +
        "beyond it 26 fail, 5 are slow, none trains; nearer to the usual rates 2 are slow, 7 train; of " +
        "80 even seeds of its focus rates (the other optimizers) 30 fail, 7 are slow, 3 train beyond it",
      about: "How many times a learning rate may lie above or below the usual ones; nearer to " +
        "them the rule warns.",
    },
  },
  problem: "a learning rate that does not train",
  summary: "The learning rate that the model is compiled with is one that its optimizer is used " +
    "with.",
  formula:
    "0.003 <= rate <= 0.35 for SGD, 0.0003 <= rate <= 0.35 for Momentum, 0.003 <= rate <= 1 " +
    "for Adagrad, 0.005 <= rate <= 1 for Adadelta, 0.0001 <= rate <= 0.03 for Adam and RMSProp, " +
    "0.0001 <= rate <= 0.3 for Adamax. Outside it warns; fails if rate < least / learningRateFactor or " +
    "rate > most x learningRateFactor.",
  source:
    "Bengio 2012, Practical Recommendations for Gradient-Based Training, for plain descent; " +
    "Kingma & Ba 2015 for Adam; Zeiler 2012 for Adadelta, which he uses at 1.",
  misleads: "A low rate only takes long, and one that is raised during training may start low: " +
    "within 300 steps such networks learn nothing. Pre-trained networks are tuned at low rates: a " +
    "trained network is not judged. Nor is an optimizer that TensorFlow.js does not have, or a " +
    "model that was not compiled. A file whose optimizer TensorFlow.js lacks is " +
    "compiled with Adam at its usual rate.",
  fix: "Compile with a usual rate: 0.01 for SGD, 0.001 for Adam.",
  asserts: "that the learning rate that the model was compiled with is one that its optimizer is " +
    "used with, 0.003 to 0.35 for SGD and 0.0001 to 0.03 for Adam for instance. `report` and the gate only warn up to 3 times outside " +
    "(`learningRateFactor`). There is no verdict on a model that was not compiled.",
  fails: "the learning rate is unusually low or high",
  throws: "If the learning rate is unusually low or high.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertLearningRate } from "@gradient-health/gradient-health/assert";

      await using engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      const optimizer = engine.tf.train.adam(1e-3);
      model.compile({ optimizer, loss: "meanSquaredError" });
      assertLearningRate(await measure(model, randomBatch(model)));
      optimizer.dispose();
      model.dispose();
    `,
  },
  // One figure for the model: no layer has a bar.
  figure: { title: "learning rate", scale: "log", of: () => null },
  judge({ measurements: { optimizer }, thresholds: { learningRateFactor }, trained }) {
    const { name, learningRate: rate } = optimizer ?? { name: "", learningRate: null };
    const [usual, side] = [usualRates(name), unusualRate(name, rate)];
    // What a trained network was trained with has done its work, and low rates are right to go on with.
    if (trained || rate === null || usual === null || side === null) return [];
    const { least, most, first } = usual;
    const times = side === "low" ? least / rate : rate / most;
    // A rate of 0, below 0 or of no number is as far as can be.
    const isFar = !(times > 0 && times <= learningRateFactor);
    const figures = { rate: figure(rate, "learning rate") };
    const expected = between(least, most);
    return [{
      severity: isFar ? "error" : "warning",
      layer: null,
      kind: isFar ? `too-${side}` : side,
      measured: rate,
      expected,
      ...isFar ? { threshold: "learningRateFactor" as const } : {},
      figures,
      message: say`The model is compiled with a learning rate of ${figures.rate}, ${
        side === "low" ? say`below` : say`above`
      } what ${name} is used with; expected ${expected}.`,
      advice: say`Compile it with a learning rate of ${number(first)}.`,
    }];
  },
});
