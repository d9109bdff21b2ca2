import { heapView } from "../../engine/heap/heap.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import type { LossSettings } from "../model/objective.ts";
import { mean } from "../../ground/theory/statistics.ts";
import { ignoredClassOf, lossTraits } from "../../ground/traits/losses.ts";
import { constantLoss, differs, knownAnswers, SAME, unitsOf } from "./known_answers.ts";
import { WEIGHTS_PER_TARGET } from "./probe_options.ts";

/** Fit of outputs to the targets. */
export interface Fit {
  /** See `Attempt.fit`. */
  fit: number | null;
  /** See `Attempt.accuracy`. */
  accuracy: number | null;
  /** Index of the output with the worst fit, if there are several. */
  least?: number;
}

/** Scale on which outputs are placed, from guessing to a perfect fit. */
export interface FitScale {
  /** Loss of the best constant answer, or `null` if unknown. */
  guess: number | null;
  /** False if the targets are known to be impossible to fit. */
  canBeFitted: boolean;
  /** True if the loss is the same for other targets. */
  ignoresTargets: boolean;
  /**
   * Places outputs on the scale.
   *
   * @param outputs The model's outputs.
   */
  of(outputs: Tensor[], loss: number): Fit;
}

/** From here on, right answers are clear: 17 of 32 examples in ten classes. */
const CLEAR = 0.5;

/**
 * Right answers are luck if guessing gets as many with at least this probability: 26 of 32 in two
 * classes. Moving one boundary through 32 points is enough for that: of six networks of
 * `bench/trainability` that counted as learning by such answers and take at least 80 steps more to
 * get beyond them, if they do, four fail as compiled, one is slow and one trains.
 */
const LUCK = 1e-4;

/**
 * If the loss is more than this many times that of the best constant answer, few wrong answers make
 * up most of it, and it says nothing about the right ones.
 */
const FAR = 2;

/**
 * A loss above this share of the first has not fallen: right answers are then luck, or belong to
 * another loss.
 */
const FALLEN = 0.98;

/**
 * Returns the scale of the loss from the best constant answer to the targets themselves: for the
 * mean squared error it is R2, for a cross-entropy the explained share of the targets' entropy. If
 * every target is a class and most are classified right, the accuracy counts if it is better, since
 * a loss that does not suit its head has another minimum; a few right answers may be luck. It does
 * not count unless the loss falls. It need not beat guessing as well: of eight even seeds of
 * `bench/trainability` whose classes were right by then, while a head too large kept the loss above
 * it, seven train and one is slow.
 *
 * An unnamed loss is only known to have to fall: its scale goes from the best constant answer to 0,
 * or from the first loss if that answer is unknown, or all targets are alike or ignored; if neither
 * helps, the classes decide. A first loss above that of zeros does not count: kernels drawn too large
 * need only shrink to come down to it, and embeddings need only collapse.
 *
 * @param outputs Outputs of the untrained model.
 * @param targets One per output.
 * @param drawn True if they were drawn at random. Such targets must be memorised, which takes some
 * weights for each, and does not work for each position of each example.
 * @param first Loss of these outputs.
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
    trained.every((i) => lossTraits(objective.lossOf(i)) !== null);
  const differ = targets.some((target) => differs(tf, target));
  const ignoresTargets = !isNamed && differ && isSameForOthers(tf, objective, { outputs, targets });
  const classes = trained.map((i) =>
    ignoresTargets ? null : classesOf(tf, { target: targets[i], output: outputs[i] }, {
      loss: objective.lossOf(i)!,
      settings: objective.settingsOf(i),
    })
  );
  const areClasses = classes.length > 0 && classes.every((one) => one !== null);
  const known = isNamed ? knownAnswers(tf, objective, { outputs, targets, trained }) : null;
  const vary = known?.vary ?? (differ && !ignoresTargets);
  // Identical targets count as none: only the inputs tell the examples apart.
  const guess = known?.guess ??
    (vary
      ? constantLoss(tf, (answers) => objective.evaluate(answers), { outputs, targets })
      : null);
  const given = { guess, best: known?.best ?? 0, first, vary, isNamed, areClasses };
  const byLoss = fromZeros(given, () => lossOfZeros(tf, objective, outputs));
  const least = classes.map((one) => one === null ? 0 : shareBeyondLuck(one));
  const fitOf = (outputs: Tensor[], loss: number, { hasFallen, isFirst }: Moved): Fit => {
    const shares = trained.map((i, k) =>
      classes[k] === null ? null : rightOf(tf, outputs[i], classes[k], objective.lossOf(i)!)
    );
    const all = shares.length > 0 && shares.every((share) => share !== null) ? shares : null;
    const isNear = guess !== null && loss <= FAR * guess;
    const byClass = (share: number | null, k: number) => {
      // Before the first step, nothing but their number tells right answers from luck.
      const isBounded = isFirst || isNear && least[k] <= 1;
      if (share === null || !hasFallen || isBounded && share < least[k]) return NaN;
      return relative(share, classes[k]!.majority);
    };
    const accuracy = all === null ? null : mean(all);
    if (trained.length > 1 && known !== null) {
      const fits = known.fitsOf(outputs).map((fit, k) => better(byClass(shares[k], k), fit));
      // A model has learned only as much as its worst head.
      const fit = Math.min(...fits);
      return { fit, accuracy, least: trained[fits.indexOf(fit)] };
    }
    const right = all === null ? NaN : mean(all.map(byClass));
    return { fit: better(right, lossFit(loss, byLoss)), accuracy };
  };
  const canBeFitted = !drawn || ignoresTargets ||
    trained.every((i, k) => canMemorise(outputs[i], classes[k], weights));
  return { guess, canBeFitted, ignoresTargets, of: sinceFirst(first, outputs, fitOf) };
}

/**
 * Returns true if a loss is the same for other targets: if the network itself computes the loss, or it needs no labels.
 * The targets are reversed and reflected, so that labels of 0 and 1 remain such. The outputs are made to differ, since
 * many a loss is the same for all labels where all answers are.
 */
function isSameForOthers(
  tf: TensorFlow,
  objective: ResolvedObjective,
  { outputs, targets }: { outputs: Tensor[]; targets: Tensor[] },
): boolean {
  const answers = outputs.map((output) => tf.tidy(() => spread(tf, output)));
  const lossOf = (others: Tensor[]) => heapView(tf, objective.evaluate(answers, others))[0];
  const others = [
    (target: Tensor) => tf.reverse(target, 0),
    (target: Tensor) => tf.sub(tf.onesLike(target), target) as Tensor,
  ];
  try {
    return tf.tidy(() => {
      const loss = lossOf(targets);
      return Number.isFinite(loss) &&
        others.every((change) => lossOf(targets.map(change)) === loss);
    });
  } catch {
    // Other targets than the loss can take.
    return false;
  } finally {
    tf.dispose(answers);
  }
}

/** Moves each entry of an output by another amount; shares remain between 0 and 1. */
function spread(tf: TensorFlow, output: Tensor): Tensor {
  const steps = tf.mul(tf.range(1, output.size + 1), 0.618);
  const shift = tf.reshape(tf.sub(steps, tf.floor(steps)), output.shape);
  return tf.add(tf.mul(output, tf.add(0.5, tf.mul(shift, 0.4))), tf.mul(shift, 0.05)) as Tensor;
}

/** Scale of a loss, from guessing to a perfect fit. */
interface LossScale {
  guess: number | null;
  best: number;
  /** The first loss, or that of zeros if it is less. */
  first: number;
  /** True if the targets differ between examples. */
  vary: boolean;
  /** True if every output that is trained has a named loss. */
  isNamed: boolean;
  /** True if every target is a class. */
  areClasses: boolean;
}

/** Returns true if the best constant answer is worse than a perfect one. */
const hasRoom = <Scale extends LossScale>(scale: Scale): scale is Scale & { guess: number } =>
  scale.guess !== null && scale.guess - scale.best > SAME * Math.abs(scale.guess);

/** Returns a scale that begins at the loss of zeros, if it has no guess and starts above that. */
function fromZeros(scale: LossScale, lossOfZeros: () => number): LossScale {
  const zero = hasRoom(scale) ? NaN : lossOfZeros();
  return zero > scale.best ? { ...scale, first: Math.min(scale.first, zero) } : scale;
}

/** Returns the loss of outputs of 0; `NaN` if the loss does not take them. */
function lossOfZeros(tf: TensorFlow, objective: ResolvedObjective, outputs: Tensor[]): number {
  try {
    return tf.tidy(() => {
      const zeros = outputs.map((output) => tf.zerosLike(output));
      return heapView(tf, objective.evaluate(zeros))[0];
    });
  } catch {
    return NaN;
  }
}

/** Places a loss on its scale; `null` if the scale has no room. */
function lossFit(loss: number, scale: LossScale): number | null {
  const { best, vary, isNamed, areClasses } = scale;
  // If no constant answer leaves room, a loss that can tell the targets apart has another scale.
  if (!hasRoom(scale) && vary && (isNamed || areClasses)) return null;
  const from = hasRoom(scale) ? scale.guess : scale.first;
  return from > best && !(loss < best && !isNamed) ? (from - loss) / (from - best) : null;
}

/** Movement of the loss since the first. */
interface Moved {
  /** True if it has fallen. */
  hasFallen: boolean;
  /** True before the first step, when it need not fall. Default: false. */
  isFirst?: boolean;
}

/**
 * Returns a function that places outputs on the scale by how the loss moved since the first.
 *
 * @param first Loss of the untrained model.
 * @param fitOf Places outputs whose loss has fallen, or not.
 */
function sinceFirst(
  first: number,
  outputs: Tensor[],
  fitOf: (outputs: Tensor[], loss: number, moved: Moved) => Fit,
): FitScale["of"] {
  // A model that already knows its batch need not improve.
  const start = Number.isFinite(first)
    ? fitOf(outputs, first, { hasFallen: true, isFirst: true }).fit
    : null;
  const knowsBatch = start !== null && start >= CLEAR;
  return (outputs, loss) => {
    if (!Number.isFinite(loss)) return { fit: null, accuracy: null };
    const falls = loss < first || knowsBatch;
    const found = fitOf(outputs, loss, { hasFallen: loss < FALLEN * first || knowsBatch });
    // A loss that rises never counts as learning, however many examples are classified right.
    return falls || found.fit === null ? found : { ...found, fit: Math.min(found.fit, 0) };
  };
}

/**
 * Returns the fit by classes if it is clear and better, or the only one; else the fit by the loss.
 */
function better<Loss extends number | null>(right: number, byLoss: Loss): number | Loss {
  const counts = !Number.isNaN(right) && (byLoss === null || right >= CLEAR);
  return counts ? Math.max(right, byLoss ?? right) : byLoss;
}

/** Returns true if there are enough weights for each drawn target of an output. */
const canMemorise = (output: Tensor, classes: Classes | null, weights: number) =>
  hasOneRow(output) && WEIGHTS_PER_TARGET * (classes?.labels.length ?? output.size) <= weights;

/** True if each example has one answer, rather than one per position. */
const hasOneRow = ({ shape }: Tensor) => shape.slice(1, -1).every((length) => length === 1);

/** Maps an accuracy from [share of the most frequent class, 1] to [0, 1]. */
const relative = (share: number, majority: number) =>
  majority === 1 ? NaN : (share - majority) / (1 - majority);

/**
 * Returns the share of the rows that guessing does not reach by luck; `Infinity` if even all of them
 * may be right by luck, as of 13 in two classes. A guess is right with the share of its class, which
 * is at most that of the most frequent one. So as many right answers have at most the probability that
 * a binomial distribution with this share gives them: 5 / 16 for 3 of 4 in two classes.
 */
function shareBeyondLuck({ rows, majority }: Pick<Classes, "rows" | "majority">): number {
  let chance = majority ** rows;
  let tail = chance;
  let right = rows;
  if (tail >= LUCK) return Infinity;
  while (tail < LUCK && chance > 0) {
    chance *= right / (rows - right + 1) * (1 - majority) / majority;
    right--;
    tail += chance;
  }
  return chance > 0 ? (right + 1) / rows : 0;
}

/** Classes that targets name. */
interface Classes {
  /** Class of each row; -1 if the loss leaves it out. */
  labels: Int32Array;
  /** Number of classes; 2 for a single binary unit. */
  units: number;
  /** Number of rows that count. */
  rows: number;
  /** Share of the most frequent class. */
  majority: number;
}

const LEFT_OUT = -1;

/** Returns the classes if every target is one: as a number, one-hot, or as 0 or 1. */
function classesOf(
  tf: TensorFlow,
  { target, output }: { target: Tensor; output: Tensor },
  { loss, settings }: { loss: string; settings: LossSettings | null },
): Classes | null {
  const kind = lossTraits(loss)?.targets;
  // Under a loss on -1 and 1, 0 is not a class.
  if (kind === "signs") return null;
  const units = unitsOf(output);
  const rows = output.size / units;
  const values = heapView(tf, target);
  const labels = new Int32Array(rows);
  const ignored = ignoredClassOf(loss, settings);
  if (target.size === rows && (units === 1 || kind === "classes")) {
    for (let row = 0; row < rows; row++) {
      if (units === 1 && values[row] !== 0 && values[row] !== 1) return null;
      labels[row] = values[row] === ignored ? LEFT_OUT : values[row];
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
  const known = labels.filter((label) => label !== LEFT_OUT);
  for (const label of known) counts.set(label, (counts.get(label) ?? 0) + 1);
  if (known.length === 0) return null;
  return {
    labels,
    units,
    rows: known.length,
    majority: Math.max(...counts.values()) / known.length,
  };
}

/** Returns the share of the rows that are classified right. */
function rightOf(
  tf: TensorFlow,
  output: Tensor,
  { labels, units, rows }: Classes,
  loss: string,
): number {
  const values = heapView(tf, output);
  const half = lossTraits(loss)?.logits !== undefined ? 0 : 0.5;
  let right = 0;
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] === LEFT_OUT) continue;
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
  return right / rows;
}
