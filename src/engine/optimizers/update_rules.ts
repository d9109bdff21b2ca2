import type { OptimizerName, OptimizerSettings } from "../../ground/traits/optimizers.ts";
import type { Tensor, TensorFlow } from "../tensorflow.ts";

/** Input of an update of one weight. */
interface UpdateStart {
  tf: TensorFlow;
  weight: Tensor;
  gradient: Tensor;
  /** Learning rate of this step. */
  rate: number;
  /** Number of this step; the first is 1. */
  step: number;
  settings: OptimizerSettings;
  /**
   * Returns the stored state of this weight under a name. Before the first step every entry is the
   * given value, in the shape of the weight or the given one.
   */
  slot(name: string, initial?: number, shape?: number[]): Tensor;
}

/** Outcome of an update: the new weight, and the state to store. */
interface Updated {
  weight: Tensor;
  slots: Record<string, Tensor>;
}

/** Rule by which an optimizer of Keras 3, or of PyTorch with its settings, updates one weight. */
type UpdateRule = (start: UpdateStart) => Updated;

/** Update rules by their names in `OPTIMIZERS`. */
export const UPDATE_RULES: Readonly<Record<OptimizerName, UpdateRule>> = {
  SGD: ({ tf, weight, gradient, rate }) => ({
    weight: tf.sub(weight, tf.mul(gradient, rate)),
    slots: {},
  }),

  Momentum({ tf, weight, gradient, rate, settings, slot }) {
    const momentum = settings.momentum as number;
    const step = tf.mul(gradient, rate);
    const velocity = tf.sub(tf.mul(slot("momentum"), momentum), step);
    const move = settings.nesterov ? tf.sub(tf.mul(velocity, momentum), step) : velocity;
    return { weight: tf.add(weight, move), slots: { momentum: velocity } };
  },

  Adam: adam,
  AdamW: adam,

  Nadam(start) {
    const { tf, weight, gradient, rate, step } = start;
    const { beta1, beta2, epsilon, momentumDecay } = numbers(start.settings);
    const decay = (step: number) => beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));
    let product = 1;
    for (let taken = 1; taken <= step; taken++) product *= decay(taken);
    const next = decay(step + 1);
    const { first, second } = moments(start);
    const ahead = tf.add(
      tf.mul(first, next / (1 - product * next)),
      tf.mul(gradient, (1 - decay(step)) / (1 - product)),
    );
    const size = tf.sqrt(tf.div(second, 1 - beta2 ** step));
    return {
      weight: tf.sub(weight, tf.div(tf.mul(ahead, rate), tf.add(size, epsilon))),
      slots: { momentum: first, velocity: second },
    };
  },

  Adamax({ tf, weight, gradient, rate, step, settings, slot }) {
    const { beta1, beta2, epsilon } = numbers(settings);
    const first = mix(tf, slot("momentum"), gradient, beta1);
    const norm = tf.maximum(tf.mul(slot("norm"), beta2), tf.abs(gradient));
    const move = tf.div(tf.mul(first, rate / (1 - beta1 ** step)), tf.add(norm, epsilon));
    return { weight: tf.sub(weight, move), slots: { momentum: first, norm } };
  },

  RMSProp({ tf, weight, gradient, rate, settings, slot }) {
    const { rho, momentum } = numbers(settings);
    const velocity = mix(tf, slot("velocity"), tf.square(gradient), rho);
    const slots: Record<string, Tensor> = { velocity };
    let square = velocity;
    if (settings.centered) {
      slots.averageGradient = mix(tf, slot("averageGradient"), gradient, rho);
      square = tf.sub(velocity, tf.square(slots.averageGradient));
    }
    let move = tf.div(tf.mul(gradient, rate), rootOf(tf, square, settings));
    if (momentum > 0) {
      slots.momentum = tf.add(tf.mul(slot("momentum"), momentum), move);
      move = slots.momentum;
    }
    return { weight: tf.sub(weight, move), slots };
  },

  Adagrad({ tf, weight, gradient, rate, settings, slot }) {
    const { initialAccumulatorValue } = numbers(settings);
    const accumulator = tf.add(slot("accumulator", initialAccumulatorValue), tf.square(gradient));
    const move = tf.div(tf.mul(gradient, rate), rootOf(tf, accumulator, settings));
    return { weight: tf.sub(weight, move), slots: { accumulator } };
  },

  Adadelta({ tf, weight, gradient, rate, settings, slot }) {
    const { rho, epsilon } = numbers(settings);
    const rms = (mean: Tensor) => tf.sqrt(tf.add(mean, epsilon));
    const gradients = mix(tf, slot("gradients"), tf.square(gradient), rho);
    const updates = slot("updates");
    const move = tf.div(tf.mul(rms(updates), gradient), rms(gradients));
    return {
      weight: tf.sub(weight, tf.mul(move, rate)),
      slots: { gradients, updates: mix(tf, updates, tf.square(move), rho) },
    };
  },

  Lion({ tf, weight, gradient, rate, settings, slot }) {
    const { beta1, beta2 } = numbers(settings);
    const momentum = slot("momentum");
    const mixed = mix(tf, momentum, gradient, beta1);
    // On WASM, TensorFlow.js's sign() is 0 for numbers below 1e-7.
    const side = tf.sub(tf.step(mixed), tf.step(tf.neg(mixed)));
    return {
      weight: tf.sub(weight, tf.mul(side, rate)),
      slots: { momentum: mix(tf, momentum, gradient, beta2) },
    };
  },

  Adafactor({ tf, weight, gradient, rate, step, settings, slot }) {
    const { beta2Decay, epsilon1, epsilon2, clipThreshold } = numbers(settings);
    const rms = (x: Tensor): Tensor => tf.sqrt(tf.mean(tf.square(x)));
    // A schedule does not change relative_step: the rate ends here either way.
    const relative = Math.min(rate, 1 / Math.sqrt(step));
    const keep = 1 - step ** beta2Decay;
    const square = tf.add(tf.square(gradient), epsilon1);
    const slots: Record<string, Tensor> = {};
    let size: Tensor;
    const { shape } = weight;
    if (shape.length < 2) {
      size = slots.velocity = mix(tf, slot("velocity"), square, keep);
    } else {
      const last = shape[shape.length - 1];
      const rowShape = shape.slice(0, -1);
      const columnShape = [...shape.slice(0, -2), last];
      slots.rows = mix(tf, slot("rows", 0, rowShape), tf.mean(square, -1), keep);
      slots.columns = mix(tf, slot("columns", 0, columnShape), tf.mean(square, -2), keep);
      const share = tf.div(slots.rows, tf.mean(slots.rows, -1, true));
      size = tf.mul(tf.expandDims(share, -1), tf.expandDims(slots.columns, -2));
    }
    const update = tf.div(gradient, tf.sqrt(size));
    const clipped = tf.div(update, tf.maximum(tf.div(rms(update), clipThreshold), 1));
    const length = tf.mul(tf.maximum(rms(weight), epsilon2), relative);
    return { weight: tf.sub(weight, tf.mul(clipped, length)), slots };
  },

  Ftrl({ tf, weight, gradient, rate, settings, slot }) {
    const { learningRatePower, initialAccumulatorValue, beta } = numbers(settings);
    const { l1RegularizationStrength: l1, l2RegularizationStrength: l2 } = numbers(settings);
    const shrinkage = settings.l2ShrinkageRegularizationStrength as number;
    const powered = (x: Tensor): Tensor =>
      learningRatePower === -0.5 ? tf.sqrt(x) : tf.pow(x, -learningRatePower);
    const accumulator = slot("accumulator", initialAccumulatorValue);
    const next = tf.add(accumulator, tf.square(gradient));
    const sigma = tf.div(tf.sub(powered(next), powered(accumulator)), rate);
    const used = tf.add(gradient, tf.mul(weight, 2 * shrinkage));
    const linear = tf.add(slot("linear"), tf.sub(used, tf.mul(sigma, weight)));
    const quadratic = tf.add(tf.div(powered(next), rate), 2 * (l2 + beta / (2 * rate)));
    return {
      weight: tf.div(tf.sub(tf.clipByValue(linear, -l1, l1), linear), quadratic),
      slots: { accumulator: next, linear },
    };
  },

  Lamb(start) {
    const { tf, weight, rate, step } = start;
    const { beta1, beta2, epsilon } = numbers(start.settings);
    const norm = (x: Tensor): Tensor => tf.sqrt(tf.sum(tf.square(x)));
    const { first, second } = moments(start);
    const size = tf.add(tf.sqrt(tf.div(second, 1 - beta2 ** step)), epsilon);
    const update = tf.div(tf.div(first, 1 - beta1 ** step), size);
    const weightNorm = norm(weight);
    const updateNorm = norm(update);
    const isMeasured = tf.logicalAnd(tf.greater(weightNorm, 0), tf.greater(updateNorm, 0));
    const ratio = tf.where(isMeasured, tf.div(weightNorm, updateNorm), tf.onesLike(weightNorm));
    return {
      weight: tf.sub(weight, tf.mul(tf.mul(update, ratio), rate)),
      slots: { momentum: first, velocity: second },
    };
  },
};

/**
 * Updates by Adam. Keras adds epsilon before the bias of the second moment is corrected, PyTorch
 * after.
 */
function adam(start: UpdateStart): Updated {
  const { tf, weight, rate, step, settings, slot } = start;
  const { beta1, beta2, epsilon } = numbers(settings);
  const { first, second } = moments(start);
  const slots: Record<string, Tensor> = { momentum: first, velocity: second };
  let size = second;
  if (settings.amsgrad) size = slots.largest = tf.maximum(slot("largest"), second);
  const bias = Math.sqrt(1 - beta2 ** step);
  const added = settings.addsEpsilonLast ? epsilon * bias : epsilon;
  const move = tf.div(
    tf.mul(first, rate * bias / (1 - beta1 ** step)),
    tf.add(tf.sqrt(size), added),
  );
  return { weight: tf.sub(weight, move), slots };
}

function moments({ tf, gradient, settings, slot }: UpdateStart): { first: Tensor; second: Tensor } {
  const { beta1, beta2 } = numbers(settings);
  return {
    first: mix(tf, slot("momentum"), gradient, beta1),
    second: mix(tf, slot("velocity"), tf.square(gradient), beta2),
  };
}

/** Returns the root of a mean square. Keras adds epsilon to the square, PyTorch to the root. */
function rootOf(tf: TensorFlow, square: Tensor, settings: OptimizerSettings): Tensor {
  const { epsilon } = numbers(settings);
  return settings.addsEpsilonLast
    ? tf.add(tf.sqrt(square), epsilon)
    : tf.sqrt(tf.add(square, epsilon));
}

/** Updates a moving mean: `share` of the old value, the rest of the new one. */
function mix(tf: TensorFlow, old: Tensor, value: Tensor, share: number): Tensor {
  return tf.add(tf.mul(old, share), tf.mul(value, 1 - share));
}

/** Returns settings that are known to be numbers. */
const numbers = (settings: OptimizerSettings) => settings as Record<string, number>;
