import { callable, numberFrom, oneOfNames, requireValue } from "../../ground/words/shape.ts";
import { InputError, nearest, refusal } from "../../ground/words/input_error.ts";
import { AssertionError } from "@std/assert/assertion-error";
import { formatPercent } from "../../ground/words/numbers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { LayersModel } from "../../engine/tensorflow.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Batch } from "../model/batches/batch.ts";
import { NoModelError } from "../model/require_model.ts";
import { wilsonInterval } from "../../ground/theory/statistics.ts";
import { failureOf, oneLine, shortNames } from "./failure_message.ts";
import { type CreateModel, type DrawOptions, openDraw } from "./create_model.ts";
import { requireDrawOptions, requireMessage, seedList } from "./require_options.ts";

/** Assertion over measurements. */
export type MeasurementAssertion = (measurements: Measurements) => void | Promise<void>;

/** Assertion over a model and a batch. */
export type ModelAssertion = (model: LayersModel, batch: Batch) => void | Promise<void>;

/** Options of {@linkcode acrossSeeds}. */
export interface AcrossSeedsOptions extends DrawOptions {
  /** Number of seeds, from 0 up; or a list of seeds. Default: 10. */
  seeds?: number | readonly number[];
  /** Minimum share of the draws that must pass, from 0 to 1. Default: 1, all of them. */
  passRate?: number;
  /** Argument of the assertion. Default: `"measurements"`. */
  over?: "measurements" | "model";
  /** Text appended to the message. */
  msg?: string;
}

/** Result of {@linkcode acrossSeeds}. */
export interface SeedsVerdict {
  /** Number of draws that passed. */
  passed: number;
  /** Seeds under which the assertion failed. */
  failed: number[];
  /** 95 % interval of the pass rate (Wilson). */
  interval: [number, number];
}

/** These keep the message under 25 lines, the caller's `msg` included. */
const MAX_LINES = 19;
const MAX_SEEDS = 20;

/**
 * Asserts that a model passes an assertion under most seeds: an initialisation is a distribution,
 * and one draw from it proves little. For each seed it creates the model, measures it, runs the
 * assertion and disposes the model.
 *
 * @param create Creates the model from a seed, with the engine's TensorFlow.js.
 * @param assertion The assertion over measurements; over a model and a batch if `over` is
 * `"model"`.
 * @param options Seeds, required share of passing draws, and what they are measured on.
 * @returns The number of draws that passed, and the seeds of the others.
 *
 * @example Nine draws in ten must have gradients that do not vanish
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel } from "@gradient-health/gradient-health/model";
 * import { acrossSeeds, assertNoVanishingGradients } from "@gradient-health/gradient-health/assert";
 * import { assertRejects } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const critical = ({ seed }: { seed: number }) =>
 *   exerciseModel({ std: 1 / Math.sqrt(20), seed });
 * await acrossSeeds(critical, assertNoVanishingGradients, { seeds: 10, passRate: 0.9 });
 *
 * const broken = ({ seed }: { seed: number }) => exerciseModel({ std: 200, seed });
 * await assertRejects(() => acrossSeeds(broken, assertNoVanishingGradients, { seeds: 5 }));
 * ```
 *
 * @example An assertion that needs the model
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel } from "@gradient-health/gradient-health/model";
 * import { acrossSeeds, assertWeightsChange } from "@gradient-health/gradient-health/assert";
 *
 * await using _engine = await startEngine();
 * await acrossSeeds(
 *   ({ seed }) => exerciseModel({ std: 1 / Math.sqrt(20), seed }),
 *   (model, batch) => assertWeightsChange(model, batch),
 *   { seeds: 5, over: "model" },
 * );
 * ```
 *
 * @throws {AssertionError} If too few draws pass.
 * @throws {InputError} If an argument has a wrong type, `seeds` is empty, or `passRate` is not from
 * 0 to 1.
 */
export function acrossSeeds(
  create: CreateModel,
  assertion: MeasurementAssertion,
  options?: AcrossSeedsOptions & { over?: "measurements" },
): Promise<SeedsVerdict>;
/**
 * Asserts the same with an assertion over a model and a batch.
 *
 * @param create Creates the model from a seed, with the engine's TensorFlow.js.
 * @param assertion The assertion.
 * @param options Seeds, required share of passing draws, and what they are measured on.
 * @returns The number of draws that passed, and the seeds of the others.
 */
export function acrossSeeds(
  create: CreateModel,
  assertion: ModelAssertion,
  options: AcrossSeedsOptions & { over: "model" },
): Promise<SeedsVerdict>;
export async function acrossSeeds(
  create: CreateModel,
  assertion: MeasurementAssertion | ModelAssertion,
  options: AcrossSeedsOptions = {},
): Promise<SeedsVerdict> {
  const fail = failureOf(acrossSeeds);
  requireDrawOptions(create, options);
  const { seeds = 10, passRate = 1, over = "measurements", msg } = options;
  const list = seedList(seeds);
  requireMessage(msg);
  requireSeedsOptions(assertion, options);
  const failures: { seed: number; name: string; message: string }[] = [];
  for (const seed of list) {
    const draw = await openDraw(create, seed, options);
    try {
      if (over === "model") await (assertion as ModelAssertion)(draw.model, draw.batch);
      else await judge(assertion as MeasurementAssertion, draw.measure());
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      failures.push({ seed, name: draw.model.name, message: error.message });
    } finally {
      draw.close();
    }
  }
  const passed = list.length - failures.length;
  const interval = wilsonInterval(passed, list.length);
  const failed = failures.map(({ seed }) => seed);
  if (passed / list.length >= passRate) return { passed, failed, interval };
  // TensorFlow.js numbers unnamed models, so each draw has a different name.
  const [{ name }] = failures;
  throw fail([
    oneLine(
      `Model "${shortNames([name])(name)}" fails ${
        assertion.name || "the assertion"
      } under ${failed.length} of ` +
        `${list.length} seeds: ${named(failed)}.`,
    ),
    `${formatPercent(passed / list.length)} pass, 95 % interval ${formatPercent(interval[0])} .. ` +
    `${formatPercent(interval[1])}; expected >= ${formatPercent(passRate)} (passRate).`,
    `Under seed ${failed[0]}:`,
    ...failures[0].message.split("\n").slice(0, MAX_LINES),
    ...(msg === undefined ? [] : [msg]),
  ].join("\n"));
}

/**
 * Runs the assertion; if it, or one that it calls, took the measurements for a model, the error
 * says what to write instead.
 */
async function judge(assertion: MeasurementAssertion, measurements: Measurements): Promise<void> {
  try {
    await assertion(measurements);
  } catch (error) {
    if (!(error instanceof NoModelError && error.given === measurements)) throw error;
    throw new InputError(
      {
        place: assertion.name || "The assertion",
        verb: "was handed",
        found: "measurements",
        expected: 'a model and a batch: write { over: "model" } in the options of acrossSeeds()',
      },
      { cause: error },
    );
  }
}

function named(seeds: number[]): string {
  const shown = seeds.slice(0, MAX_SEEDS).join(", ");
  return seeds.length > MAX_SEEDS ? `${shown} and ${seeds.length - MAX_SEEDS} more` : shown;
}

const OPTIONS = ["seeds", "passRate", "over", "objective", "createBatch", "msg"];

function requireSeedsOptions(assertion: unknown, options: AcrossSeedsOptions): void {
  requireValue("assertion", assertion, callable);
  const unknown = Object.keys(options).find((key) => !OPTIONS.includes(key));
  if (unknown !== undefined) {
    throw new InputError({
      place: "options",
      verb: "has the unknown key",
      found: `"${unknown}"`,
      expected: oneOfNames(OPTIONS),
      meant: nearest(unknown, OPTIONS),
    });
  }
  const { passRate = 1, over = "measurements" } = options;
  requireValue("options.passRate", passRate, numberFrom(0, 1));
  if (over !== "measurements" && over !== "model") {
    throw new InputError(
      refusal`options.over is ${showValue(over)}, expected "measurements" or "model"`,
    );
  }
}
