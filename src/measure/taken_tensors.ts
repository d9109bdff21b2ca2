import type { Engine } from "../engine/engine.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { formatCount, formatShare } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import { type PassSubject, withPass } from "./run_pass.ts";
import { statistics } from "./statistics.ts";
import type { PassPlan } from "./plan_pass.ts";
import type { Viewers } from "./tap.ts";

/**
 * Tensors that the caller frees, all at once by `using` or `tf.dispose`, or one by one. An array,
 * whose methods such as `map` return plain arrays.
 */
export interface TakenTensors<Row extends { tensor: Tensor }>
  extends ReadonlyArray<Row>, Disposable {}

/** Words for tensors in their overview. */
export interface TensorWords<Row> {
  /** Noun for one of them: `gradient`. */
  noun: string;
  /** Name of the mean of their magnitudes. */
  mean: string;
  /** Returns the name of a row. */
  nameOf: (row: Row) => string;
}

/**
 * Runs a pass to collect tensors. If it throws, all of them are freed.
 *
 * @param engine A running engine.
 * @param subject The model, the batch and the options.
 * @param words Words for the tensors in their overview.
 * @param view Chooses the observers, and returns the rows once the pass is over; `keep` keeps a
 * tensor that is shown.
 */
export function takeTensors<Row extends { tensor: Tensor }>(
  engine: Engine,
  subject: PassSubject,
  words: TensorWords<Row>,
  view: (
    plan: PassPlan,
    keep: (tensor: Tensor) => Tensor,
  ) => { viewers: Viewers; rows: () => Row[] },
): TakenTensors<Row> {
  const { tf } = engine;
  const kept: Tensor[] = [];
  const keep = (tensor: Tensor) => {
    // A clone shares the entries: TensorFlow.js frees them with the last tensor that has them.
    const own = tf.keep(tensor.clone());
    kept.push(own);
    return own;
  };
  try {
    const rows = withPass(engine, subject, (pass, plan) => {
      const { viewers, rows } = view(plan, keep);
      pass.show(viewers);
      return rows();
    });
    const dispose = () => tf.dispose(rows.map(({ tensor }) => tensor));
    withOverview(rows, () => overviewOf(rows, words), {
      of: "values",
      given: () => ({
        title: words.mean,
        bars: rows.map((row) => ({
          label: words.nameOf(row),
          value: figuresOf(row)?.meanAbs ?? null,
        })),
      }),
    });
    return Object.defineProperty(rows, Symbol.dispose, { value: dispose }) as
      & typeof rows
      & Disposable;
  } catch (error) {
    tf.dispose(kept);
    throw error;
  }
}

function overviewOf<Row extends { tensor: Tensor }>(
  rows: readonly Row[],
  { noun, mean, nameOf }: TensorWords<Row>,
): Overview {
  return {
    title: formatCount(rows.length, noun),
    columns: [noun, "shape", mean, "std", "largest", "zero"],
    rows: rows.map((row) => {
      const figures = figuresOf(row);
      const name = nameOf(row);
      if (figures === null) return [name, "disposed of", null, null, null, null];
      const { meanAbs, std, maxAbs, zeroFraction } = figures;
      const shape = `[${row.tensor.shape.join(", ")}]`;
      return [name, shape, meanAbs, std, maxAbs, formatShare(zeroFraction)];
    }),
  };
}

const figuresOf = ({ tensor }: { tensor: Tensor }) => tensor.isDisposed ? null : statistics(tensor);
