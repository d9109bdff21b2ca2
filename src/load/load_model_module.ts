import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { Batch } from "../core/model/batches/batch.ts";
import { seedDraws } from "../core/model/batches/seeded_random.ts";
import { hasShape, showShape, takesTargets, targetShapes } from "../core/model/layers/shapes.ts";
import type { LoadedModel, ModelSize } from "../core/model/loaded_model.ts";
import { ModelError } from "../core/model/model_error.ts";
import { automaticName, stemOf } from "../core/model/names.ts";
import type { Objective } from "../core/model/objective.ts";
import { looksLikeModel, modelMismatch } from "../core/model/require_model.ts";
import { failureIn, importModule, logToStderr } from "../files/user_code/foreign_code.ts";
import { nearest, refusal } from "../ground/words/input_error.ts";
import { showValue } from "../ground/words/show_value.ts";

/** Export of a module that is the model, or creates it. */
interface ModelSource {
  /** Name of the export. */
  name: string;
  /** True if it is a model, or the promise of one: the seed does not affect it. */
  isBuilt: boolean;
  create: ModelModule["createModel"];
}

const EXPECTED = "a function createModel({ tf, seed }), a model, or one of the two as default";

/**
 * Chooses the export of a module that is the model: `createModel`, `model`, or a default that is
 * either.
 *
 * @throws {ModelError} If there is none, or two different ones.
 */
function modelSource(path: string, module: Record<string, unknown>): ModelSource {
  const { createModel, model, default: other } = module;
  if (createModel !== undefined) {
    if (typeof createModel === "function") return creating("createModel", createModel);
    throw new ModelError(
      refusal`${path}: createModel is ${showValue(createModel)}, expected a function`,
    );
  }
  const ofDefault = defaultSource(other);
  if (model === undefined) {
    if (ofDefault !== null) return ofDefault;
    const names = Object.keys(module).map((name) => showValue(name));
    const exported = names.length === 0 ? "nothing" : names.join(", ");
    throw new ModelError({
      place: path,
      verb: "exports",
      found: exported,
      expected: EXPECTED,
      hint: hintOn(module),
    });
  }
  if (typeof model === "function") {
    throw new ModelError(
      refusal`${path}: model is a function, expected a model: rename it to createModel`,
    );
  }
  if (ofDefault !== null && other !== model) {
    throw new ModelError(
      refusal`${path} has two exports that could be the model, model and default, expected one of them`,
    );
  }
  return built("model", model);
}

const creating = (name: string, create: unknown): ModelSource => ({
  name,
  isBuilt: false,
  create: create as ModelSource["create"],
});

const built = (name: string, model: unknown): ModelSource => ({
  name,
  isBuilt: true,
  create: () => model as LayersModel,
});

/** Returns the default export as the model's source; `null` if it is neither model nor function. */
function defaultSource(value: unknown): ModelSource | null {
  if (typeof value === "function") return creating("default", value);
  return isModelOrPromise(value) ? built("default", value) : null;
}

const isModelOrPromise = (value: unknown) =>
  looksLikeModel(value) || typeof Object(value).then === "function";

/** Returns a hint on the export that was meant as createModel. */
function hintOn(module: Record<string, unknown>): string {
  const names = Object.keys(module);
  const functions = names.filter((name) => typeof module[name] === "function");
  const near = names.find((name) => nearest(name, ["createModel"]) !== "") ??
    (functions.length === 1 ? functions[0] : undefined);
  if (near !== undefined) return `: rename ${showValue(near)} to createModel`;
  const model = names.find((name) => looksLikeModel(module[name]));
  return model === undefined ? "" : `: rename ${showValue(model)} to model`;
}

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
    const reason = failureIn(path, error);
    throw new ModelError(`${name} threw: ${reason}`, { cause: error }).within(path);
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
  const wrong = (found: string, expected: string) => {
    tf.dispose(all.filter(isTensor));
    return new ModelError({ place: "createBatch", verb: "returned", found, expected }).within(path);
  };
  if (!all.every(isTensor)) {
    throw wrong(
      "a value without tensors",
      "{ inputs, targets } of tensors or arrays of tensors",
    );
  }
  if (tensors.length !== model.inputs.length) {
    throw wrong(`${tensors.length} inputs`, `the ${model.inputs.length} of the model`);
  }
  tensors.forEach(({ shape }, i) => {
    const expected = model.inputs[i].shape;
    if (!hasShape(shape, expected) || shape[0] === 0) {
      throw wrong(
        `inputs${place(i, tensors)} of shape ${showShape(shape)}`,
        `${showShape(expected)} as the model takes`,
      );
    }
  });
  if (typeof objective !== "function" && goals.length > 0) {
    if (goals.length !== model.outputs.length) {
      throw wrong(
        `${goals.length} targets`,
        `one for each of the model's ${model.outputs.length} outputs`,
      );
    }
    goals.forEach(({ shape }, i) => {
      if (takesTargets(model.outputs[i].shape, shape, objective)) return;
      const shapes = targetShapes(model.outputs[i].shape, objective)!;
      throw wrong(
        `targets${place(i, goals)} of shape ${showShape(shape)}`,
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
      `tensors of ${tensors[0].shape[0]} and of ${other.shape[0]} examples`,
      "the same number",
    );
  }
}

/**
 * Exports of a `.ts` or `.js` file to be measured: a function that creates a model, and optionally
 * a batch and the objective. The functions are called after the engine started, and may be called
 * again with another seed. `createModel` may also be the default export.
 *
 * Instead, a module may export a built model, or a promise of one, as `model` or as the default.
 * The seed has no effect on such a model, and draws without a seed during the import are always the
 * same.
 *
 * @example A module: use the given TensorFlow.js and seed
 * ```ts
 * import type { ModelModule } from "@gradient-health/gradient-health/model";
 *
 * const createModel: ModelModule["createModel"] = ({ tf, seed }) =>
 *   tf.sequential({
 *     layers: [
 *       tf.layers.dense({
 *         units: 8,
 *         activation: "tanh",
 *         inputShape: [4],
 *         kernelInitializer: tf.initializers.heNormal({ seed }),
 *       }),
 *     ],
 *   });
 * const module: ModelModule = { createModel, objective: "meanSquaredError" };
 * ```
 */
export interface ModelModule {
  /**
   * Creates the model. Draw the weights from `seed`, so that it can be created again; `seed` may be
   * 0. Draws without a seed, by initialisers that have none or from `Math.random`, follow `seed` as
   * well. `width` and `depth` are given if the model is one of several siblings, as `scale` trains
   * them.
   */
  createModel(
    context: { tf: TensorFlow; seed: number; width?: number; depth?: number },
  ): LayersModel | Promise<LayersModel>;
  /**
   * Makes a batch; draws without a seed follow `seed`. If absent, inputs are random numbers, see
   * {@linkcode randomBatch}.
   */
  createBatch?(context: { tf: TensorFlow; seed: number; examples: number }): Batch | Promise<Batch>;
  /**
   * Objective if the user gives none: `"sum"`, a loss by its TensorFlow.js name, or a function of
   * the outputs and the targets that returns a scalar. Default: the loss that the model was
   * compiled with, else `"sum"`, see `MeasureOptions`.
   */
  objective?: Objective;
}
