import { engineFileUrl, pathOf } from "../engine/engine_files.ts";
import { type Objective, OBJECTIVES } from "../model/objective.ts";
import type { Flag, FlagValues } from "./flag.ts";
import { atMostOne, readObjective, wholeNumber } from "./read_flags.ts";

/** What a batch file holds; the rest is in the documentation of `readBatch`. */
export const BATCH_FORMAT = '{"inputs": T, "targets": T}, T a nested array or {"shape", "values"}';

/** The flags of every subcommand that measures. */
export const MEASURE_FLAGS: readonly Flag[] = [
  {
    name: "batch",
    value: "FILE",
    help: `the batch, JSON: ${BATCH_FORMAT}; default: the module's, else a random one`,
  },
  { name: "examples", value: "N", help: "how many examples to draw; default: 32" },
  { name: "seed", value: "N", help: "seed of the model and of the random batch; default: 0" },
  {
    name: "objective",
    value: "NAME",
    words: OBJECTIVES,
    help:
      "what to differentiate: sum, or a loss of TensorFlow.js such as meanSquaredError; default: " +
      "the module's, else the loss the model was compiled with, else sum",
  },
  {
    name: "threads",
    value: "auto|N",
    help: "engine threads; results do not depend on it; default: auto",
  },
  { name: "portable", value: null, help: "no relaxed SIMD: the same figures on every machine" },
  {
    name: "register",
    value: "FILE",
    help: "module that registers the custom layers of a model.json",
    repeatable: true,
  },
  { name: "quiet", value: null, help: "print only errors on stderr" },
];

/** Modules with rules of your own, in every subcommand that knows rules. */
export const PLUGIN_FLAG: Flag = {
  name: "plugin",
  value: "FILE",
  help: "module that exports your own rules, made by defineRule()",
  repeatable: true,
};

/** The modules that {@linkcode PLUGIN_FLAG} names. */
export function readPlugins(flags: FlagValues): string[] {
  return (flags.plugin as string[]) ?? [];
}

/** What a command line asks to measure. */
export interface MeasureRequest {
  /** Path of the model, or `null` for the exercise's network. */
  model: string | null;
  batch: string | null;
  examples: number;
  seed: number;
  /** `null` where the command line says nothing: a module may say it. */
  objective: Objective | null;
  threads: number | "auto";
  portable: boolean;
  register: string[];
  quiet: boolean;
}

/**
 * Reads {@linkcode MEASURE_FLAGS}.
 *
 * @throws {UsageError} If a value is not what its flag takes.
 */
export function readMeasureFlags(operands: string[], flags: FlagValues): MeasureRequest {
  const model = atMostOne(operands, "MODEL");
  const threads = flags.threads ?? "auto";
  return {
    model,
    batch: (flags.batch as string) ?? null,
    examples: wholeNumber(flags, "examples", 1, 1e6) ?? 32,
    seed: wholeNumber(flags, "seed", 0, Number.MAX_SAFE_INTEGER) ?? 0,
    objective: readObjective(flags.objective as string | undefined),
    threads: threads === "auto" ? "auto" : wholeNumber(flags, "threads", 1, 8)!,
    portable: flags.portable === true,
    register: (flags.register as string[]) ?? [],
    quiet: flags.quiet === true,
  };
}

const path = (file: Parameters<typeof engineFileUrl>[0]) => pathOf(engineFileUrl(file));

/** What it takes to write a file: to rename one, Deno wants it to be readable as well. */
export const WRITE_PERMISSIONS = "--allow-read=FOLDER --allow-write=FOLDER";

/** What a subcommand that measures needs to be allowed, with the paths that the files have here. */
export const MEASURE_PERMISSIONS: readonly string[] = [
  `--allow-read=FOLDER,${
    path("single")
  }  FOLDER is that of MODEL, plus that of --batch; the file ` +
  `is the WASM binary of TensorFlow.js. A .ts or .js MODEL runs with these permissions and may ` +
  `need more`,
  `--allow-read=${path("threaded")},${path("glue")}  for --threads above 1, which auto uses for ` +
  `large models`,
  "--allow-read=FILE  the file of --plugin, which runs with these permissions and may need more",
  `${WRITE_PERMISSIONS}  the folder of --out FILE, which is written under a temporary name and then renamed`,
];
