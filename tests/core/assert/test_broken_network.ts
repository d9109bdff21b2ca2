import { assertEquals, AssertionError, assertThrows } from "@std/assert";
import * as assertions from "../../../src/entry/assert.ts";
import { RULES } from "../../../src/core/rules/rules.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { healthMatchers } from "../../../src/core/assert/expect.ts";
import { measure } from "../../../src/core/measure/measure.ts";
import type { MeasureOptions } from "../../../src/core/measure/measure_options.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import type { Batch } from "../../../src/core/model/batches/batch.ts";
import { randomBatch } from "../../../src/core/model/batches/random_batch.ts";
import {
  buildControl,
  type Control,
  type Style,
  STYLES,
  type Task,
} from "../../networks/controls.ts";

/** A healthy network, and what to do to it. */
export interface BrokenNetwork {
  control?: Partial<Omit<Control, "activation">> & { activation?: string };
  task?: Task;
  /** Breaks the model. */
  spoil?: (model: LayersModel, tf: TensorFlow) => void;
  /** Breaks the batch. */
  feed?: (batch: Batch, tf: TensorFlow) => Batch;
  /** Another model altogether. */
  create?: (tf: TensorFlow) => LayersModel;
  options?: (tf: TensorFlow) => MeasureOptions;
  /** Rules that the same fault breaks as well. */
  also?: string[];
  /** True if exponents are counted, for the healthy network too. */
  histograms?: boolean;
}

/** Broken measurements or model. */
export const HEALTHY: Control = { activation: "tanh", sigma: 1, depth: 4, width: 64 };

const assertionOf = (name: string) => {
  const { assertion } = RULES.find((rule) => rule.name === name)!;
  return (assertions as unknown as Record<string, (measurements: Measurements) => void>)[assertion];
};

const matcherOf = (name: string) => {
  const { matcher } = RULES.find((rule) => rule.name === name)!;
  return matcher === undefined
    ? undefined
    : healthMatchers[matcher as Exclude<keyof typeof healthMatchers, "toMatchBaseline">];
};

/** Measures a network, broken. */
export async function measureNetwork(broken: BrokenNetwork, style: Style): Promise<Measurements> {
  await using engine = await startEngine();
  const { tf } = engine;
  const { task = "sum", control, spoil, feed, create, options, histograms = false } = broken;
  const model = create?.(tf) ??
    buildControl(tf, { ...HEALTHY, ...control } as Control, { style, task, seed: 11 });
  spoil?.(model, tf);
  const given = randomBatch(model, { seed: 11, objective: task });
  const batch = feed?.(given, tf) ?? given;
  try {
    const asked = { objective: task, seed: 11, histograms, ...options?.(tf) };
    return await measure(model, batch, asked);
  } finally {
    tf.dispose([given, batch].map(({ inputs, targets }) => [inputs, targets ?? []]));
    model.dispose();
  }
}

/** Tests that a network fails the assertion and the matcher of a rule and no other, and without what breaks it none. */
export function testBrokenNetwork(name: string, broken: BrokenNetwork): void {
  for (const style of STYLES) {
    Deno.test(`a ${style} network that breaks ${name} fails its assertion and no other`, async () => {
      const assertion = assertionOf(name);
      const measurements = await measureNetwork(broken, style);
      assertThrows(() => assertion(measurements), AssertionError, `(rule ${name})`);
      const errors = runRules(measurements).filter(({ severity }) => severity === "error");
      const others = errors
        .filter(({ rule }) => rule !== name && !broken.also?.includes(rule))
        .map(({ message }) => message);
      assertEquals(others, [], "breaks other rules too");
      const healthy = await measureNetwork(
        { task: broken.task, histograms: broken.histograms },
        style,
      );
      assertion(healthy);
      const matcher = matcherOf(name);
      if (matcher !== undefined) {
        const passes = [healthy, measurements].map((value) => matcher({ value }).pass);
        assertEquals(passes, [true, false]);
      }
      assertions.assertHealthy(healthy);
    });
  }
}
