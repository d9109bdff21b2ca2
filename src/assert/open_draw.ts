import { runningEngine } from "../engine/running_engine.ts";
import { ensureEngine } from "../engine/start_engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { defaultExamples } from "../measure/default_examples.ts";
import type { Measurements } from "../measure/measurements.ts";
import { runPass } from "../measure/run_pass.ts";
import type { Batch } from "../model/batch.ts";
import { randomBatch } from "../model/random_batch.ts";
import { seedDraws } from "../model/seeded_random.ts";
import type { CreateModel, DrawOptions } from "./create_model.ts";
import { DRAWN_SEEDS } from "./drawn_seeds.ts";
import { modelComplaint } from "../model/require_model.ts";

/** Model created under a seed, with its batch. */
export interface Draw {
  model: LayersModel;
  batch: Batch;
  /** Measures the model on the batch. */
  measure(): Measurements;
  /** Disposes both. */
  close(): void;
}

/**
 * Creates a model and its batch.
 *
 * @throws {TypeError} If `create` does not return a model.
 */
export async function openDraw(
  create: CreateModel,
  seed: number,
  { objective, createBatch }: DrawOptions,
): Promise<Draw> {
  const engine = runningEngine() ?? await ensureEngine();
  const { tf } = engine;
  const model = await seedDraws(seed, "createModel", () => create({ tf, seed }));
  const complaint = modelComplaint(model);
  if (complaint !== null) {
    throw new TypeError(`create returned, under seed ${seed}, ${complaint}`);
  }
  DRAWN_SEEDS.set(model, seed);
  const name = typeof objective === "string" ? objective : "sum";
  let batch: Batch;
  try {
    const examples = defaultExamples(model);
    batch = createBatch === undefined
      ? randomBatch(model, { seed, examples, objective: name })
      : await seedDraws(
        seed,
        "createBatch",
        () => createBatch({ tf, seed, examples, model }),
      );
  } catch (error) {
    model.dispose();
    throw error;
  }
  return {
    model,
    batch,
    measure: () => runPass(engine, model, batch, { objective, seed }),
    close() {
      tf.dispose([batch.inputs, batch.targets ?? []]);
      model.dispose();
    },
  };
}
