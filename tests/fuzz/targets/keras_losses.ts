import { InputError } from "../../../src/ground/words/input_error.ts";
import { assert, assertAlmostEquals } from "@std/assert";
import golden from "../../../fixtures/golden/losses.json" with { type: "json" };
import { startEngine, type Tensor, type TensorFlow } from "../../../src/engine/mod.ts";
import { measure } from "../../../src/entry/measure.ts";
import type { Batch } from "../../../src/entry/model.ts";
import { compileAsInKeras } from "../../../src/keras/compile_as_saved.ts";
import type { Chance } from "../chance.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { disposeModel, guardCase } from "../guard_case.ts";
import { mutateJson } from "../mutate.ts";

export const target: FuzzTarget = {
  name: "keras_losses",
  about:
    "A loss as Keras 3 saves it is scaled by its reduction and weight, or said not to be reproduced.",
  shortRun: 60,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    return {
      async tryOne(chance) {
        await guardCase(tf, async () => {
          const one = chance.one(golden.cases);
          const training = structuredClone(one.training) as Training;
          const targets = tf.tensor(golden.targets[one.targets as "shares"]);
          const batch = { inputs: tf.tensor2d(golden.inputs), targets };
          try {
            await (chance.happens(0.5)
              ? tryScale(tf, one.head, training, batch, chance)
              : tryDamage(tf, one.head, training, batch, chance));
          } finally {
            tf.dispose([batch.inputs, targets]);
          }
        });
      },
      async [Symbol.asyncDispose]() {
        await engine.stop();
      },
    };
  },
};

interface Training {
  loss: string | { config: Record<string, unknown> };
  loss_weights: unknown;
}

/** Measures a small network, compiled as its file says. */
async function measured(tf: TensorFlow, head: string, training: unknown, batch: Batch) {
  const kernelInitializer = tf.initializers.glorotNormal({ seed: 1 });
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 3,
        inputShape: [4],
        activation: head as "linear",
        kernelInitializer,
      }),
    ],
  });
  try {
    compileAsInKeras(tf, model, training);
    return await measure(model, batch);
  } finally {
    disposeModel(tf, model);
  }
}

/** A loss by sum is that by mean times the losses of a batch, and a weight multiplies it. */
async function tryScale(
  tf: TensorFlow,
  head: string,
  training: Training,
  batch: { inputs: Tensor; targets: Tensor },
  chance: Chance,
): Promise<void> {
  const weight = chance.one([0.25, 1, 3, 1e3]);
  const bySum = chance.happens(0.5) && typeof training.loss !== "string";
  const set = (reduction: string, weight: number): Training => ({
    ...training,
    loss: typeof training.loss === "string"
      ? training.loss
      : { ...training.loss, config: { ...training.loss.config, reduction } },
    loss_weights: chance.one([weight, [weight]]),
  });
  const usual = await measured(tf, head, set("sum_over_batch_size", 1), batch);
  const other = await measured(tf, head, set(bySum ? "sum" : "mean", weight), batch);
  const factor = weight * (bySum ? lossCount(training.loss, batch.targets.shape) : 1);
  const expected = factor * usual.objective.value;
  assertAlmostEquals(other.objective.value, expected, 1e-5 * Math.abs(expected) + 1e-6);
}

/** Returns the number of losses of a batch: one a row, unless the loss reduces other axes by itself, as Dice does. */
function lossCount(loss: Training["loss"], shape: readonly number[]): number {
  const { axis = -1 } = (typeof loss === "string" ? {} : loss.config) as { axis?: unknown };
  const reduced = axis === null ? [...shape.keys()] : [axis].flat().map((axis) => (axis as number));
  const isReduced = new Set(reduced.map((axis) => axis < 0 ? axis + shape.length : axis));
  return shape.reduce((count, size, axis) => isReduced.has(axis) ? count : count * size, 1);
}

/** The model is measured in any case, and a loss other than the file's is named. */
async function tryDamage(
  tf: TensorFlow,
  head: string,
  training: Training,
  batch: Batch,
  chance: Chance,
): Promise<void> {
  const damaged = mutateJson(training, chance);
  const { objective, notReproduced = [] } = await measured(tf, head, damaged, batch).catch(
    (error) => {
      // Another loss takes other targets.
      if (error instanceof InputError) return { objective: { chosenBy: "compiled" } } as never;
      throw error;
    },
  );
  const told = (Object(damaged) as Partial<Training>).loss ?? null;
  const isNamed = notReproduced.some(({ setting }) => setting === "loss");
  assert(objective.chosenBy === "compiled" || isNamed || told === null, JSON.stringify(damaged));
}
