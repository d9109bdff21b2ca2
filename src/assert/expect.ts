import type { Measurements } from "../measure/measurements.ts";
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
import type { HealthyOptions } from "./assert_model_healthy.ts";
import { AssertionError } from "@std/assert/assertion-error";

/** Matchers in the form of `expect.extend`: synchronous, the context first. */
type HealthMatchers = {
  [Name in keyof HealthExpected]: (
    context: MatcherContext,
    ...args: Parameters<HealthExpected[Name]>
  ) => MatcherResult;
};

type Assertion<A extends unknown[]> = (measurements: Measurements, ...args: A) => void;

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

/**
 * Matchers for `expect` of `@std/expect`, one for each assertion over measurements, with the same
 * options and messages. Importing them does not load `@std/expect`.
 *
 * @example Extend `expect` once, with its types
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
      // A model would be measured and trained, but nothing would await the result.
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
 * Matchers for `expect(measurements)` of `@std/expect`. No other entry point imports this one, and it
 * imports nothing from `@std/expect`.
 *
 * @module
 */
export * from "./health_expected.ts";
export * from "./matcher.ts";
export type * from "../measure/measurements.ts";
export type { TensorStatistics } from "../measure/measurements.ts";
