import { assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { classLosses } from "../../../src/core/model/torch_losses.ts";

const CLASSES = 5;

/** Logits of which some shares are 0 in float32, a row is certain, and one is ignored. */
const LOGITS = [
  [0.5, -1.25, 2, 0, 0.75],
  [200, 0, -200, 3, 199],
  [1, 1, 1, 1, 1],
  [-3, 12, -4, 0.5, 2],
  [-200, 5, 200, 0, 1],
].flat();
const LABELS = [3, 2, -100, 1, 4];
const WEIGHTS = [1, 2, 0.5, 3, 0.25];

/** Returns the loss of each row in float64. */
function expectedLosses(logits: readonly number[]): number[] {
  return LABELS.map((label, row) => {
    if (label === -100) return 0;
    const own = logits.slice(row * CLASSES, (row + 1) * CLASSES);
    const most = Math.max(...own);
    const sum = own.reduce((sum, logit) => sum + Math.exp(logit - most), 0);
    return WEIGHTS[label] * (most + Math.log(sum) - own[label]);
  });
}

function losses(tf: TensorFlow, rows: Tensor): Tensor {
  const weight = tf.tensor1d(WEIGHTS);
  const targets = { labels: LABELS, weight, ignored: -100, areLogits: true };
  return classLosses(tf, rows, targets).losses;
}

Deno.test("classLosses() of logits are those of float64, also of shares that float32 lacks", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const rows = tf.tensor2d(LOGITS, [LABELS.length, CLASSES]);
  const found = tf.tidy(() => losses(tf, rows));
  const values = [...found.dataSync()];
  expectedLosses(LOGITS).forEach((loss, row) => {
    assertAlmostEquals(values[row], loss, 1e-6 * Math.max(1, loss));
  });
});

Deno.test("classLosses() of logits have the slopes of float64, once and twice", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const rows = tf.tensor2d(LOGITS, [LABELS.length, CLASSES]);
  const slopesOf = tf.grad((x) => tf.sum(losses(tf, x as Tensor)));
  const slopes = [...slopesOf(rows).dataSync()];
  const sum = (logits: readonly number[]) => expectedLosses(logits).reduce((a, b) => a + b);
  const moved = (i: number, by: number) => LOGITS.with(i, LOGITS[i] + by);
  LOGITS.forEach((_, i) => {
    const slope = (sum(moved(i, 1e-4)) - sum(moved(i, -1e-4))) / 2e-4;
    assertAlmostEquals(slopes[i], slope, 1e-5);
  });
  const twice = tf.grad((x) => tf.sum(tf.square(slopesOf(x) as Tensor)));
  const steep = (logits: readonly number[]) => {
    const all = [...slopesOf(tf.tensor2d([...logits], [LABELS.length, CLASSES])).dataSync()];
    return all.reduce((total, slope) => total + slope ** 2, 0);
  };
  const second = twice(rows).dataSync();
  for (const i of [0, 2, 3, 19]) {
    assertAlmostEquals(second[i], (steep(moved(i, 1e-2)) - steep(moved(i, -1e-2))) / 2e-2, 1e-3);
  }
  assertEquals(second.slice(10, 15), new Float32Array(5));
});
