import type { Engine } from "../engine/engine.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { loadModel } from "../load/load_model.ts";
import { loadWeights } from "../load/load_weights.ts";
import { readBatch } from "../load/read_batch.ts";
import { defaultObjective } from "../core/measure/choose_objective.ts";
import { requireAffordable, requireModest } from "../core/measure/file_limits.ts";
import { defaultExamples } from "../core/measure/measure_options.ts";
import { requireModuleObjective, requireTargetsFor } from "../core/measure/require_objective.ts";
import type { Batch } from "../core/model/batches/batch.ts";
import { randomBatch } from "../core/model/batches/random_batch.ts";
import { seedDraws, SeededRandom } from "../core/model/batches/seeded_random.ts";
import { denseChain, exerciseModel } from "../core/model/layers/exercise_model.ts";
import { batchShapes } from "../core/model/layers/shapes.ts";
import {
  isBuilt,
  isModule,
  type LoadedModel,
  type ModelSize,
  sameWeights,
} from "../core/model/loaded_model.ts";
import { ModelError } from "../core/model/model_error.ts";
import { automaticName } from "../core/model/names.ts";
import type { Objective } from "../core/model/objective.ts";
import { getWeights, setWeights } from "../core/model/weights/model_weights.ts";
import { errorMessage } from "../ground/words/failure.ts";
import { InputError } from "../ground/words/input_error.ts";
import { showValue } from "../ground/words/show_value.ts";
import { drawKernel } from "./draw_kernel.ts";
import type { ResolvedGrid, StudyVariant } from "./grid_point.ts";
import {
  type ModelFile,
  requireActivation,
  requireRoom,
  type StudyContext,
  StudyError,
  type StudyOptions,
  type StudySubject,
} from "./study_options.ts";

/** An open subject on a running engine: models and batches on demand. */
export interface OpenSubject {
  /** Name of the subject. */
  name: string;
  /** Path of its file, or `null`. */
  source: string | null;
  /** Objective; `null` for the default of each model. */
  objective: Objective | null;
  objectiveName: string;
  /**
   * Sentence about weights that its seeds do not draw; `null` if they draw every weight that they
   * should.
   */
  warning: string | null;
  /** Creates a model from a seed. If it is always the same model, its weights are restored. */
  create(seed: number, variant: StudyVariant): Promise<LayersModel>;
  /** Frees a model that `create` made. */
  release(model: LayersModel): void;
  /** Creates the batch of a seed. */
  createBatch(model: LayersModel, seed: number): Promise<Batch>;
  /** Returns true if the kernels of a layer are scaled by default. */
  isScaled(model: LayersModel, layer: string): boolean;
  /** Properties that `create` does not set and the study swaps in the model. */
  swaps: { activation: boolean; initializer: boolean };
  /** Frees everything. */
  close(): void;
}

/**
 * Opens a subject.
 *
 * @throws {StudyError} If the grid varies something that the subject does not have.
 * @throws {ModelError} If a file cannot be used.
 * @throws {InputError} If an activation is not known.
 */
export async function openSubject(
  engine: Engine,
  subject: StudySubject,
  grid: ResolvedGrid,
  options: StudyOptions,
): Promise<OpenSubject> {
  for (const name of grid.activations) if (name !== null) requireActivation(engine.tf, name);
  if (typeof subject === "object" && "model" in subject) {
    return await openFile(subject, grid, options);
  }
  const { tf } = engine;
  const objective = options.objective ?? "sum";
  const common = {
    source: null,
    warning: null,
    objective,
    objectiveName: nameOf(objective),
    release: (model: LayersModel) => void model.dispose(),
    createBatch: batchMaker(objective, options, null),
    isScaled: () => true,
    close() {},
  };
  if (typeof subject === "function") {
    return {
      ...common,
      name: subject.name || "model",
      create: (seed, variant) => createWith(subject, { tf, seed, ...variant }),
      swaps: { activation: false, initializer: false },
    };
  }
  if (subject.network === "dense") {
    return {
      ...common,
      name: "dense",
      create: (seed, variant) => Promise.resolve(denseNetwork({ tf, seed, ...variant })),
      swaps: { activation: false, initializer: false },
    };
  }
  return {
    ...common,
    name: "exercise",
    create: (seed, { activation, depth, width }) => {
      requireRoom(depth ?? 10, width ?? 20);
      return Promise.resolve(exerciseModel({
        seed,
        activation: activation ?? undefined,
        depth: depth ?? undefined,
        width: width ?? undefined,
      }));
    },
    // The kernels that were drawn too large: not those of the relu layer and the unit on top.
    isScaled: ({ layers }, name) => layers.slice(1, -1).some((layer) => layer.name === name),
    swaps: { activation: false, initializer: true },
  };
}

/** Calls a function of the user that creates a model. */
async function createWith(
  create: Extract<StudySubject, (...args: never[]) => unknown>,
  context: StudyContext,
): Promise<LayersModel> {
  const model = await seedDraws(context.seed, "createModel", () => create(context));
  if (typeof Object(model).getWeights === "function") return model;
  throw new InputError({
    place: create.name || "The function",
    verb: "returned",
    found: showValue(model),
    expected: "a model",
  });
}

function nameOf(objective: Objective): string {
  return typeof objective === "function" ? objective.name || "function" : objective;
}

async function openFile(
  { model: path, register, weights: file }: ModelFile,
  grid: ResolvedGrid,
  options: StudyOptions,
): Promise<OpenSubject> {
  const sized = grid.depths.concat(grid.widths).some((size) => size !== null);
  const fixed = () =>
    new StudyError({
      place: `${path}: a model from a file`,
      verb: "has",
      found: "a fixed depth and width",
      expected: "a size that a study can change",
      meant:
        ", which a study cannot change: export createModel({ tf, seed, width, depth }) from a " +
        "module, or leave out depths and widths",
    });
  if (sized && (!isModule(path) || file !== undefined)) throw fixed();
  const { trust = false } = options;
  const beforeWeights = (model: LayersModel, entries: number) => {
    if (!trust) withinLimits("", () => requireModest(model, 32, entries));
  };
  const loaded = await loadModel(path, {
    seed: grid.seeds[0],
    register,
    beforeWeights,
    size: sizeOf(grid.depths[0], grid.widths[0]),
  });
  const { model } = loaded;
  // Weights from a file are the same with every seed.
  const recreate = file === undefined ? loaded.recreate : null;
  if (sized && recreate === null) throw fixed();
  if (file !== undefined) await loadWeights(model, file);
  const weights = getWeights(model);
  const asked = options.objective ?? requireModuleObjective(loaded) ?? null;
  const { name: objectiveName, objective } = asked === null
    ? defaultObjective(model)
    : { name: nameOf(asked), objective: asked };
  return {
    name: automaticName(model) === null ? loaded.name : "model",
    source: path,
    warning: isBuilt(loaded) && grid.seeds.length > 1 ? sameWeights(path) : null,
    objective,
    objectiveName,
    async create(seed, { depth, width }) {
      if (recreate !== null) return await recreate(seed, sizeOf(depth, width));
      setWeights(model, weights);
      return model;
    },
    release(created) {
      if (created !== model) created.dispose();
    },
    createBatch: batchMaker(objective ?? "sum", options, loaded),
    isScaled: () => true,
    swaps: { activation: true, initializer: true },
    close: () => void model.dispose(),
  };
}

/** Returns the size that a module is asked for, without what the grid leaves to the module. */
function sizeOf(depth: number | null, width: number | null): ModelSize {
  return { ...depth === null ? {} : { depth }, ...width === null ? {} : { width } };
}

/** Rejects a model file that asks for more than a file may. */
function withinLimits(place: string, require: () => void): void {
  try {
    require();
  } catch (error) {
    throw new ModelError(`${place}${errorMessage(error)}`, { cause: error });
  }
}

function batchMaker(
  objective: Objective,
  options: StudyOptions,
  own: Pick<LoadedModel, "createBatch" | "path" | "kind"> | null,
): OpenSubject["createBatch"] {
  const { trust = false } = options;
  const make = makerOfAny(objective, options, own);
  if (own === null || own.kind === "module" || trust) return make;
  return async (model, seed) => {
    const { batch: file = null, examples = defaultExamples(model) } = options;
    const limit = (shapes: number[][]) =>
      withinLimits(`${own.path}: `, () => requireAffordable(model, shapes));
    if (file === null) limit(batchShapes(model, { examples }));
    const batch = await make(model, seed);
    if (file !== null) limit([batch.inputs].flat().map(({ shape }) => shape));
    return batch;
  };
}

function makerOfAny(
  objective: Objective,
  { batch = null, examples: asked }: StudyOptions,
  own: Pick<LoadedModel, "createBatch" | "path"> | null,
): OpenSubject["createBatch"] {
  return async (model, seed) => {
    if (batch !== null) {
      return requireTargetsFor(await readBatch(batch, model, { objective }), objective, batch);
    }
    const examples = asked ?? defaultExamples(model);
    if (own !== null && own.createBatch !== null) {
      return requireTargetsFor(
        await own.createBatch(examples, seed, objective),
        objective,
        own.path,
      );
    }
    const targetsFor = typeof objective === "string" ? objective : "sum";
    return randomBatch(model, { examples, seed, objective: targetsFor });
  };
}

/** Properties of the network that the grid does not set. */
const DEFAULTS = { activation: "tanh", initializer: "lecunNormal", depth: 10, width: 64 } as const;

/**
 * Builds the network that a study calls dense: `depth` Dense layers of `width` units and one
 * activation on `width` features, a linear unit on top, zero biases. With the default initialiser,
 * lecunNormal, kernels have the standard deviation 1 / sqrt(fan-in), so that the scale of a study
 * is sigma_w. The same seed draws the same kernels for every activation.
 */
export function denseNetwork({ tf, seed, ...given }: StudyContext): LayersModel {
  const activation = requireActivation(tf, given.activation ?? DEFAULTS.activation);
  const initializer = given.initializer ?? DEFAULTS.initializer;
  const depth = given.depth ?? DEFAULTS.depth;
  const width = given.width ?? DEFAULTS.width;
  requireRoom(depth, width);
  const random = new SeededRandom(seed, "weights");
  return denseChain(tf, {
    name: "dense",
    width,
    depth,
    activationOf: () => activation,
    drawKernel: (units) => drawKernel(initializer, [width, units], "ordinary", random),
  });
}
