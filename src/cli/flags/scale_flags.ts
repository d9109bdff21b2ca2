import { growthStudy } from "../../study/growth/growth_study.ts";
import {
  boolean,
  file,
  type FlagValues,
  listOf,
  oneOf,
  readInteger,
  UsageError,
  usual,
} from "../kit/flag.ts";
import { formatsOf } from "../formats.ts";
import type { StudyRequest } from "../measure_study.ts";
import { MEASURE_FLAGS, seedsFlag, shardFlag } from "./measure_flags.ts";
import {
  type Chosen,
  destinations,
  PAGE_BY_EXTENSION,
  requireResumable,
  STUDY_RUN_FLAGS,
  STUDY_SHOW_FLAGS,
} from "./sweep_flags.ts";

const SEEDS = 3;

const { weights: _weights, ...MEASURED } = MEASURE_FLAGS;

/** Flags of `scale`. */
export const SCALE_FLAGS = {
  widths: usual(
    "runs and verdict",
    listOf((word, place) => readInteger(word, place, { least: 1, most: 100_000 }), {
      help: "widths of the siblings",
      otherwise: "the module's own",
    }),
  ),
  depths: usual(
    "runs and verdict",
    listOf((word, place) => readInteger(word, place, { least: 1, most: 1000 }), {
      help: "depths of the siblings",
      otherwise: "the module's own",
    }),
  ),
  rates: usual(
    "runs and verdict",
    boolean(
      "find the best of five learning rates at each size, and whether it transfers, instead of the scale " +
        "of each layer",
    ),
  ),
  seeds: usual(
    "runs and verdict",
    seedsFlag(
      "N draws of weights and batch at each size (seeds 0 to N - 1), or the seeds of a list: 1,2,5 or 0..9",
      { most: 1_000_000, otherwise: String(SEEDS) },
    ),
  ),
  ...MEASURED,
  ...STUDY_RUN_FLAGS,
  out: usual(
    "result",
    file("write", {
      help:
        "write the study there as JSON, updated continuously: the proof that report and check " +
        "accept; the page or image for --format html and svg",
    }),
  ),
  resume: usual("result", boolean("resume from --out FILE")),
  shard: shardFlag("measure only the I-th of N parts; merge joins them"),
  ...STUDY_SHOW_FLAGS,
  format: usual(
    "result",
    oneOf(formatsOf("growth"), {
      help:
        "what to print: json contains one point per draw; summary is JSON with every slope; html " +
        "is a page and svg an image, which --out names",
      otherwise: PAGE_BY_EXTENSION,
    }),
  ),
};

/** Values of the flags of `scale`, with the format chosen. */
export type ScaleValues = Chosen<FlagValues<typeof SCALE_FLAGS>>;

/**
 * Converts the flags of `scale` to a request.
 *
 * @throws {UsageError} If flags exclude each other, or no axis has two sizes.
 */
export function scaleRequest(model: string, flags: ScaleValues): StudyRequest {
  const { widths, depths, rates, seeds, register, resume, force } = flags;
  const { study } = destinations(flags);
  requireResumable(flags, study);
  if ((widths?.length ?? 0) < 2 && (depths?.length ?? 0) < 2) {
    throw new UsageError({
      place: "--widths and --depths",
      verb: "name",
      found: "at most one size each",
      expected: "two or more of either",
      hint: ": --widths 64,128,256,512",
    });
  }
  const { grid, training } = growthStudy({
    widths: widths ?? undefined,
    depths: depths ?? undefined,
    seeds: seeds ?? SEEDS,
    rates,
  });
  return {
    subject: { model, register },
    grid,
    options: {
      examples: flags.examples === "auto" ? undefined : flags.examples,
      microBatch: flags.microBatch,
      batch: flags.batch,
      objective: flags.objective,
      trust: flags.trust,
      relaxedSimd: !flags.portable,
      jobs: flags.jobs,
      shard: flags.shard,
      training,
    },
    out: study,
    resume,
    force,
  };
}
