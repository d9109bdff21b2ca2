import { heapView } from "../engine/heap_view.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { ResolvedObjective } from "../measure/resolve_objective.ts";
import { lossTraits } from "../traits/losses.ts";
import { constantLoss } from "./constant_answers.ts";
import { differs, knownAnswers, SAME } from "./known_answers.ts";
import { WEIGHTS_PER_TARGET } from "./weights_per_target.ts";

/** How far outputs fit the targets. */
export interface Fit {
  /** See `Attempt.fit`. */
  fit: number | null;
  /** See `Attempt.accuracy`. */
  accuracy: number | null;
  /** The place of the output that is fitted least, where there are several. */
  least?: number;
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

/** From here on right answers are no luck: of 32 examples in ten classes, 17. */
const CLEAR = 0.5;

/** A loss above this share of the first has not fallen: then right answers are luck, or the loss is not theirs. */
const FALLEN = 0.98;

/**
 * The scale from the best constant answer to the targets themselves, of the loss: for the mean squared error
 * it is R2, for a cross-entropy the share of the targets' entropy that is explained. Where every target is a
 * class and most are classified right, the share of these counts if it is better, since a loss that does not go
 * with its head has another least value; a few right answers may be luck. It does not count unless the loss falls. It need not
 * beat guessing as well: of eight even seeds of `bench/trainability` whose classes were right by then, while a head too
 * large kept the loss above it, seven train and one is slow.
 *
 * Of a loss that has no name nothing is known but that it should fall: its scale goes from that of the best constant
 * answer to 0, or from the first loss where that is not known or all targets are alike; where neither says
 * anything, the classes do.
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
    trained.every((i) => lossTraits(objective.lossOf(i)) !== null);
  const classes = trained.map((i) => classesOf(tf, targets[i], outputs[i], objective.lossOf(i)!));
  const areClasses = classes.length > 0 && classes.every((one) => one !== null);
  const known = isNamed ? knownAnswers(tf, objective, outputs, targets, trained) : null;
  const vary = known?.vary ?? targets.some((target) => differs(tf, target));
  // Where all targets are alike, they stand for none: what there is to learn is in the inputs.
  const guess = known?.guess ??
    (vary
      ? constantLoss(tf, (answers) => objective.evaluate(answers), { outputs, targets })
      : null);
  const best = known?.best ?? 0;
  const lossFit = (loss: number): number | null => {
    const hasRoom = guess !== null && guess - best > SAME * Math.abs(guess);
    // Where no constant answer leaves room, a loss that can tell the targets apart has another scale.
    if (!hasRoom && vary && (isNamed || areClasses)) return null;
    const from = hasRoom ? guess : first;
    return from > best && !(loss < best && !isNamed) ? (from - loss) / (from - best) : null;
  };
  const fitOf = (outputs: Tensor[], loss: number, hasFallen: boolean): Fit => {
    const shares = trained.map((i, k) =>
      classes[k] === null ? null : rightOf(tf, outputs[i], classes[k], objective.lossOf(i)!)
    );
    const all = shares.length > 0 && shares.every((share) => share !== null) ? shares : null;
    const byClass = (share: number | null, k: number) =>
      share === null || !hasFallen ? NaN : relative(share, classes[k]!.majority);
    const accuracy = all === null ? null : mean(all);
    if (trained.length > 1 && known !== null) {
      // A model has learned what the least of its heads has.
      const fits = known.fitsOf(outputs).map((fit, k) => better(byClass(shares[k], k), fit));
      const fit = Math.min(...fits);
      return { fit, accuracy, least: trained[fits.indexOf(fit)] };
    }
    const right = all === null ? NaN : mean(all.map(byClass));
    return { fit: better(right, lossFit(loss)), accuracy };
  };
  // A model that knows its batch already need not get better.
  const start = Number.isFinite(first) ? fitOf(outputs, first, true).fit : null;
  const knowsBatch = start !== null && start >= CLEAR;
  return {
    guess,
    canBeFitted: !drawn || trained.every((i, k) =>
      hasOneRow(outputs[i]) &&
      WEIGHTS_PER_TARGET * (classes[k]?.labels.length ?? outputs[i].size) <= weights
    ),
    of(outputs, loss) {
      if (!Number.isFinite(loss)) return { fit: null, accuracy: null };
      const falls = loss < first || knowsBatch;
      const found = fitOf(outputs, loss, loss < FALLEN * first || knowsBatch);
      // A loss that rises never learns, however many examples are classified right.
      return falls || found.fit === null ? found : { ...found, fit: Math.min(found.fit, 0) };
    },
  };
}

/** The fit by classes where it is clear and better, or where there is no other; else that by the loss. */
function better<Loss extends number | null>(right: number, byLoss: Loss): number | Loss {
  const counts = !Number.isNaN(right) && (byLoss === null || right >= CLEAR);
  return counts ? Math.max(right, byLoss ?? right) : byLoss;
}

/** Whether there is one answer for an example, rather than one for each of its positions. */
const hasOneRow = ({ shape }: Tensor) =>
  shape.slice(1, -1).reduce((product, length) => product * length, 1) === 1;

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** How far a share is from that of the most frequent class to 1. */
const relative = (share: number, majority: number) =>
  majority === 1 ? NaN : (share - majority) / (1 - majority);

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
  const kind = lossTraits(loss)?.targets;
  // To a loss that tells -1 from 1, 0 is no class.
  if (kind === "signs") return null;
  const units = output.shape.at(-1) ?? 1;
  const rows = output.size / units;
  const values = heapView(tf, target);
  const labels = new Int32Array(rows);
  if (target.size === rows && (units === 1 || kind === "classes")) {
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
  const half = lossTraits(loss)?.logits !== undefined ? 0 : 0.5;
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
