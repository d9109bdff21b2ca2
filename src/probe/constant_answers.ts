import { heapView } from "../engine/heap/heap.ts";
import { lossTraits } from "../traits/losses.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";

/** Evaluates a loss on answers, one for each output. */
export type LossOf = (answers: Tensor[]) => number;

/**
 * Number of quantiles between a unit's smallest and largest target; the target at each is tried.
 */
const QUANTILES = 20;

/**
 * Search for the best answer to an unnamed loss: Adam's steps, and its rate as a share of the
 * answer.
 */
const STEPS = 100, RATE = 0.05, DECAY = { first: 0.9, second: 0.99 };

/**
 * Returns the best constant answers under named losses.
 *
 * @param means The mean of the targets as an answer; disposed of if another answer is better.
 * @param losses Names of the losses; `null` for an output without a loss.
 * @returns One answer per output; the caller disposes of them.
 */
export function bestConstants(
  tf: TensorFlow,
  { means, targets, losses }: { means: Tensor[]; targets: Tensor[]; losses: (string | null)[] },
  lossOf: LossOf,
): Tensor[] {
  const best = [...means];
  let least = lossOf(best);
  for (const [i, name] of losses.entries()) {
    if (lossTraits(name)?.bestIsMean ?? true) continue;
    for (let step = 0; step <= QUANTILES; step++) {
      const tried = quantile(tf, targets[i], step / QUANTILES);
      const loss = lossOf(best.with(i, tried));
      const [better, worse] = loss < least ? [tried, best[i]] : [best[i], tried];
      worse.dispose();
      best[i] = better;
      least = Math.min(least, loss);
    }
  }
  return best;
}

/** Returns the given quantile of each unit's targets, repeated for every example. */
function quantile(tf: TensorFlow, targets: Tensor, share: number): Tensor {
  const units = targets.shape.at(-1) ?? 1;
  const values = heapView(tf, targets);
  const chosen = Array.from({ length: units }, (_, unit) => {
    const own = Float32Array.from(
      { length: values.length / units },
      (_, row) => values[row * units + unit],
    );
    own.sort();
    return own[Math.round(share * (own.length - 1))];
  });
  return tf.tidy(() => tf.add(tf.zerosLike(targets), tf.tensor1d(chosen)));
}

/**
 * Returns the smallest loss of a constant answer, for any loss function: by descent on that answer,
 * from the mean of the model's outputs, and from that of the targets if they have the same shape.
 *
 * @returns `null` if the loss is not finite, or has no gradient.
 */
export function constantLoss(
  tf: TensorFlow,
  evaluate: (answers: Tensor[]) => Tensor,
  { outputs, targets }: { outputs: Tensor[]; targets: Tensor[] },
): number | null {
  const areAlike = targets.length === outputs.length &&
    outputs.every(({ shape }, i) => shape.join() === targets[i].shape.join());
  try {
    const least = Math.min(
      ...(areAlike ? [outputs, targets] : [outputs]).map((start) =>
        tf.tidy(() => {
          const means = start.map((one) => tf.mean(tf.cast(one, "float32"), 0, true) as Tensor);
          return descend(tf, means, (constants) =>
            evaluate(constants.map((one, i) =>
              tf.add(tf.zerosLike(outputs[i]), one)
            )));
        })
      ),
    );
    return Number.isFinite(least) ? least : null;
  } catch {
    return null;
  }
}

/** Returns the smallest value found by descent from some tensors. */
function descend(tf: TensorFlow, start: Tensor[], evaluate: (now: Tensor[]) => Tensor): number {
  const differentiate = tf.valueAndGrads(((...now: Tensor[]) => evaluate(now)) as never);
  const sizes = start.map((one) =>
    Math.max(0.1, heapView(tf, tf.sqrt(tf.mean(tf.square(one))))[0])
  );
  let now = start;
  let first = start.map((one) => tf.zerosLike(one)), second = first;
  let least = Infinity;
  for (let step = 1; step <= STEPS; step++) {
    const { value, grads } = differentiate(now as never);
    const loss = heapView(tf, value as Tensor)[0];
    if (!Number.isFinite(loss)) break;
    least = Math.min(least, loss);
    const moment = (before: Tensor[], decay: number, now: (gradient: Tensor) => Tensor) =>
      before.map((one, i) =>
        tf.add(tf.mul(one, decay), tf.mul(now(grads[i]), 1 - decay)) as Tensor
      );
    first = moment(first, DECAY.first, (gradient) => gradient);
    second = moment(second, DECAY.second, (gradient) => tf.square(gradient));
    now = now.map((one, i) => {
      const size = tf.sqrt(tf.div(second[i], 1 - DECAY.second ** step));
      const direction = tf.div(tf.div(first[i], 1 - DECAY.first ** step), tf.add(size, 1e-8));
      return tf.sub(one, tf.mul(direction, RATE * sizes[i])) as Tensor;
    });
  }
  return least;
}
