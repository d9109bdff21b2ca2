import type { LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import type { LossName } from "../../ground/traits/losses.ts";
import { fixSentence, growthSentences } from "../text/render_growth.ts";
import type { GrowthGrid } from "./growth_study.ts";
import type { GrowthSummary } from "./growth_types.ts";
import { runGrowth, tryScalings } from "./run_growth.ts";
import { summarizeGrowth } from "./summarize_growth.ts";
import type { CreateStudyModel } from "../study_options.ts";
import {
  boolean,
  callable,
  closed,
  optional,
  requireValue,
  unknown,
} from "../../ground/words/shape.ts";
import { failureOf } from "../../core/assert/failure_message.ts";
import { requireMessage } from "../../core/assert/require_options.ts";

/**
 * Creates a sibling of a width and a depth from a seed. `width` and `depth` are given if the options
 * name sizes of them.
 */
export type CreateSibling = (
  context: { tf: TensorFlow; seed: number; width: number; depth: number },
) => LayersModel | Promise<LayersModel>;

/** Options of {@linkcode assertScaleFree}. */
export interface ScaleFreeOptions extends GrowthGrid {
  /** Number of examples in the random batch. Default: 32, or fewer if they do not fit the heap. */
  examples?: number;
  /** Objective. Default: the compiled loss, else one that fits the head. */
  objective?: LossName;
  /** True to fail on a warning as well: a slope above 0.25. Default: false. */
  strict?: boolean;
  /** Text appended to the message. */
  msg?: string;
}

const optionsShape = closed<ScaleFreeOptions>({
  widths: optional(unknown),
  depths: optional(unknown),
  seeds: optional(unknown),
  rates: optional(boolean),
  examples: optional(unknown),
  objective: optional(unknown),
  strict: optional(boolean),
  msg: optional(unknown),
} as never);

/**
 * Asserts that a model keeps its scale when it grows: trains siblings of several widths and depths
 * for five steps on one batch each, with the optimizer that they are compiled with, and looks how
 * the size of the activations of each layer, and of their change per step, depends on width and
 * depth. Fails if the slope of log2 size over log2 width or depth is above 0.5 in a layer; then the
 * message names what to change in each layer, after trying it on all siblings.
 *
 * With `rates: true` it asserts instead that the best learning rate stays the same.
 *
 * @param create Creates a sibling.
 * @param options The sizes, two or more along an axis; seeds, batch and objective.
 * @returns The slopes of every layer.
 *
 * @example A hidden layer whose rate falls as its fan-in grows, as muP has it
 * ```ts
 * import { assertScaleFree } from "@gradient-health/gradient-health/assert";
 * import { assertEquals } from "@std/assert";
 *
 * const { level } = await assertScaleFree(({ tf, seed, width }) => {
 *   const times = width / 32;
 *   // Adam moves the product with the constant as if its rate were that much smaller.
 *   const behind = () => tf.layers.rescaling({ scale: 1 / times });
 *   const normal = (stddev: number, draw: number) =>
 *     tf.initializers.randomNormal({ stddev, seed: 10 * seed + draw });
 *   const model = tf.sequential({
 *     layers: [
 *       tf.layers.dense({ units: width, inputShape: [8], kernelInitializer: normal(0.5, 0) }),
 *       tf.layers.activation({ activation: "relu" }),
 *       tf.layers.dense({ units: width, kernelInitializer: normal(0.25 * times ** 0.5, 1) }),
 *       behind(),
 *       tf.layers.activation({ activation: "relu" }),
 *       tf.layers.dense({ units: 4, kernelInitializer: normal(0.2, 2) }),
 *       behind(),
 *     ],
 *   });
 *   model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
 *   return model;
 * }, { widths: [32, 64, 128, 256] });
 * assertEquals(level, "flat");
 * ```
 *
 * @throws {AssertionError} If a slope is above 0.5; with `strict`, above 0.25.
 * @throws {InputError} If an argument has a wrong type, or no axis has two sizes.
 */
export async function assertScaleFree(
  create: CreateSibling,
  options: ScaleFreeOptions,
): Promise<GrowthSummary> {
  const fail = failureOf(assertScaleFree);
  requireValue("create", create, callable);
  requireValue("options", options, optionsShape);
  const { examples, objective, strict = false, msg, ...grid } = options;
  requireMessage(msg);
  const subject: CreateStudyModel = ({ tf, seed, width, depth }) => {
    const size = { ...width === null ? {} : { width }, ...depth === null ? {} : { depth } };
    return create({ tf, seed, ...size } as Parameters<CreateSibling>[0]);
  };
  const { header, points } = await runGrowth(subject, grid, { examples, objective });
  const summary = summarizeGrowth({ ...header, points: await Array.fromAsync(points) });
  if (summary.level !== "error" && !(strict && summary.level === "warning")) return summary;
  const fixes = grid.rates
    ? null
    : await tryScalings(subject, grid, { examples, objective, summary });
  throw fail([
    ...growthSentences(summary),
    ...fixes === null ? [] : [
      fixSentence(fixes),
      ...fixes.code.map(({ layer, words, code }) => `${layer}: ${words}\n${code}`),
    ],
    ...msg === undefined ? [] : [msg],
  ].join("\n"));
}
