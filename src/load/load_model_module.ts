import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import { seedDraws } from "../model/batches/seeded_random.ts";
import { hasShape, showShape, targetShapes } from "../model/layers/shapes.ts";
import type { LoadedModel, ModelSize } from "../model/loaded_model.ts";
import { ModelError } from "../model/model_error.ts";
import { type ModelSource, modelSource } from "../model/model_source.ts";
import { automaticName, stemOf } from "../model/names.ts";
import type { Objective } from "../model/objective.ts";
import { modelMismatch } from "../model/require_model.ts";
import { failureIn, importModule, logToStderr } from "../model/user_code/foreign_code.ts";
import type { ModelModule } from "../model/user_code/model_module.ts";
import { showValue } from "../words/show_value.ts";
import { refusal } from "../words/input_error.ts";

/** Seed of a model that a module builds while it is imported. */
const IMPORT_SEED = 0;

/**
 * Loads a model from a module, see {@linkcode ModelModule}.
 *
 * @param options Seed and size for creating the model.
 * @throws {ModelError} If the module has no model and no function that creates one.
 */
export async function loadModelModule(
  tf: TensorFlow,
  path: string,
  { seed, size }: { seed: number; size: ModelSize },
): Promise<LoadedModel> {
  const module = await seedDraws(IMPORT_SEED, "import", () => importModule(path));
  const source = modelSource(path, module);
  const { createBatch, objective } = requireBesides(path, module);
  const create = async (seed: number, size: ModelSize = {}) => {
    const model = await call(path, source.name, seed, () => source.create({ tf, seed, ...size }));
    requireModel(path, source, model);
    return model;
  };
  const model = await create(seed, size);
  return {
    model,
    name: automaticName(model) === null ? model.name : stemOf(path),
    source: path,
    path,
    kind: "module",
    seed: source.isBuilt ? null : seed,
    objective: objective ?? null,
    createBatch: createBatch === undefined ? null : async (examples, seed, objective) => {
      const batch = await call(
        path,
        "createBatch",
        seed,
        () => createBatch({ tf, seed, examples }),
      );
      requireBatch(path, batch, { tf, model, objective });
      return { ...batch, seed: batch.seed === undefined ? seed : batch.seed };
    },
    recreate: source.isBuilt ? null : create,
  };
}

async function call<T>(
  path: string,
  name: string,
  seed: number,
  made: () => T | Promise<T>,
): Promise<T> {
  try {
    return await logToStderr(() => seedDraws(seed, name, made));
  } catch (error) {
    const reason = await failureIn(path, error);
    throw new ModelError(`${path}: ${name} threw: ${reason}`, { cause: error });
  }
}

function requireBesides(
  path: string,
  module: Record<string, unknown>,
): Pick<ModelModule, "createBatch" | "objective"> {
  const { createBatch, objective } = module;
  if (createBatch !== undefined && typeof createBatch !== "function") {
    throw new ModelError(
      refusal`${path}: createBatch is ${showValue(createBatch)}, expected a function`,
    );
  }
  if (objective !== undefined && typeof objective !== "string" && typeof objective !== "function") {
    throw new ModelError(
      refusal`${path}: objective is ${
        showValue(objective)
      }, expected the name of a loss or a function`,
    );
  }
  return module as unknown as ModelModule;
}

function requireModel(
  path: string,
  { name, isBuilt }: ModelSource,
  value: unknown,
): asserts value is LayersModel {
  const wrong = modelMismatch(value);
  if (wrong === null) return;
  throw new ModelError({
    place: `${path}: ${name}`,
    verb: isBuilt ? "is" : "returned",
    ...wrong,
  });
}

const place = (i: number, { length }: readonly unknown[]) => length === 1 ? "" : `[${i}]`;

const isTensor = (value: unknown): value is Tensor =>
  Array.isArray(Object(value).shape) && typeof Object(value).dataSync === "function";

function requireBatch(
  path: string,
  batch: Batch,
  { tf, model, objective }: { tf: TensorFlow; model: LayersModel; objective?: Objective },
): void {
  const { inputs, targets } = Object(batch) as Batch;
  const tensors = [inputs].flat();
  const goals = targets === undefined || targets === null ? [] : [targets].flat();
  const all = [...tensors, ...goals];
  const wrong = (what: string) => {
    tf.dispose(all.filter(isTensor));
    return new ModelError(`${path}: createBatch returned ${what}`);
  };
  if (!all.every(isTensor)) {
    throw wrong(
      "a value without tensors, expected { inputs, targets } of tensors or arrays of tensors",
    );
  }
  if (tensors.length !== model.inputs.length) {
    throw wrong(`${tensors.length} inputs, expected the ${model.inputs.length} of the model`);
  }
  tensors.forEach(({ shape }, i) => {
    const expected = model.inputs[i].shape;
    if (!hasShape(shape, expected) || shape[0] === 0) {
      throw wrong(
        `inputs${place(i, tensors)} of shape ${showShape(shape)}, expected ` +
          `${showShape(expected)} as the model takes`,
      );
    }
  });
  if (typeof objective !== "function" && goals.length > 0) {
    if (goals.length !== model.outputs.length) {
      throw wrong(
        `${goals.length} targets, expected one for each of the model's ${model.outputs.length} outputs`,
      );
    }
    goals.forEach(({ shape }, i) => {
      const shapes = targetShapes(model.outputs[i].shape, objective)!;
      if (shapes.some((expected) => hasShape(shape, expected))) return;
      throw wrong(
        `targets${place(i, goals)} of shape ${showShape(shape)}, expected ` +
          `${showShape(shapes[0])} ` +
          (objective === "sparseCategoricalCrossentropy"
            ? `of class numbers as ${objective} takes`
            : "as the model outputs"),
      );
    });
  }
  const other = all.find(({ shape }) => shape[0] !== tensors[0].shape[0]);
  if (other !== undefined) {
    throw wrong(
      `tensors of ${tensors[0].shape[0]} and of ${
        other.shape[0]
      } examples, expected the same number`,
    );
  }
}
