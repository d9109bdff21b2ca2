import { heapView } from "../engine/heap_view.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import { LOSSES } from "../model/objective.ts";

/** How far outputs fit the targets. */
export interface Fit {
  /** See `Attempt.fit`. */
  fit: number | null;
  /** See `Attempt.accuracy`. */
  accuracy: number | null;
}

/** What a batch can be fitted to. */
export interface FitScale {
  /** The loss of the best constant answer, or `null` where it is not known. */
  guess: number | null;
  /** Whether the targets can be fitted at all, as far as is known. */
  canBeFitted: boolean;
  /**
   * Places outputs on the scale.
   *
   * @param outputs What the model answers.
   * @param loss Its loss.
   */
  of(outputs: Tensor[], loss: number): Fit;
}

/** Weights that learning one random target by heart takes: with fewer, healthy networks fail to in 40 steps. */
const ROOM = 4;

/** From here on right answers are no luck: of 32 examples in ten classes, 17. */
const CLEAR = 0.5;

/** Losses of `tf.losses` that apply their own activation: what puts out these shares. */
const LOGITS: Readonly<Record<string, (tf: TensorFlow, shares: Tensor) => Tensor>> = {
  softmaxCrossEntropy: (tf, shares) => tf.log(shares),
  sigmoidCrossEntropy: (tf, shares) => tf.sub(tf.log(shares), tf.log(tf.sub(1, shares))),
};

/** Nearest share to 0 and 1 that has a logit in float32. */
const LEAST_SHARE = 1e-6;

/** Losses this near to each other, relatively, are the same: targets that are alike for every example. */
const SAME = 1e-6;

/**
 * The scale from the best constant answer to the targets themselves, of the loss: for the mean squared error
 * it is R2, for a cross-entropy the share of the targets' entropy that is explained. Where every target is a
 * class and most are classified right, the share of these counts if it is better, since a loss that does not go
 * with its head has another least value; a few right answers may be luck.
 *
 * Of a loss that has no name nothing is known but that it should fall: there the share of the right answers
 * counts, and without classes the scale goes from the first loss to 0.
 *
 * @param outputs What the model answers before it is trained.
 * @param targets One for each output.
 * @param drawn Whether they were drawn at random. These have to be learned by heart, which takes some weights for
 * each, and will not do for each position of each example.
 * @param first The loss of these answers.
 * @param weights How many trainable weights the model has.
 */
export function fitScale(
  tf: TensorFlow,
  objective: ResolvedObjective,
  { outputs, targets, drawn, first, weights }: {
    outputs: Tensor[];
    targets: Tensor[];
    drawn: boolean;
    first: number;
    weights: number;
  },
): FitScale {
  const trained = outputs.map((_, i) => i).filter((i) => objective.lossOf(i) !== null);
  const isNamed = trained.length > 0 &&
    trained.every((i) => {
      const loss = objective.lossOf(i)!;
      return Object.hasOwn(LOGITS, loss) || (LOSSES as readonly string[]).includes(loss);
    });
  const classes = trained.map((i) => classesOf(tf, targets[i], outputs[i], objective.lossOf(i)!));
  const areClasses = classes.length > 0 && classes.every((one) => one !== null);
  let guess: number | null = null, best = 0;
  if (isNamed) {
    const loss = (answers: Tensor[]) => tf.tidy(() => heapView(tf, objective.evaluate(answers))[0]);
    const answers = outputs.map((output, i) =>
      constantAndPerfect(tf, targets[i], output, objective.lossOf(i))
    );
    guess = loss(answers.map(({ constant }) => constant));
    best = loss(answers.map(({ perfect }) => perfect));
    tf.dispose(answers as never);
  }
  const lossFit = (loss: number): number | null => {
    const from = guess !== null && guess - best > SAME * Math.abs(guess) ? guess : first;
    if (!isNamed && areClasses) return null;
    return from > best && !(loss < best && !isNamed) ? (from - loss) / (from - best) : null;
  };
  return {
    guess,
    canBeFitted: !drawn || trained.every((i, k) =>
      hasOneRow(outputs[i]) &&
      ROOM * (classes[k]?.labels.length ?? outputs[i].size) <= weights
    ),
    of(outputs, loss) {
      if (!Number.isFinite(loss)) return { fit: null, accuracy: null };
      const shares = trained.map((i, k) =>
        classes[k] === null ? null : rightOf(tf, outputs[i], classes[k], objective.lossOf(i)!)
      );
      const all = shares.length > 0 && shares.every((share) => share !== null) ? shares : null;
      const byClass = all?.map((share, k) => relative(share, classes[k]!.majority)) ?? [];
      const byLoss = lossFit(loss);
      const right = byClass.length > 0 ? mean(byClass) : NaN;
      const counts = byLoss === null || right >= CLEAR;
      return {
        fit: counts && !Number.isNaN(right) ? Math.max(right, byLoss ?? right) : byLoss,
        accuracy: all === null ? null : mean(all),
      };
    },
  };
}

/** Whether there is one answer for an example, rather than one for each of its positions. */
const hasOneRow = ({ shape }: Tensor) =>
  shape.slice(1, -1).reduce((product, length) => product * length, 1) === 1;

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** How far a share is from that of the most frequent class to 1. */
const relative = (share: number, majority: number) =>
  majority === 1 ? NaN : (share - majority) / (1 - majority);

/** The best constant answer to targets, the mean for each unit, and the answer that is right. */
function constantAndPerfect(
  tf: TensorFlow,
  target: Tensor,
  output: Tensor,
  loss: string | null,
): { constant: Tensor; perfect: Tensor } {
  return tf.tidy(() => {
    const { shape } = output;
    const perfect = tf.reshape(
      loss === "sparseCategoricalCrossentropy"
        ? tf.oneHot(tf.cast(tf.reshape(target, [target.size]), "int32"), shape.at(-1)!)
        : target,
      shape,
    );
    const answers = tf.cast(perfect, "float32");
    const means = tf.mean(answers, shape.map((_, axis) => axis).slice(0, -1));
    const constant = tf.add(tf.zerosLike(answers), means);
    if (loss === null || !Object.hasOwn(LOGITS, loss)) return { constant, perfect: answers };
    const logits = (shares: Tensor) =>
      LOGITS[loss](tf, tf.clipByValue(shares, LEAST_SHARE, 1 - LEAST_SHARE));
    return { constant: logits(constant), perfect: logits(answers) };
  });
}

/** The classes that targets name. */
interface Classes {
  /** One for each row. */
  labels: Int32Array;
  /** How many there are; 2 for one unit that is on or off. */
  units: number;
  /** Share of the most frequent. */
  majority: number;
}

/** The classes, where every target is one: by its number, as one of several units, or as 0 or 1. */
function classesOf(tf: TensorFlow, target: Tensor, output: Tensor, loss: string): Classes | null {
  const units = output.shape.at(-1) ?? 1;
  const rows = output.size / units;
  const values = heapView(tf, target);
  const labels = new Int32Array(rows);
  if (target.size === rows && (units === 1 || loss === "sparseCategoricalCrossentropy")) {
    for (let row = 0; row < rows; row++) {
      if (units === 1 && values[row] !== 0 && values[row] !== 1) return null;
      labels[row] = values[row];
    }
  } else {
    if (target.size !== output.size) return null;
    for (let row = 0; row < rows; row++) {
      const own = values.subarray(row * units, (row + 1) * units);
      labels[row] = own.indexOf(1);
      if (labels[row] === -1 || own.some((value, unit) => unit !== labels[row] && value !== 0)) {
        return null;
      }
    }
  }
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return { labels, units, majority: Math.max(...counts.values()) / rows };
}

/** The share of the rows whose class is answered right. */
function rightOf(
  tf: TensorFlow,
  output: Tensor,
  { labels, units }: Classes,
  loss: string,
): number {
  const values = heapView(tf, output);
  const half = Object.hasOwn(LOGITS, loss) ? 0 : 0.5;
  let right = 0;
  for (let row = 0; row < labels.length; row++) {
    if (units === 1) {
      if (Number(values[row] > half) === labels[row]) right++;
      continue;
    }
    let most = 0;
    for (let unit = 1; unit < units; unit++) {
      if (values[row * units + unit] > values[row * units + most]) most = unit;
    }
    if (most === labels[row]) right++;
  }
  return right / labels.length;
}
