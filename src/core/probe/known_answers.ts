import { heapView } from "../../engine/heap/heap.ts";
import type { LayersModel, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { chooseLoss } from "../measure/choose_objective.ts";
import { inSameState } from "../measure/keep_state.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import type { Batch } from "../model/batches/batch.ts";
import { classAxisOf, sizeOf } from "../model/layers/shapes.ts";
import { classesSecond, lossTargets, oneHot } from "../model/loss_functions.ts";
import type { Objective } from "../model/objective.ts";
import { ignoredClassOf, lossTraits } from "../../ground/traits/losses.ts";

/** Evaluates a loss on answers, one for each output. */
type LossOf = (answers: Tensor[]) => number;

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
function bestConstants(
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

/** Returns the number of units of outputs or targets, of which one has no axis of its own. */
export const unitsOf = ({ shape }: Pick<Tensor, "shape">): number =>
  shape.length < 2 ? 1 : shape.at(-1)!;

/** Returns the given quantile of each unit's targets, repeated for every example. */
function quantile(tf: TensorFlow, targets: Tensor, share: number): Tensor {
  const units = unitsOf(targets);
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

/** Logits that a loss's own activation turns into these shares. */
const LOGITS: Record<"softmax" | "sigmoid", (tf: TensorFlow, shares: Tensor) => Tensor> = {
  softmax: (tf, shares) => tf.log(shares),
  sigmoid: (tf, shares) => tf.sub(tf.log(shares), tf.log(tf.sub(1, shares))),
};

/** Distance from 0 and 1 within which a share has no logit in float32. */
const LEAST_SHARE = 1e-6;

/**
 * Losses this close to each other, relatively, are equal: the targets are alike for every example.
 */
export const SAME = 1e-6;

/** Known answers under named losses. */
interface KnownAnswers {
  /** Loss of the best constant answers. */
  guess: number;
  /** Loss of the targets themselves. */
  best: number;
  /** True if the targets of some output differ between examples. */
  vary: boolean;
  /**
   * Places each output on the scale, with all others perfect: 1 if the loss does not depend on it.
   */
  fitsOf(outputs: Tensor[]): number[];
}

/**
 * Returns the known answers under named losses.
 *
 * @param batch `trained`: indices of the outputs that have a loss.
 */
export function knownAnswers(
  tf: TensorFlow,
  objective: ResolvedObjective,
  { outputs, targets, trained }: {
    outputs: Tensor[];
    targets: Tensor[];
    trained: readonly number[];
  },
): KnownAnswers {
  const lossOf: LossOf = (answers) => tf.tidy(() => heapView(tf, objective.evaluate(answers))[0]);
  const answers = () =>
    outputs.map((output, i) =>
      constantAndPerfect(tf, { target: targets[i], output }, {
        loss: objective.lossOf(i),
        settings: objective.settingsOf(i),
      })
    );
  const all = answers();
  const perfect = all.map(({ perfect }) => perfect);
  const losses = outputs.map((_, i) => objective.lossOf(i));
  const means = all.map(({ constant }) => constant);
  const constants = bestConstants(tf, { means, targets: perfect, losses }, lossOf);
  const guess = lossOf(constants), best = lossOf(perfect);
  const floors = trained.map((i) => lossOf(perfect.with(i, constants[i])));
  const vary = perfect.some((one) => differs(tf, one));
  tf.dispose([...constants, ...perfect]);
  return {
    guess,
    best,
    vary,
    fitsOf(outputs) {
      const made = answers();
      const perfect = made.map(({ perfect }) => perfect);
      const fits = trained.map((i, k) =>
        floors[k] - best > SAME * Math.abs(floors[k])
          ? (floors[k] - lossOf(perfect.with(i, outputs[i]))) / (floors[k] - best)
          : 1
      );
      tf.dispose(made as never);
      return fits;
    },
  };
}

/** Returns true if not all examples of a tensor are equal. */
export function differs(tf: TensorFlow, given: Tensor): boolean {
  return tf.tidy(() => {
    const values = tf.cast(given, "float32");
    return heapView(tf, tf.max(tf.abs(tf.sub(values, tf.mean(values, 0, true)))))[0] > SAME;
  });
}

/** Loss of an output. */
interface OutputLoss {
  loss: ReturnType<ResolvedObjective["lossOf"]>;
  settings: ReturnType<ResolvedObjective["settingsOf"]>;
}

/** Returns each unit's mean target as an answer, and the right answer. */
function constantAndPerfect(
  tf: TensorFlow,
  given: { target: Tensor; output: Tensor },
  of: OutputLoss,
): { constant: Tensor; perfect: Tensor } {
  return tf.tidy(() => {
    const { answers, axis } = rightAnswers(tf, given, of);
    // The only axis of one number per example is that of the examples.
    const others = answers.shape.map((_, i) => i).filter((i) => i !== axis || answers.rank === 1);
    const counted = countedRows(tf, given, { ...of, axis });
    const sum = tf.sum(counted === null ? answers : tf.mul(answers, counted), others, true);
    const rows = counted === null ? answers.size / sum.size : tf.sum(counted);
    const constant = tf.add(tf.zerosLike(answers), tf.div(sum, rows)) as Tensor;
    const convert = conversionOf(tf, of);
    return { constant: convert(constant), perfect: convert(answers) };
  });
}

/**
 * Returns 1 for each row that counts and 0 for one that the loss leaves out, with one entry on the
 * axis of the classes; `null` if all count.
 */
function countedRows(
  tf: TensorFlow,
  { target, output: { shape } }: { target: Tensor; output: Tensor },
  { loss, settings, axis }: OutputLoss & { axis: number },
): Tensor | null {
  const ignored = lossTraits(loss)?.targets === "classes" ? ignoredClassOf(loss, settings) : null;
  if (ignored === null) return null;
  const counts = tf.notEqual(tf.cast(target, "float32"), ignored);
  return tf.reshape(tf.cast(counts, "float32"), shape.with(axis, 1));
}

/** Returns the targets in the shape of the output: classes as shares, on their axis. */
function rightAnswers(
  tf: TensorFlow,
  { target, output }: { target: Tensor; output: Tensor },
  { loss, settings }: OutputLoss,
): { answers: Tensor; axis: number } {
  const { shape } = output;
  const areClasses = lossTraits(loss)?.targets === "classes";
  const last = shape.length - 1;
  const axis = areClasses ? classAxisOf(shape, target.shape, loss) : settings?.classAxis ?? last;
  const options = axis === last ? settings : settings && { ...settings, classAxis: 1 as const };
  const hot = () => {
    const ends = { shape: [...shape.toSpliced(axis, 1), shape[axis]] };
    const shares = oneHot(tf, target, ends);
    return axis === last ? shares : classesSecond(tf, shares);
  };
  const shares = tf.cast(areClasses ? hot() : inShape(tf, target, shape), "float32");
  // No answer comes closer to smoothed targets than those targets themselves.
  const answers = options === null ? shares : lossTargets(tf, shares, output, options);
  return { answers, axis };
}

/** Returns targets in the shape of an output, also if a loss broadcasts one against the other. */
function inShape(tf: TensorFlow, target: Tensor, shape: number[]): Tensor {
  if (target.size === sizeOf(shape)) return tf.reshape(target, shape);
  // An entry of the output that is compared with several targets is best at their mean.
  const { rank } = target;
  const shared = target.shape.map((_, axis) => axis)
    .filter((axis) => (shape.at(axis - rank) ?? 1) === 1 || axis - rank + shape.length < 0);
  const means = tf.mean(tf.cast(target, "float32"), shared, true);
  const own = tf.reshape(means, means.shape.slice(-shape.length));
  return tf.broadcastTo(own, shape);
}

/** Returns the function that turns targets into the outputs that a loss takes. */
function conversionOf(
  tf: TensorFlow,
  { loss, settings }: OutputLoss,
): (answers: Tensor) => Tensor {
  const traits = lossTraits(loss);
  if (traits?.answer === "logarithm") {
    const areSuch = settings?.takesLogs === false || settings?.logTargets === true;
    return (answers) => areSuch ? answers : tf.log(tf.maximum(answers, LEAST_SHARE));
  }
  if (traits?.logits === undefined) return (answers) => answers;
  const toLogits = LOGITS[traits.logits];
  return (answers) => toLogits(tf, tf.clipByValue(answers, LEAST_SHARE, 1 - LEAST_SHARE));
}

/**
 * Returns the loss of the best constant answer, which uses no input, on the targets of a batch.
 *
 * @returns `null` without targets, for losses without a name, and if all targets are equal.
 */
export function constantAnswerLoss(
  tf: TensorFlow,
  model: LayersModel,
  { batch, objective }: { batch: Batch; objective: Objective | undefined },
): number | null {
  if (batch.targets == null || typeof objective === "function" || objective === "sum") return null;
  const targets = [batch.targets].flat() as Tensor[];
  const chosen = chooseLoss(tf, model, { objective, targets, seed: 1 });
  const trained = model.outputs.map((_, i) => i)
    .filter((i) => chosen.objective.lossOf(i) !== null);
  const isNamed = trained.every((i) => lossTraits(chosen.objective.lossOf(i)) !== null);
  if (chosen.drawn !== null || trained.length === 0 || !isNamed) {
    tf.dispose(chosen.drawn as never);
    return null;
  }
  const run = () => [model.predict(batch.inputs as Tensor)].flat() as Tensor[];
  const outputs = inSameState(tf, model.layers, run);
  const { guess, vary } = knownAnswers(tf, chosen.objective, { outputs, targets, trained });
  tf.dispose(outputs);
  return vary && Number.isFinite(guess) ? guess : null;
}
