import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/start/start_engine.ts";
import type { LayersModel, Optimizer, Tensor } from "../../../src/engine/tensorflow.ts";
import { secondMomentRatio } from "../../../src/core/probe/training_step.ts";
import { StepWatch } from "../../../src/core/probe/step_signals.ts";
import { column as columnOf, unitModel } from "./unit.ts";

const engine = await startEngine();
const { tf } = engine;

const column = (...values: number[]) => columnOf(tf, ...values);

const unit = (...kernel: number[]) => unitModel(tf, kernel);

/** Watches steps of an optimizer on a mean squared error. */
function watched(model: LayersModel, optimizer: Optimizer, inputs: Tensor, targets: Tensor) {
  const watch = new StepWatch(engine, model);
  watch.attach(optimizer);
  const loss = () => {
    const outputs = model.apply(inputs, { training: true }) as Tensor;
    return tf.mean(tf.squaredDifference(outputs, targets)) as never;
  };
  const step = () => {
    optimizer.minimize(loss);
    return watch.take()!;
  };
  return { watch, step };
}

Deno.test("StepWatch has the sizes of an update, and of the kernel since the first one", () => {
  // J = (w - 3)^2 from w = -6: each step halves w - 3.
  const model = unit(-6);
  const { watch, step } = watched(model, tf.train.sgd(0.25), column(1, -1), column(3, -3));
  assertEquals(watch.spent, { step: 0, again: 0 });
  watch.again = true;
  const first = step();
  assertAlmostEquals(first.gradientNorm!, 18, 1e-4);
  assertAlmostEquals(first.updateRatio!, 0.75, 1e-6);
  assertAlmostEquals(first.growth!, 0.25, 1e-6);
  assertAlmostEquals(first.shrinkage!, 0.25, 1e-6);
  // Predicted: -18 * 4.5; the loss falls from 81 to 20.25.
  assertAlmostEquals(first.decreaseRatio!, 0.75, 1e-5);
  assertEquals([first.largestInput, first.nonFinite, first.badExamples], [1, [], []]);
  assertEquals([...first.kernels.values()].length, 1);
  const second = step();
  assertAlmostEquals(second.gradientNorm!, 9, 1e-4);
  assertAlmostEquals(second.updateRatio!, 1.5, 1e-5);
  assertAlmostEquals(second.growth!, 0.125, 1e-6);
  assertEquals(watch.take(), null);
  watch.again = false;
  assertEquals(step().decreaseRatio, null);
  watch.active = false;
  assertEquals(step(), null as never);
  watch.dispose();
});

Deno.test("StepWatch neither looks at a loss again nor at Adam's moments, unless asked to", () => {
  const { watch, step } = watched(unit(-6), tf.train.adam(0.1), column(1), column(3));
  const { decreaseRatio, secondMomentRatio } = step();
  assertEquals([decreaseRatio, secondMomentRatio], [null, null]);
  watch.moments = true;
  assert(step().secondMomentRatio! < 1);
  watch.dispose();
});

Deno.test("StepWatch takes the largest update and growth of all kernels, and the smallest", () => {
  const layers = [[2], [4]].map(([value], i) =>
    tf.layers.dense({
      name: `dense_${i}`,
      units: 1,
      useBias: false,
      ...i === 0 ? { inputShape: [1] } : {},
      weights: [column(value)],
    })
  );
  const model = tf.sequential({ layers });
  const watch = new StepWatch(engine, model);
  watch.keep();
  tf.tidy(() => model.setWeights([column(3), column(3)]));
  watch.compare();
  const { gradientNorm, updateRatio, growth, shrinkage } = watch.take()!;
  assertEquals([gradientNorm, updateRatio, growth, shrinkage], [null, 0.5, 1.5, 0.75]);
  // Compared with the first weights, not with the last ones.
  watch.keep();
  tf.tidy(() => model.setWeights([column(1), column(6)]));
  watch.compare();
  const later = watch.take()!;
  assertAlmostEquals(later.updateRatio!, 1, 1e-6);
  assertEquals([later.growth, later.shrinkage], [1.5, 0.5]);
  watch.dispose();
});

Deno.test("StepWatch has no ratio for a kernel of 0", () => {
  const { watch, step } = watched(unit(0), tf.train.sgd(0.25), column(1), column(3));
  const { updateRatio, growth, shrinkage, kernels } = step();
  assertEquals([updateRatio, growth, shrinkage, [...kernels.values()]], [null, null, null, [null]]);
  watch.dispose();
});

Deno.test("StepWatch estimates the norms of long weights from a sample", () => {
  const width = 20_000;
  const model = unit(...Array(width).fill(1));
  const inputs = tf.ones([1, width]) as Tensor;
  const { watch, step } = watched(model, tf.train.sgd(1e-6), inputs, column(0));
  // The gradient is 2 * width in each entry.
  const { updateRatio, gradientNorm } = step();
  assertAlmostEquals(updateRatio!, 0.04, 1e-4);
  assertAlmostEquals(gradientNorm! / (2 * width * Math.sqrt(width)), 1, 1e-3);
  watch.dispose();
});

Deno.test("StepWatch names the layer and the examples that are not finite", () => {
  const inputs = tf.tensor2d([[1, 2], [NaN, 3], [4, 5], [6, Infinity]]);
  const { watch, step } = watched(unit(1, 1), tf.train.sgd(1), inputs, column(0, 0, 0, 0));
  const { nonFinite, badExamples, gradientNorm, origin } = step();
  assertEquals([nonFinite, badExamples, origin], [["unit"], [1, 3], "unit"]);
  assert(Number.isNaN(gradientNorm));
  watch.dispose();
});

Deno.test("secondMomentRatio() is g^2 over Adam's corrected second moment, in the median", () => {
  const weights = [1, 2, 3].map((value) => tf.variable(tf.scalar(value)));
  const optimizer = tf.train.adam(0.01, 0.9, 0.5);
  const apply = (...slopes: number[]) => {
    const gradients = slopes.map((slope) => tf.scalar(slope));
    optimizer.applyGradients(weights.map(({ name }, i) => ({ name, tensor: gradients[i] })));
    return new Map<string, Tensor | null>(weights.map(({ name }, i) => [name, gradients[i]]));
  };
  const ratio = (gradients: Map<string, Tensor | null>) =>
    secondMomentRatio(tf, optimizer, gradients);
  assertAlmostEquals(ratio(apply(1, 2, -3))!, 1, 1e-5);
  // v = 0.25 * g1^2 + 0.5 * g2^2, corrected by 0.75.
  const second = apply(3, 2, 3);
  assertAlmostEquals(ratio(second)!, 1, 1e-5);
  const [first, ...others] = [...second];
  assertAlmostEquals(ratio(new Map([first]))!, 0.75 * 9 / (0.25 + 4.5), 1e-5);
  assertAlmostEquals(ratio(new Map([[others[0][0], null], first]))!, 0.75 * 9 / 4.75, 1e-5);
  assertEquals(secondMomentRatio(tf, tf.train.sgd(1), second), null);
  assertEquals(secondMomentRatio(tf, null, second), null);
});
