/**
 * A recurrent network that reads a wave step by step and says how it goes on:
 *
 *     deno run -A mod.ts report examples/lstm.ts
 */
import type { ModelModule } from "@gradient-health/gradient-health/model";

const STEPS = 24;

export const objective: ModelModule["objective"] = "meanSquaredError";

export const createModel: ModelModule["createModel"] = ({ tf }) =>
  tf.sequential({
    name: "forecaster",
    layers: [
      // The defaults of an LSTM are healthy ones: an orthogonal recurrent kernel keeps the gradient's
      // size over the steps, and a bias of 1 keeps the forget gate open.
      tf.layers.lstm({ name: "lstm_1", units: 32, returnSequences: true, inputShape: [STEPS, 1] }),
      tf.layers.lstm({ name: "lstm_2", units: 32 }),
      tf.layers.dense({ name: "next", units: 1 }),
    ],
  });

/** Sine waves that start anywhere and take 10 to 30 steps a turn; the target is the step after the last. */
export const createBatch: NonNullable<ModelModule["createBatch"]> = ({ tf, examples }) =>
  tf.tidy(() => {
    const start = tf.randomUniform([examples, 1], 0, 2 * Math.PI);
    const period = tf.randomUniform([examples, 1], 10, 30);
    const turns = tf.div(tf.range(0, STEPS + 1), period);
    const waves = tf.sin(tf.add(start, tf.mul(turns, 2 * Math.PI)));
    const [seen, next] = tf.split(waves, [STEPS, 1], 1);
    return { inputs: tf.expandDims(seen, 2), targets: next };
  });
