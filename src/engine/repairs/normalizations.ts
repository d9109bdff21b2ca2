import type { Tensor, TensorFlow } from "../tensorflow.ts";
import {
  hasKernel,
  type LayerRepair,
  type LayerWeight,
  oneTensor,
  storeSettings,
} from "./layer_repair.ts";

interface Normalizing {
  epsilon: number;
  gamma?: LayerWeight | null;
  beta?: LayerWeight | null;
}

interface BatchNormalizing extends Normalizing {
  axis: number;
  momentum: number;
  movingMean: LayerWeight;
  movingVariance: LayerWeight;
  maskRule?: string;
}

/** Epsilon that Keras adds to the number of steps that count. */
const KERAS_EPSILON = 1e-7;

/** Normalises by the mean and variance of unmasked steps, as Keras 3 does in training. */
function overMask(
  tf: TensorFlow,
  layer: BatchNormalizing,
  { x, axis, mask }: { x: Tensor; axis: number; mask: Tensor },
): Tensor {
  return tf.tidy(() => {
    const along = (value: Tensor) =>
      tf.reshape(value, x.shape.map((size, k) => k === axis ? size : 1));
    const others = x.shape.map((_, k) => k).filter((k) => k !== axis);
    const counts = tf.cast(tf.cast(mask, "bool"), "float32");
    const steps = tf.reshape(counts, x.shape.map((size, k) => k < mask.rank ? size : 1));
    // If the mask lacks an axis, all entries along that axis count.
    const all = tf.mul(steps, tf.onesLike(x));
    const total = tf.add(tf.sum(all, others), KERAS_EPSILON);
    const mean = tf.div(tf.sum(tf.mul(all, x), others), total);
    const squares = tf.square(tf.sub(x, along(mean)));
    const variance = tf.div(tf.sum(tf.mul(all, squares), others), total);
    moveAverage(tf, layer, layer.movingMean, mean);
    moveAverage(tf, layer, layer.movingVariance, variance);
    return normalize(tf, layer, x, { mean: along(mean), variance: along(variance), along });
  });
}

function moveAverage(
  tf: TensorFlow,
  { momentum }: BatchNormalizing,
  average: LayerWeight,
  now: Tensor,
): void {
  const before = average.read();
  tf.tidy(() => {
    average.write(tf.sub(before, tf.mul(tf.sub(before, now), 1 - momentum)));
  });
}

interface LayerNormalizing extends Normalizing {
  axis: number[];
  center: boolean;
  scale: boolean;
  rmsScaling?: boolean;
}

/**
 * Returns `(x - mean) / sqrt(variance + epsilon) * gamma + beta`, with gamma and beta along `axes`.
 */
function normalize(
  tf: TensorFlow,
  { epsilon, gamma, beta }: Normalizing,
  x: Tensor,
  { mean, variance, along }: {
    mean: Tensor | number;
    variance: Tensor;
    along: (value: Tensor) => Tensor;
  },
): Tensor {
  let y: Tensor = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, epsilon)));
  if (gamma) y = tf.mul(y, along(gamma.read()));
  return beta ? tf.add(y, along(beta.read())) : y;
}

const needsRepair = ({ gamma, beta }: Normalizing, x: Tensor) => !gamma || !beta || x.rank > 4;

/**
 * Returns true if an op of this project can normalise `x` over its last `axes`. The op has no
 * second-order gradient.
 */
function isNative(tf: TensorFlow, kernelName: string, x: Tensor, axes: readonly number[]): boolean {
  return x.dtype === "float32" && x.size > 0 && tf.engine().state.gradientDepth < 2 &&
    hasKernel(tf, kernelName) &&
    axes.toSorted((a, b) => a - b).every((axis, k) => axis === x.rank - axes.length + k);
}

/** Computes `normalize` in one op, with mean and variance of `x` itself. */
function normalizeAtOnce(
  tf: TensorFlow,
  kernelName: string,
  { epsilon, gamma, beta }: Normalizing,
  { x, shape }: { x: Tensor; shape: number[] },
): Tensor[] {
  const scale = gamma ? gamma.read() : tf.ones(shape);
  const offset = beta ? beta.read() : tf.zeros(shape);
  return tf.engine().runKernel(kernelName, { x, scale, offset }, { epsilon }) as Tensor[];
}

/**
 * Repairs BatchNormalization and LayerNormalization. With batch statistics, and over the last axes,
 * they use one op of this project, with or without `scale` and `center`; TensorFlow.js composes
 * either of about twenty, and its gradient of as many.
 *
 * Without `scale` or `center`, and of rank 5, TensorFlow.js's tape cannot hold the missing operand,
 * so there is no gradient and, in training, not even a forward pass of a batch normalisation; for
 * rank 5 it throws. Here these are built from elementary operations; other cases keep
 * TensorFlow.js's code.
 *
 * A configuration with Keras's `rmsScaling` makes a LayerNormalization that divides by the standard
 * deviation without subtracting the mean. Keras documents that as its own mistake, and keeps it.
 */
export const repairNormalizations: LayerRepair = (context) => {
  repairBatchNormalization(context);
  repairLayerNormalization(context);
};

const repairBatchNormalization: LayerRepair = ({ tf, patch }) => {
  storeSettings({ tf, patch }, ["BatchNormalization"], { maskRule: "none" });
  patch("BatchNormalization", "call", (original) =>
    function (
      this: BatchNormalizing,
      inputs: Tensor | Tensor[],
      kwargs?: { training?: boolean; mask?: Tensor | null },
    ) {
      const x = oneTensor(inputs);
      const axis = this.axis < 0 ? this.axis + x.rank : this.axis;
      const mask = this.maskRule === "keras3" && kwargs?.training ? kwargs.mask ?? null : null;
      if (mask !== null) return overMask(tf, this, { x, axis, mask });
      const atOnce = Boolean(kwargs?.training) && isNative(tf, "NormalizeColumns", x, [axis]);
      if (!atOnce && !needsRepair(this, x)) return original.call(this, inputs, kwargs);
      return tf.tidy(() => {
        const along = (value: Tensor) =>
          tf.reshape(value, x.shape.map((size, k) => k === axis ? size : 1));
        if (!kwargs?.training) {
          const mean = along(this.movingMean.read());
          const variance = along(this.movingVariance.read());
          return normalize(tf, this, x, { mean, variance, along });
        }
        if (atOnce) {
          const shape = [x.shape[axis]];
          const [y, mean, variance] = normalizeAtOnce(tf, "NormalizeColumns", this, { x, shape });
          moveAverage(tf, this, this.movingMean, mean);
          moveAverage(tf, this, this.movingVariance, variance);
          return y;
        }
        const others = x.shape.map((_, k) => k).filter((k) => k !== axis);
        const { mean, variance } = tf.moments(x, others);
        moveAverage(tf, this, this.movingMean, mean);
        moveAverage(tf, this, this.movingVariance, variance);
        return normalize(tf, this, x, { mean: along(mean), variance: along(variance), along });
      });
    });
};

const repairLayerNormalization: LayerRepair = ({ tf, patch }) => {
  storeSettings({ tf, patch }, ["LayerNormalization"], { rmsScaling: false });
  patch(
    "LayerNormalization",
    "call",
    (original) =>
      function (this: LayerNormalizing, inputs: Tensor | Tensor[], kwargs: unknown) {
        const x = oneTensor(inputs);
        if (!this.rmsScaling && isNative(tf, "NormalizeRows", x, this.axis)) {
          const shape = x.shape.slice(x.rank - this.axis.length);
          return tf.tidy(() => normalizeAtOnce(tf, "NormalizeRows", this, { x, shape })[0]);
        }
        if (!needsRepair(this, x)) return original.call(this, inputs, kwargs);
        return tf.tidy(() => {
          const { mean, variance } = tf.moments(x, this.axis, true);
          const along = (value: Tensor) =>
            tf.reshape(value, x.shape.map((size, k) => this.axis.includes(k) ? size : 1));
          const centre = this.rmsScaling ? 0 : mean;
          return normalize(tf, this, x, { mean: centre, variance, along });
        });
      },
  );
  patch(
    "LayerNormalization",
    "build",
    (original) =>
      function (this: LayerNormalizing, inputShape: unknown) {
        if (this.rmsScaling) [this.center, this.scale] = [false, true];
        return original.call(this, inputShape);
      },
  );
};
