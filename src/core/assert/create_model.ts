import { runningEngine } from "../../engine/running_engine.ts";
import { ensureEngine } from "../../engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { defaultExamples } from "../measure/measure_options.ts";
import type { Measurements } from "../measure/measurements.ts";
import { runPass } from "../measure/pass.ts";
import type { Batch } from "../model/batches/batch.ts";
import { randomBatch } from "../model/batches/random_batch.ts";
import { seedDraws } from "../model/batches/seeded_random.ts";
import type { Objective } from "../model/objective.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { modelMismatch } from "../model/require_model.ts";

/**
 * Creates a model from a seed, with the engine's TensorFlow.js. While it runs, `Math.random` and
 * initialisers without a seed draw from that seed too.
 */
export type CreateModel = (
  context: { tf: TensorFlow; seed: number },
) => LayersModel | Promise<LayersModel>;

/** Options for measuring a created model. */
export interface DrawOptions {
  /**
   * Objective to differentiate. Default: the choice of `measure`, such as the loss of a compiled
   * model.
   */
  objective?: Objective;
  /**
   * Creates the batch of a draw; its tensors are disposed afterwards. The function of a
   * `ModelModule` fits: it must create 32 examples. Default: a random batch from the draw's seed,
   * with targets that suit the objective if that is the name of a loss.
   */
  createBatch?: (
    context: { tf: TensorFlow; seed: number; examples: number; model: LayersModel },
  ) => Batch | Promise<Batch>;
}

/** Model created under a seed, with its batch. */
interface Draw {
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
 * @throws {InputError} If `create` does not return a model.
 */
export async function openDraw(
  create: CreateModel,
  seed: number,
  { objective, createBatch }: DrawOptions,
): Promise<Draw> {
  const engine = runningEngine() ?? await ensureEngine();
  const { tf } = engine;
  const model = await seedDraws(seed, "createModel", () => create({ tf, seed }));
  const wrong = modelMismatch(model);
  if (wrong !== null) {
    const verb = `returned, under seed ${seed},`;
    throw new InputError({ place: "create", verb, ...wrong });
  }
  DRAWN_SEEDS.set(model, seed);
  const name = typeof objective === "string" ? objective : "sum";
  let batch: Batch;
  try {
    const examples = defaultExamples(model);
    batch = createBatch === undefined
      ? randomBatch(model, { seed, examples, objective: name })
      : await seedDraws(seed, "createBatch", () => createBatch({ tf, seed, examples, model }));
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

/**
 * Seeds of the models that `acrossSeeds` or `testGradientHealth` drew. The assertion that they call
 * gets only the model and the batch, and its message names the seed. An entry lasts as long as its
 * model, and does not influence the verdict.
 */
export const DRAWN_SEEDS: WeakMap<LayersModel, number> = new WeakMap();
