import { HEAP_LIMIT } from "../engine/heap/guard_heap.ts";
import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import type { Objective } from "../core/model/objective.ts";
import { allRules, registeredRules } from "../core/rules/register_rule.ts";
import type { Rule } from "../core/rules/rule.ts";
import { RULES } from "../core/rules/rules.ts";
import { ACTIVATION_FUNCTIONS } from "../ground/theory/activation_moments.ts";
import { InputError, nearest } from "../ground/words/input_error.ts";
import { formatMemory } from "../ground/words/numbers.ts";
import { anyObject, oneOfNames, requireValue } from "../ground/words/shape.ts";
import { showValue } from "../ground/words/show_value.ts";
import type { StudyVariant } from "./grid_point.ts";
import type { TrainingPlan } from "./growth/growth_types.ts";
import type { Shard } from "./study_document.ts";

/** Options of a study. */
export interface StudyOptions {
  /**
   * Number of examples in a random batch. Default: 32, or fewer if a pass of 32 does not fit the
   * WASM heap.
   */
  examples?: number;
  /**
   * Path of a JSON file with the batch for every seed. Default: the module's batch, else a random
   * one.
   */
  batch?: string | null;
  /**
   * Scalar to differentiate. A function cannot be sent to workers. Default: the module's objective,
   * else the one that `measure()` chooses for the model.
   */
  objective?: Objective | null;
  /**
   * Pattern of the names of the layers whose kernels are scaled. Default: all kernels; for the
   * exercise network, the ones that were drawn with its standard deviation of 200.
   */
  scaleLayers?: RegExp | null;
  /** Number of examples per step, as for `measure`. Default: `"auto"`. */
  microBatch?: number | "auto";
  /**
   * True to measure a model file regardless of its memory and work, see SECURITY.md. Default:
   * false.
   */
  trust?: boolean;
  /**
   * Trains the model at each point and measures how its layers change, see `runGrowth`. Default:
   * one pass without training.
   */
  training?: TrainingPlan;
  /** True if ops may use relaxed SIMD, see `startEngine`. Default: true. */
  relaxedSimd?: boolean;
  /**
   * Number of workers, each with a single-threaded engine; results do not depend on it. `"auto"`
   * begins in this process and continues with one worker per core if the rest takes long enough.
   * Default: 1, this process without workers.
   */
  jobs?: number | "auto";
  /** Part of the points to measure. Default: all. */
  shard?: Shard | null;
  /** Called after every point. */
  onProgress?: (progress: StudyProgress) => void;
  /**
   * Called with a sentence when a worker dies and its point is tried again, or when all seeds have the same
   * weights because a module has built the model.
   */
  onWarning?: (message: string) => void;
  /** Ends the study early; points measured by then are kept. */
  signal?: AbortSignal | null;
}

/** Progress of a study. */
export interface StudyProgress {
  /** Number of measured points, including those of an earlier run. */
  done: number;
  /** Number of points of this study, or of this shard. */
  total: number;
  /** Number of workers; 0 if this process measures. */
  workers: number;
}

/**
 * Error for a study that cannot be run, continued or merged: one sentence with the problem and its
 * place.
 */
export class StudyError extends InputError {
  /** Name of the class, for code that cannot use `instanceof`. */
  override readonly name = "StudyError";
}

/**
 * Rules of this package that decide whether a point of a study is healthy, the gravest first: those
 * that judge signals. `init-scale` is not among them: it compares the kernels with a recipe, and a
 * study finds out whether that recipe is good. The other rules judge properties that do not depend
 * on the scale.
 */
export const STUDY_RULES: readonly string[] = judging(RULES).map(({ name }) => name);

/** Returns the rules by which a study judges: those of this package and the registered ones. */
export function studyRules(): readonly Rule[] {
  return judging(allRules());
}

/**
 * Returns the name of a registered rule by which a study judges, or `null`. Only this process knows
 * such a rule.
 */
export function ownStudyRule(): string | null {
  return judging(registeredRules()).at(0)?.name ?? null;
}

function judging(rules: readonly Rule[]): Rule[] {
  return rules.filter(({ study }) => study !== undefined)
    .sort((a, b) => a.study!.order - b.study!.order);
}

/**
 * Rejects an object with unknown keys, because misspelt ones would be ignored silently.
 *
 * @param what Name of the object, for the message.
 * @param known The allowed keys.
 * @throws {InputError} If it is not an object, or has another key.
 */
export function requireKnown(what: string, given: unknown, known: readonly string[]): void {
  requireValue(what, given, anyObject);
  const unknown = Object.keys(given as object).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new InputError({
    place: what,
    verb: "has no",
    found: showValue(unknown),
    expected: oneOfNames(known),
    meant: nearest(unknown, known),
  });
}

/**
 * Validates the subject of a study.
 *
 * @throws {InputError} If it is not a function, a network of a known name, or a file.
 */
export function requireSubject(subject: StudySubject): void {
  if (typeof subject === "function") return;
  const isFile = Object.hasOwn(Object(subject), "model");
  requireKnown("what is studied", subject, isFile ? ["model", "register", "weights"] : ["network"]);
  const { network, model } = subject as { network?: unknown; model?: unknown };
  if (isFile ? typeof model === "string" : network === "dense" || network === "exercise") return;
  throw new InputError(
    isFile
      ? { place: "model", found: showValue(model), expected: "the path of a model" }
      : { place: "network", found: showValue(network), expected: '"dense" or "exercise"' },
  );
}

/** Requires that TensorFlow.js has an activation, and returns its name. */
export function requireActivation(tf: TensorFlow, name: string): string {
  const cause = refusal(tf, name);
  if (cause === null) return name;
  // The theory knows some that are only layers in TensorFlow.js, such as leakyRelu.
  const known = Object.keys(ACTIVATION_FUNCTIONS).filter((other) => refusal(tf, other) === null);
  throw new InputError({
    place: `activation ${showValue(name)}`,
    found: "not known to TensorFlow.js",
    expected: `one such as ${known.join(", ")}`,
    meant: nearest(name, known),
  }, { cause });
}

/** Returns the error of TensorFlow.js for the name of an activation; `null` if it accepts it. */
function refusal(tf: TensorFlow, name: string): unknown {
  try {
    tf.layers.activation({ activation: name as "tanh" });
    return null;
  } catch (error) {
    return error;
  }
}

/** Copies of a kernel: as drawn, scaled, and its gradient. */
const COPIES = 3;

/**
 * Rejects a network of the study's own if the engine could not hold its kernels, before they are
 * drawn.
 *
 * @param depth Hidden layers.
 * @param width Units of each, and features.
 * @throws {StudyError} If they are too many: the message says how much memory they need.
 */
export function requireRoom(depth: number, width: number): void {
  const bytes = COPIES * Float32Array.BYTES_PER_ELEMENT * depth * width ** 2;
  if (bytes <= HEAP_LIMIT) return;
  throw new StudyError({
    place: `A network of depth ${depth} and width ${width}`,
    verb: "takes",
    found: `${formatMemory(bytes)} (its kernels, scaled ones and gradients)`,
    expected: `at most the ${HEAP_LIMIT / 2 ** 30} GiB of the engine's heap`,
  });
}

/**
 * Context in which a model of a study is created. `null` if the grid does not set a value: use your
 * own.
 */
export interface StudyContext extends StudyVariant {
  /** TensorFlow.js of the engine. */
  tf: TensorFlow;
  /**
   * Seed of the weights: draw them from it, so that the draw can be repeated. Draws without a seed
   * depend on it as well.
   */
  seed: number;
}

/**
 * Creates a model of a study. The function receives the values that the grid varies (activation,
 * initialiser, depth, width) and should use them; the study scales the kernels and disposes the
 * model.
 */
export type CreateStudyModel = (context: StudyContext) => LayersModel | Promise<LayersModel>;

/** Network that a study knows by name. */
export interface NamedNetwork {
  /**
   * `dense`: layers of one activation, 10 of width 64 unless the grid says otherwise, whose kernels
   * have the standard deviation 1 / sqrt(fan-in) at scale 1. `exercise`: the exercise network,
   * whose kernels have the standard deviation 200.
   */
  network: "dense" | "exercise";
}

/** Model that is loaded from a file. */
export interface ModelFile {
  /** Path of a model.json or of a module, as for `loadModel`. */
  model: string;
  /** Modules that register custom layers. Default: none. */
  register?: readonly string[];
  /** Path of a file with its weights, as for `loadWeights`. Default: its own. */
  weights?: string;
}

/** Subject of a study. Several workers need a subject that is given as data. */
export type StudySubject = CreateStudyModel | NamedNetwork | ModelFile;
