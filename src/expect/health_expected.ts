import type { CheckOptions } from "../checks/check_options.ts";
import type { RunChecksOptions } from "../checks/judge_rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { MatcherContext, MatcherResult } from "./matcher.ts";

/** What a matcher returns: nothing, or after `resolves` a promise of nothing. */
export type Outcome<IsAsync> = IsAsync extends true ? Promise<void> : void;

/** What `expect(measurements)` can do besides, once it is extended with `healthMatchers`. */
export interface HealthExpected<IsAsync = false> {
  /** Breaks no rule: `assertHealthy`. */
  toBeHealthy(options?: RunChecksOptions, msg?: string): Outcome<IsAsync>;
  /** No NaN and no infinity: `assertAllFinite`. */
  toBeFinite(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** A gradient for every trainable weight, none for a frozen one: `assertGradientsFlow`. */
  toHaveFlowingGradients(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** The first layers receive a signal: `assertNoVanishingGradients`. */
  toHaveNoVanishingGradients(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** The first layers receive no blown-up signal: `assertNoExplodingGradients`. */
  toHaveNoExplodingGradients(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** Deltas change from layer to layer as theory says: `assertGradientRatioNear`. */
  toHaveGradientRatioNearTheory(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** All layers receive signals of a size: `assertGradientBalance`. */
  toHaveBalancedGradients(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** Bounded activations have a slope: `assertActivationsNotSaturated`. */
  toHaveNoSaturatedActivations(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** Every unit fires on the batch: `assertNoDeadUnits`. */
  toHaveNoDeadUnits(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** Activations as large as in a critical network: `assertActivationScale`. */
  toHaveActivationScale(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** Kernels as large as an initialiser draws them: `assertInitScale`. */
  toHaveInitScale(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** No two units alike: `assertSymmetryBroken`. */
  toHaveBrokenSymmetry(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** Biases at zero or the prior: `assertBiasInit`. */
  toHaveBiasInit(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** The loss that guessing has: `assertInitialLoss`. */
  toHaveInitialLoss(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** Inputs of order 1: `assertInputNormalized`. */
  toHaveNormalizedInputs(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** A head that belongs to the loss: `assertOutputHead`. */
  toHaveMatchingHead(options?: CheckOptions, msg?: string): Outcome<IsAsync>;
  /** The figures of an earlier state: `assertMatchesBaseline`. */
  toMatchBaseline(baseline: Measurements, options?: CheckOptions, msg?: string): Outcome<IsAsync>;
}

/** The matchers as `expect.extend` takes them: synchronous, the context first. */
export type HealthMatchers = {
  [Name in keyof HealthExpected]: (
    context: MatcherContext,
    ...args: Parameters<HealthExpected[Name]>
  ) => MatcherResult;
};
