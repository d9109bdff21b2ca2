import { type LayersModel, startEngine } from "../../../src/engine/mod.ts";
import { savedOptimizer, unknownOptimizer } from "../../../src/keras/compile_as_saved.ts";
import { optimizerOf } from "../../../src/core/measure/training_facts.ts";
import { optimizerWords, unusualRate, usualRates } from "../../../src/ground/traits/optimizers.ts";
import { golden } from "../../engine/optimizers/golden.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { guardCase } from "../guard_case.ts";
import { mutateJson } from "../mutate.ts";

/** A schedule in the place of a rate, as Keras writes it. */
const scheduled = golden.optimizers.flatMap(({ saved }) =>
  golden.schedules.map((schedule) => ({
    ...saved,
    config: { ...saved.config, learning_rate: schedule.saved },
  }))
);

const SAVED = [...golden.optimizers.map(({ saved }) => saved), ...scheduled];

export const target: FuzzTarget = {
  name: "saved_optimizers",
  about:
    "A damaged optimizer of a file is read, described, and takes steps that free what they use.",
  shortRun: 200,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    return {
      async tryOne(chance) {
        const saved = mutateJson({ optimizer: chance.one(SAVED) }, chance);
        await guardCase(tf, async () => {
          const optimizer = savedOptimizer(tf, Object(saved) as Record<string, unknown>);
          const measured = optimizerOf({ optimizer } as unknown as LayersModel).optimizer!;
          const { name, learningRate } = measured;
          if (typeof name !== "string") throw new Error(`the name is ${name}`);
          if (learningRate === null && unknownOptimizer(optimizer) === null) {
            throw new Error("an optimizer without a rate is taken for known");
          }
          if (typeof optimizerWords(measured) !== "string") throw new Error("no words");
          if (usualRates(measured) === null && unusualRate(measured, 1) !== null) {
            throw new Error("a rate is judged without a range");
          }
          const weight = tf.tidy(() => tf.ones([2, 3]).variable());
          const gradient = tf.fill([2, 3], 0.5);
          for (let step = 0; step < 3; step++) {
            optimizer.applyGradients([{ name: weight.name, tensor: gradient }]);
          }
          await weight.data();
          optimizer.dispose();
          tf.dispose([weight, gradient]);
        });
      },
      [Symbol.asyncDispose]: () => engine.stop(),
    };
  },
};
