import type { Engine } from "../engine/engine.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import { type PassSubject, withPass } from "./run_pass.ts";
import type { PassPlan } from "./plan_pass.ts";
import type { Viewers } from "./tap.ts";

/**
 * Tensors that the caller frees, all at once by `using` or `tf.dispose`, or one by one. An array: `map` and the
 * others work on it, and give plain arrays.
 */
export interface TakenTensors<Row extends { tensor: Tensor }>
  extends ReadonlyArray<Row>, Disposable {}

/**
 * Runs a pass for its tensors. Where it throws, none of them is left.
 *
 * @param engine A running engine.
 * @param subject What is run.
 * @param view Says who looks at what, and returns the rows once the pass is over; `keep` keeps a tensor that is shown.
 */
export function takeTensors<Row extends { tensor: Tensor }>(
  engine: Engine,
  subject: PassSubject,
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
    return Object.defineProperty(rows, Symbol.dispose, { value: dispose }) as
      & typeof rows
      & Disposable;
  } catch (error) {
    tf.dispose(kept);
    throw error;
  }
}
