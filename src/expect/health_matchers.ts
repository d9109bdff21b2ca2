import { AssertionError } from "@std/assert/assertion-error";
import { assertActivationScale } from "../assert/assert_activation_scale.ts";
import { assertActivationsNotSaturated } from "../assert/assert_activations_not_saturated.ts";
import { assertAllFinite } from "../assert/assert_all_finite.ts";
import { assertBiasInit } from "../assert/assert_bias_init.ts";
import { assertGradientBalance } from "../assert/assert_gradient_balance.ts";
import { assertGradientRatioNear } from "../assert/assert_gradient_ratio_near.ts";
import { assertGradientsFlow } from "../assert/assert_gradients_flow.ts";
import { assertHealthy } from "../assert/assert_healthy.ts";
import { assertInitScale } from "../assert/assert_init_scale.ts";
import { assertInitialLoss } from "../assert/assert_initial_loss.ts";
import { assertInputNormalized } from "../assert/assert_input_normalized.ts";
import { assertMatchesBaseline } from "../assert/assert_matches_baseline.ts";
import { assertNoDeadUnits } from "../assert/assert_no_dead_units.ts";
import { assertNoExplodingGradients } from "../assert/assert_no_exploding_gradients.ts";
import { assertNoVanishingGradients } from "../assert/assert_no_vanishing_gradients.ts";
import { assertOutputHead } from "../assert/assert_output_head.ts";
import { assertSymmetryBroken } from "../assert/assert_symmetry_broken.ts";
import { describeModel } from "../assert/message_parts.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { HealthMatchers } from "./health_expected.ts";
import type { MatcherContext, MatcherResult } from "./matcher.ts";

type Assertion<A extends unknown[]> = (measurements: Measurements, ...args: A) => void;

/** Makes a matcher of an assertion. What is wrong with the arguments is thrown, negated or not. */
function matcher<A extends unknown[]>(assertion: Assertion<A>, what: string) {
  return ({ value }: MatcherContext, ...args: A): MatcherResult => {
    const measurements = value as Measurements;
    try {
      assertion(measurements, ...args);
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      const { message } = error;
      return { pass: false, message: () => message };
    }
    return {
      pass: true,
      message: () => `${describeModel(measurements)} ${what}; expected that it does not.`,
    };
  };
}

/**
 * Matchers for `expect` of `@std/expect`, one for each assertion over measurements, with the same options
 * and messages. Importing them needs nothing of `@std/expect`.
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
 * @example A matcher by itself
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { healthMatchers } from "@gradient-health/gradient-health/expect";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel({ stddev: 1 / Math.sqrt(20) });
 * const value = await measure(model, randomBatch(model));
 * assertEquals(healthMatchers.toHaveNoVanishingGradients({ value }).pass, true);
 * model.dispose();
 * ```
 */
export const healthMatchers: HealthMatchers = {
  toBeHealthy: matcher(assertHealthy, "breaks no rule"),
  toBeFinite: matcher(assertAllFinite, "has only finite values"),
  toHaveFlowingGradients: matcher(assertGradientsFlow, "has a gradient for every trainable weight"),
  toHaveNoVanishingGradients: matcher(assertNoVanishingGradients, "has no vanishing gradients"),
  toHaveNoExplodingGradients: matcher(assertNoExplodingGradients, "has no exploding gradients"),
  toHaveGradientRatioNearTheory: matcher(
    assertGradientRatioNear,
    "has gradients that change from layer to layer as theory says",
  ),
  toHaveBalancedGradients: matcher(assertGradientBalance, "has gradients in balance"),
  toHaveNoSaturatedActivations: matcher(
    assertActivationsNotSaturated,
    "has no saturated activations",
  ),
  toHaveNoDeadUnits: matcher(assertNoDeadUnits, "has no dead units"),
  toHaveActivationScale: matcher(assertActivationScale, "has activations of the right scale"),
  toHaveInitScale: matcher(assertInitScale, "has kernels of the right scale"),
  toHaveBrokenSymmetry: matcher(assertSymmetryBroken, "has no units that start alike"),
  toHaveBiasInit: matcher(assertBiasInit, "has biases at zero or the prior"),
  toHaveInitialLoss: matcher(assertInitialLoss, "has the loss of guessing"),
  toHaveNormalizedInputs: matcher(assertInputNormalized, "has normalised inputs"),
  toHaveMatchingHead: matcher(assertOutputHead, "has a head that belongs to its loss"),
  toMatchBaseline: matcher(assertMatchesBaseline, "has the figures of the baseline"),
};
