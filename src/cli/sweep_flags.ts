import { showWord } from "../words/show_word.ts";
import { showValue } from "../words/show_value.ts";
import { formatsOf } from "../render/formats.ts";
import { parseSeeds } from "../gate/parse_seeds.ts";
import type { Shard } from "../study/shard.ts";
import type { StudyGrid } from "../study/study_grid.ts";
import type { StudyOptions } from "../study/study_options.ts";
import type { ModelFile, NamedNetwork } from "../study/study_subject.ts";
import { type InitializerName, INITIALIZERS } from "../theory/initializers.ts";
import { nearest } from "../words/nearest.ts";
import type { Flag, FlagValues } from "./flag.ts";
import { OBJECTIVES } from "../model/objective.ts";
import { BATCH_FORMAT, PLUGIN_FLAG } from "./measure_flags.ts";
import {
  atMostOne,
  parseScales,
  readLayers,
  readObjective,
  readShard,
  wholeNumber,
} from "./read_flags.ts";
import { COLUMNS_FLAG } from "./show_flags.ts";
import { UsageError } from "./usage_error.ts";

/** The flags that say how a study looks and where it goes; `merge` has them too. */
export const STUDY_SHOW_FLAGS: readonly Flag[] = [
  {
    name: "format",
    value: formatsOf("study").join("|"),
    help: "what to print; default: text. json and csv contain one point per draw; summary is " +
      "JSON with the medians, the quartiles and the share of healthy draws",
  },
  COLUMNS_FLAG,
  { name: "quiet", value: null, help: "print only errors on stderr" },
  { name: "help", value: null, help: "show this help" },
];

/** The flags of `sweep`. */
export const SWEEP_FLAGS: readonly Flag[] = [
  {
    name: "scale",
    value: "RANGE|LIST",
    help: "0.001..1000 (10 per decade), 0.001..1000:25, or 0.5,1,1/894",
  },
  { name: "activation", value: "LIST", help: "default: relu,tanh,sigmoid,selu; MODEL: its own" },
  {
    name: "seeds",
    value: "N|LIST",
    help:
      "N draws of weights and batch at each scale (seeds 0 to N - 1), or the seeds of a list: " +
      "1,2,5 or 0..9; default: 5",
  },
  { name: "depth", value: "LIST", help: "hidden layers; default: 10" },
  {
    name: "width",
    value: "LIST",
    help:
      "units of a hidden layer (--columns is the width of the text); default: 64; --exercise: 20",
  },
  {
    name: "initializer",
    value: "LIST",
    words: INITIALIZERS,
    help: "lecunNormal (default), heNormal, glorotUniform, orthogonal ...",
  },
  { name: "exercise", value: null, help: "study the exercise's network instead, stddev 200" },
  { name: "layers", value: "REGEX", help: "scale only the layers whose name matches" },
  { name: "examples", value: "N", help: "how many examples to draw; default: 32" },
  {
    name: "batch",
    value: "FILE",
    help: `the batch, JSON: ${BATCH_FORMAT}; default: the module's or random`,
  },
  {
    name: "objective",
    value: "NAME",
    words: OBJECTIVES,
    help:
      "what to differentiate: sum, or a loss; default: the module's, else the compiled one, else sum",
  },
  {
    name: "register",
    value: "FILE",
    help: "module that registers the custom layers of a model.json",
    repeatable: true,
  },
  PLUGIN_FLAG,
  { name: "portable", value: null, help: "no relaxed SIMD: the same figures on every machine" },
  {
    name: "jobs",
    value: "auto|N",
    help: "number of workers; results do not depend on it; default: auto",
  },
  { name: "out", value: "FILE", help: "write the study there as JSON, updated continuously" },
  { name: "resume", value: null, help: "resume from --out FILE" },
  { name: "shard", value: "i/n", help: "measure only the i-th of n parts; merge joins them" },
  ...STUDY_SHOW_FLAGS,
];

/** Six factors of ten; around the exercise's weights, which are 894 times too large, lower ones. */
const SCALES = { dense: "0.001..1000", exercise: "0.00001..10", model: "0.001..1000" };
const DEPTHS = { dense: [10], exercise: [10], model: undefined };
const WIDTHS = { dense: [64], exercise: [20], model: undefined };
const ACTIVATIONS = ["relu", "tanh", "sigmoid", "selu"];

/** What a command line asks to study. */
export interface SweepRequest {
  subject: NamedNetwork | ModelFile;
  grid: StudyGrid;
  options: StudyOptions & { jobs: number | "auto"; shard: Shard | null };
  out: string | null;
  resume: boolean;
}

/**
 * Reads {@linkcode SWEEP_FLAGS}.
 *
 * @throws {UsageError} If a value is not what its flag takes, or flags exclude each other.
 */
export function readSweepFlags(operands: string[], flags: FlagValues): SweepRequest {
  const model = atMostOne(operands, "MODEL") ?? undefined;
  if (model !== undefined) {
    for (const name of ["exercise", "depth", "width"]) {
      if (flags[name] === undefined) continue;
      throw new UsageError(
        `--${name} is for the networks that sweep builds itself, not for MODEL ${showWord(model)}`,
      );
    }
  }
  if (flags.resume === true && flags.out === undefined) {
    throw new UsageError("--resume continues the study in --out FILE: give --out too");
  }
  if (model === undefined && flags.register !== undefined) {
    throw new UsageError("--register is for the custom layers of MODEL: give MODEL too");
  }
  const kind = model !== undefined ? "model" : flags.exercise === true ? "exercise" : "dense";
  const initializers = list(flags, "initializer")?.map((name) => requireInitializer(name));
  return {
    subject: model === undefined
      ? { network: flags.exercise === true ? "exercise" : "dense" }
      : { model, register: (flags.register as string[]) ?? [] },
    grid: {
      scales: distinct("scale", parseScales((flags.scale as string) ?? SCALES[kind])),
      activations: distinct(
        "activation",
        list(flags, "activation") ?? (model === undefined ? ACTIVATIONS : undefined),
      ),
      initializers: distinct("initializer", initializers),
      seeds: flags.seeds === undefined
        ? 5
        : parseSeeds(flags.seeds as string, "--seeds", 1_000_000),
      depths: distinct("depth", wholeNumbers(flags, "depth", 1000) ?? DEPTHS[kind]),
      widths: distinct("width", wholeNumbers(flags, "width", 100_000) ?? WIDTHS[kind]),
    },
    options: {
      examples: wholeNumber(flags, "examples", 1, 1e6) ?? 32,
      batch: (flags.batch as string) ?? null,
      objective: readObjective(flags.objective as string | undefined),
      layers: readLayers(flags.layers as string | undefined),
      relaxedSimd: flags.portable !== true,
      jobs: flags.jobs === undefined || flags.jobs === "auto"
        ? "auto"
        : wholeNumber(flags, "jobs", 1, 256)!,
      shard: readShard(flags.shard as string | undefined),
    },
    out: (flags.out as string) ?? null,
    resume: flags.resume === true,
  };
}

function list(flags: FlagValues, name: string): string[] | undefined {
  const text = flags[name] as string | undefined;
  const words = text?.split(",").map((word) => word.trim());
  if (words?.includes("")) {
    throw new UsageError(
      `--${name} takes a list with commas between its entries, found ${showValue(text)}`,
    );
  }
  return words;
}

function wholeNumbers(flags: FlagValues, name: string, most: number): number[] | undefined {
  return list(flags, name)?.map((word) => wholeNumber({ [name]: word }, name, 1, most)!);
}

function distinct<T extends unknown[] | undefined>(name: string, values: T): T {
  const twice = values?.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined) {
    throw new UsageError(`--${name} names ${showWord(String(twice))} twice, expected once`);
  }
  return values;
}

function requireInitializer(name: string): InitializerName {
  // TensorFlow.js itself spells it leCunNormal.
  const known = INITIALIZERS.find((known) => known.toLowerCase() === name.toLowerCase());
  if (known !== undefined) return known;
  throw new UsageError(
    `--initializer: unknown initializer ${showValue(name)}${
      nearest(name, INITIALIZERS) || `, expected one of ${INITIALIZERS.join(", ")}`
    }`,
  );
}
