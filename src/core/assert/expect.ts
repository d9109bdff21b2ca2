import type { LayersModel } from "../../engine/tensorflow.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Batch } from "../model/batches/batch.ts";
import { looksLikeModel } from "../model/require_model.ts";
import { requireMeasurements } from "../rules/require_measurements.ts";
import type { RuleOptions } from "../rules/rule.ts";
import { RULES } from "../rules/rules.ts";
import { assertRule } from "./assert_rule.ts";
import { assertHealthy, assertMatchesBaseline } from "./assertions.ts";
import {
  type CallSite,
  callSites,
  describeModel,
  failureAt,
  failureOf,
} from "./failure_message.ts";
import type { HealthExpected } from "./health_expected.ts";
import type { MatcherContext, MatcherResult } from "./matcher.ts";
import {
  type AssertHealthyOptions,
  assertModelHealthy,
  type HealthyOptions,
} from "./assert_model_healthy.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { AssertionError } from "@std/assert/assertion-error";

/** Matchers in the form of `expect.extend`: synchronous, the context first. */
type HealthMatchers = {
  [Name in keyof HealthExpected]: (
    context: MatcherContext,
    ...args: Parameters<HealthExpected[Name]>
  ) => MatcherResult;
};

type Assertion<A extends unknown[]> = (measurements: Measurements, ...args: A) => void;

/** Rejects a model, which is measured and trained: `expect` of `@std/expect` awaits no matcher. */
function requireNoModel(value: unknown): void {
  if (!looksLikeModel(value)) return;
  throw new InputError({
    place: "measurements",
    found: "a model",
    expected: "what measure() returns",
    hint: ": await expect(model).toBeHealthy() takes the expect of this package, " +
      "and await assertHealthy(model) none",
  });
}

/** Converts an assertion to a matcher. Invalid arguments are thrown, negated or not. */
function matcher<A extends unknown[]>(assertion: Assertion<A>, what: string) {
  const match = ({ value, isNot }: MatcherContext, ...args: A): MatcherResult => {
    const measurements = value as Measurements;
    const here = failureOf(match);
    const wrong = messageOf(() => assertion(measurements, ...args));
    const result = {
      pass: wrong === null,
      message: () => wrong ?? `${describeModel(measurements)} ${what}; expected that it does not.`,
    };
    const site = result.pass === isNot ? callerOfExpect(here("").stack) : undefined;
    if (site !== undefined) throw failureAt(site, result.message());
    return result;
  };
  return match;
}

/** Returns the message with which an assertion fails; `null` if it passes. */
function messageOf(assertion: () => void): string | null {
  try {
    assertion();
    return null;
  } catch (error) {
    if (error instanceof AssertionError) return error.message;
    throw error;
  }
}

/** Returns the first location outside the file that called a matcher: the call of `expect`. */
function callerOfExpect(stack?: string): CallSite | undefined {
  const [own, ...callers] = callSites(stack);
  return callers.find(({ url }) => url !== own.url);
}

/** Options of `expect(model).toBeHealthy()`. */
export interface ExpectHealthyOptions extends AssertHealthyOptions {
  /** Batch to measure the model on. Default: a random one. */
  batch?: Batch;
}

/** Matcher for a model. */
export interface ModelExpected {
  /** The model is healthy, as by `assertHealthy(model, batch)`. */
  toBeHealthy(options?: ExpectHealthyOptions, msg?: string): Promise<void>;
}

/** The same matchers, and their negations behind `not`. */
export type Negatable<Matchers> = Matchers & { not: Matchers };

/**
 * Expects something of a model, which is measured on a random batch and trained, or of measurements. For
 * other values use `expect` of `@std/expect`, which {@linkcode healthMatchers} extend.
 *
 * @param subject A built model, or the result of `measure()`.
 * @returns The matchers; those of a model return a promise.
 *
 * @example A model that can be trained, and one that cannot
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel } from "@gradient-health/gradient-health/model";
 * import { expect } from "@gradient-health/gradient-health/expect";
 *
 * await using _engine = await startEngine();
 * await expect(exerciseModel({ std: 1 / Math.sqrt(20) })).toBeHealthy();
 * await expect(exerciseModel()).not.toBeHealthy();
 * ```
 *
 * @throws {InputError} If it is given something else.
 */
export function expect(subject: LayersModel): Negatable<ModelExpected>;
export function expect(subject: Measurements): Negatable<HealthExpected>;
export function expect(subject: LayersModel | Measurements): object {
  if (!looksLikeModel(subject)) {
    requireMeasurements(subject);
    const [own, not] = [false, true].map((isNot) => expectMeasured({ value: subject, isNot }));
    return { ...own, not };
  }
  const toBeHealthy = ({ batch, ...options }: ExpectHealthyOptions = {}, msg?: string) =>
    assertModelHealthy({ fail: failureOf(toBeHealthy), model: subject, batch }, options, msg);
  return { toBeHealthy, not: { toBeHealthy: negated(toBeHealthy, subject) } };
}

/** Returns the matchers of these measurements. */
function expectMeasured(context: Required<MatcherContext>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(healthMatchers).map(([name, match]) => [
      name,
      // A matcher throws by itself if it fails, with the place of the caller.
      (...args: unknown[]) => {
        const { pass, message } = (match as AnyMatcher)(context, ...args);
        if (pass === context.isNot) throw new AssertionError(message());
      },
    ]),
  );
}

type AnyMatcher = (context: MatcherContext, ...args: unknown[]) => MatcherResult;

/** Returns an assertion over a model that fails if the given one passes. */
function negated(toBeHealthy: ModelExpected["toBeHealthy"], { name }: LayersModel) {
  const assertion = async (options?: ExpectHealthyOptions, msg?: string): Promise<void> => {
    const fail = failureOf(assertion);
    const wrong = await toBeHealthy(options, msg).catch((error) => {
      if (!(error instanceof AssertionError)) throw error;
      return error;
    });
    if (wrong === undefined) {
      throw fail(`Model ${showValue(name)} is healthy; expected that it is not.`);
    }
  };
  return assertion;
}

/**
 * Matchers for `expect` of `@std/expect`, one for each assertion over measurements, with the same
 * options and messages. Importing them does not load `@std/expect`.
 *
 * @example Extend the `expect` of `@std/expect` once, with its types
 * ```ts
 * import { expect as stdExpect, type Expected } from "@std/expect";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { type HealthExpected, healthMatchers } from "@gradient-health/gradient-health/expect";
 *
 * interface HealthyExpected<IsAsync = false> extends Expected<IsAsync>, HealthExpected<IsAsync> {
 *   not: IsAsync extends true ? HealthyExpected<true> : HealthyExpected<false>;
 *   resolves: HealthyExpected<true>;
 * }
 * stdExpect.extend(healthMatchers);
 * const expect = stdExpect<HealthyExpected>;
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const measurements = await measure(model, randomBatch(model));
 * expect(measurements).toBeFinite();
 * expect(measurements).not.toHaveNoVanishingGradients();
 * await expect(Promise.resolve(measurements)).resolves.not.toBeHealthy();
 * model.dispose();
 * ```
 *
 * @example A matcher on its own
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { healthMatchers } from "@gradient-health/gradient-health/expect";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ std: 1 / Math.sqrt(20) });
 * const value = await measure(model, randomBatch(model));
 * assertEquals(healthMatchers.toHaveNoVanishingGradients({ value }).pass, true);
 * model.dispose();
 * ```
 */
export const healthMatchers: HealthMatchers = {
  toBeHealthy: matcher(
    (measurements, options?: HealthyOptions, msg?: string) => {
      requireNoModel(measurements);
      requireMeasurements(measurements);
      assertHealthy(measurements, options, msg);
    },
    "breaks no rule",
  ),
  ...Object.fromEntries(RULES.flatMap((rule) => {
    const { matcher: name, passes = `keeps the rule ${rule.name}` } = rule;
    const assertion = (measurements: Measurements, options?: RuleOptions, msg?: string) =>
      assertRule(rule, measurements, options, msg);
    return name === undefined ? [] : [[name, matcher(assertion, passes)]];
  })) as Omit<HealthMatchers, "toBeHealthy" | "toMatchBaseline">,
  toMatchBaseline: matcher(assertMatchesBaseline, "has the figures of the baseline"),
};

/**
 * `expect` for models and measurements, and matchers for that of `@std/expect`. No other entry point
 * imports this one, and it imports nothing from `@std/expect`.
 *
 * @module
 */
export * from "./health_expected.ts";
export * from "./matcher.ts";
export type * from "../measure/measurements.ts";
export type { TensorStatistics } from "../measure/measurements.ts";
