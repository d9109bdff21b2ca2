import { showWord } from "../words/show_word.ts";
import { showValue } from "../words/show_value.ts";
import { GateError } from "../gate/gate_error.ts";
import { parseSeeds } from "../gate/parse_seeds.ts";
import type { GateSettings, ModelSetting } from "../gate/resolve_configuration.ts";
import { nearest } from "../words/nearest.ts";
import type { FlagValues } from "./flag.ts";
import { type MeasureRequest, readMeasureFlags } from "./measure_flags.ts";
import { plainPath } from "./plain_path.ts";
import { readShard } from "./read_flags.ts";
import { UsageError } from "./usage_error.ts";

/** One pass that a gate makes. */
export interface Pass {
  /** Name of the model. */
  model: string;
  /** What to measure. */
  request: MeasureRequest & { model: string };
  /** Whether the model has been trained; `null`: as its biases look. */
  trained: boolean | null;
}

/** The passes of a gate. */
export interface PassPlan {
  /** Every pass, in the order of the configuration. */
  all: Pass[];
  /** Those of this shard. */
  passes: Pass[];
  /** Whether every model is from the configuration. */
  configured: boolean;
}

/**
 * Which passes a command line and a configuration ask for: every model under every seed.
 *
 * @param operands The models that were named; none stands for all of the configuration.
 * @param flags The flags of `check`; they go before what the configuration says.
 * @param settings The configuration.
 * @throws {UsageError} If there is no model, or a flag cannot be used.
 * @throws {GateError} If a model is named that is neither a file nor in the configuration.
 */
export async function planPasses(
  operands: string[],
  flags: FlagValues,
  settings: GateSettings,
): Promise<PassPlan> {
  const models = await chooseModels(operands, settings);
  const given = readMeasureFlags([], flags);
  if (flags.seeds !== undefined && flags.seed !== undefined) {
    throw new UsageError("--seed and --seeds exclude each other");
  }
  const seeds = flags.seeds !== undefined
    ? parseSeeds(flags.seeds as string, "--seeds")
    : flags.seed !== undefined
    ? [given.seed]
    : null;
  const all = models.flatMap((model) =>
    (seeds ?? model.seeds ?? [given.seed]).map((seed): Pass => ({
      model: model.name,
      trained: model.trained,
      request: {
        ...given,
        model: model.path,
        seed,
        batch: given.batch ?? model.batch,
        objective: given.objective ?? model.objective as MeasureRequest["objective"],
        examples: flags.examples === undefined ? model.examples ?? given.examples : given.examples,
        register: [...model.register, ...given.register],
      },
    }))
  );
  const { index: part, count } = readShard(flags.shard as string | undefined) ??
    { index: 1, count: 1 };
  return {
    all,
    passes: all.filter((_, index) => index % count === part - 1),
    configured: models.every((model) => settings.models.includes(model)),
  };
}

async function chooseModels(operands: string[], settings: GateSettings): Promise<ModelSetting[]> {
  const { models, file } = settings;
  if (operands.length === 0) {
    if (models.length > 0) return models;
    throw new UsageError(
      `check needs a MODEL: name one, or list models in ${file ?? "gradient-health.json"} ` +
        `(report shows the exercise's network without one)`,
    );
  }
  const chosen: ModelSetting[] = [];
  for (const operand of operands) {
    const named = models.filter(({ name }) => name === operand);
    const known = named.length > 0 ? named : await ofFile(operand, models);
    if (known.length === 0 && models.length > 0 && await isMissing(operand)) {
      throw new GateError(
        `unknown model ${showValue(operand)}: it is not a file, and ${file} lists no such model${
          nearest(operand, models.map(({ name }) => name)) ||
          `, only ${models.slice(0, 10).map(({ name }) => showWord(name)).join(", ")}`
        }`,
      );
    }
    const twice = known.length > 0
      ? known.some((model) => chosen.includes(model))
      : (await ofFile(operand, chosen)).length > 0;
    if (twice) throw new UsageError(`the model ${showWord(operand)} is named twice`);
    chosen.push(...known.length > 0 ? known : [bare(operand)]);
  }
  return chosen;
}

/** The models of a file, however its path is spelt. */
async function ofFile(file: string, models: readonly ModelSetting[]): Promise<ModelSetting[]> {
  if (models.length === 0) return [];
  const wanted = await plainPath(file);
  const paths = await Promise.all(models.map(({ path }) => plainPath(path)));
  return models.filter((_, index) => paths[index] === wanted);
}

function bare(path: string): ModelSetting {
  const open = { batch: null, objective: null, examples: null, seeds: null, trained: null };
  return { name: path, path, ...open, register: [] };
}

/** What may not be looked at is not said to be missing: loading it says what is wrong. */
async function isMissing(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return false;
  } catch (error) {
    return error instanceof Deno.errors.NotFound;
  }
}
