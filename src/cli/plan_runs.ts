import { isRemote, isShardPattern } from "../model/loaded_model.ts";
import { anyOf, showValue, showWord } from "../words/show_value.ts";
import { GateError, isReadable } from "../gate/gate_result.ts";
import type { GateSettings, ModelSetting } from "../gate/resolve_configuration.ts";
import { nearest } from "../words/nearest.ts";
import type { CheckValues } from "./commands/check_flags.ts";
import { FORMATS } from "./formats.ts";
import { chooseReporters } from "./reporters.ts";
import { type MeasureRequest, RUN_FLAGS } from "./flags/measure_flags.ts";
import { modelIn } from "./model_in.ts";
import { TRIAL_BUDGET } from "../probe/trial_budget.ts";
import { parseOptimizer } from "../traits/torch_optimizers.ts";
import { UsageError } from "./kit/flag.ts";
import { refusal } from "../words/input_error.ts";

/** Run of a gate: a model under a seed. */
export interface PlannedRun {
  /** Name of the model. */
  model: string;
  /** Request to measure. */
  request: MeasureRequest & { model: string };
}

export interface RunPlan {
  /** All runs, in the order of the configuration. */
  all: PlannedRun[];
  /** Runs of this shard. */
  runs: PlannedRun[];
  /** True if every model is from the configuration. */
  configured: boolean;
}

/**
 * Plans the runs that a command line and a configuration ask for: every model under every seed.
 *
 * @param operands The named models; if none, all of the configuration.
 * @param flags The flags of `check`; they override the configuration.
 * @throws {UsageError} If there is no model, or a flag cannot be used.
 * @throws {GateError} If a named model is neither a file nor in the configuration.
 */
export async function planRuns(
  operands: string[],
  flags: CheckValues,
  settings: GateSettings,
): Promise<RunPlan> {
  const models = await chooseModels(operands, settings);
  const { seeds, seed } = flags;
  const histograms = chooseReporters(flags).some(({ name }) => FORMATS[name].histograms);
  if (seeds !== null && seed !== null) {
    throw new UsageError(refusal`--seed and --seeds are both given, expected one of them`);
  }
  const given = seeds ?? (seed === null ? null : [seed]);
  const files = new Map<ModelSetting, string>();
  for (const model of models) files.set(model, await modelIn(model.path));
  const all = models.flatMap((model) =>
    (given ?? model.seeds ?? [RUN_FLAGS.seed.default]).map((seed): PlannedRun => ({
      model: model.name,
      request: {
        ...measureOptions(flags, model),
        model: files.get(model)!,
        seed,
        examination: {
          trial: flags.trial,
          trialBudget: flags.trialBudget ?? settings.trialBudget ?? TRIAL_BUDGET,
          rules: settings.rules,
          trained: model.trained,
          histograms,
        },
      },
    }))
  );
  const { index: part, count } = flags.shard ?? { index: 1, count: 1 };
  return {
    all,
    runs: all.filter((_, index) => index % count === part - 1),
    configured: models.every((model) => settings.models.includes(model)),
  };
}

/** Returns the options of a run; flags override the settings of its model. */
function measureOptions(
  flags: CheckValues,
  model: ModelSetting,
): Omit<MeasureRequest, "model" | "seed" | "examination"> {
  const { microBatch, threads, portable, trust, weightsOnly, sample, fresh, cache, half, quiet } =
    flags;
  return {
    batch: flags.batch ?? model.batch,
    objective: flags.objective ?? model.objective as MeasureRequest["objective"],
    optimizer: flags.optimizer ??
      (model.optimizer === null ? null : parseOptimizer(model.optimizer, "optimizer")),
    examples: flags.examples ?? model.examples ?? RUN_FLAGS.examples.default,
    microBatch,
    register: [...model.register, ...flags.register],
    weights: flags.weights ?? model.weights,
    proof: flags.proof ?? model.proof,
    scale: flags.proof === null ? model.scale : null,
    threads,
    portable,
    trust,
    weightsOnly,
    sample,
    fresh,
    cache,
    half,
    quiet,
  };
}

async function chooseModels(operands: string[], settings: GateSettings): Promise<ModelSetting[]> {
  const { models, file } = settings;
  if (operands.length === 0) {
    if (models.length > 0) return models;
    throw new UsageError({
      place: "MODEL",
      found: "missing",
      expected: `one, or models in ${
        file ?? "gradient-health.json"
      } (report shows the exercise's network without one)`,
    });
  }
  const chosen: ModelSetting[] = [];
  for (const operand of operands) {
    const named = models.filter(({ name }) => name === operand);
    const known = named.length > 0 ? named : await ofFile(operand, models);
    if (known.length === 0 && models.length > 0 && await isMissing(operand)) {
      throw new GateError(
        refusal`MODEL is ${showValue(operand)}, expected a file, or a model that ${file} lists${
          nearest(operand, models.map(({ name }) => name)) ||
          `: ${anyOf(models.slice(0, 10).map(({ name }) => showWord(name)))}`
        }`,
      );
    }
    const twice = known.length > 0
      ? known.some((model) => chosen.includes(model))
      : (await ofFile(operand, chosen)).length > 0;
    if (twice) {
      throw new UsageError(refusal`MODEL ${showWord(operand)} is given twice, expected once`);
    }
    chosen.push(...known.length > 0 ? known : [bare(operand)]);
  }
  return chosen;
}

/** Returns the models in a file, however its path is spelt. */
async function ofFile(file: string, models: readonly ModelSetting[]): Promise<ModelSetting[]> {
  if (models.length === 0) return [];
  const wanted = await plainPath(file);
  const paths = await Promise.all(models.map(({ path }) => plainPath(path)));
  return models.filter((_, index) => paths[index] === wanted);
}

function bare(path: string): ModelSetting {
  const open = {
    weights: null,
    batch: null,
    objective: null,
    optimizer: null,
    examples: null,
    seeds: null,
    scale: null,
    proof: null,
  };
  return { name: path, path, ...open, trained: null, register: [] };
}

/**
 * Returns true if a file is missing, and false for an unreadable one: loading that reports the
 * error.
 */
async function isMissing(path: string): Promise<boolean> {
  if (isShardPattern(path) || isRemote(path)) return false;
  try {
    await Deno.stat(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}

/**
 * Normalises a path, so that `./net.ts` and the absolute path of `net.ts` are the same file:
 * relative to the working directory or, if that is unreadable, the given path without detours.
 */
async function plainPath(path: string): Promise<string> {
  const { normalize, relative, resolve } = await import("node:path");
  return isReadable(".") ? relative(Deno.cwd(), resolve(path)) || "." : normalize(path);
}
