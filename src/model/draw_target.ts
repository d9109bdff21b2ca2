import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { activationTraits } from "../traits/activation_traits.ts";
import { lossTraits, type TargetKind } from "../traits/losses.ts";
import type { SeededRandom } from "./seeded_random.ts";

/** Draws one target of a loss, with `classes` entries, into `target`. */
type Draw = (random: SeededRandom, target: Float32Array, classes: number) => void;

const each = (draw: (random: SeededRandom) => number): Draw => (random, target) => {
  for (let i = 0; i < target.length; i++) target[i] = draw(random);
};

const oneHot: Draw = (random, target, classes) => {
  for (let i = 0; i < target.length; i += classes) target[i + random.integer(classes)] = 1;
};

const sign = each((random) => random.integer(2) * 2 - 1);

/** Draws within the range of a head's outputs: targets outside it would be a fault of the draw. */
function withinReach(head: string): Draw {
  const traits = activationTraits(head);
  // The outputs of a softmax depend on each other: drawing each entry separately does not fit.
  const [low, high] = traits === null || traits.curve === null
    ? [-Infinity, Infinity]
    : traits.range;
  return each((random) => {
    const x = random.normal();
    if (high === 1) return low === 0 ? 1 / (1 + Math.exp(-x)) : Math.tanh(x);
    return low === 0 ? Math.min(Math.abs(x), high) : x;
  });
}

/** Draws of targets that are restricted to some numbers. */
const DRAWS: Record<Exclude<TargetKind, "numbers">, Draw> = {
  "positive numbers": each((random) => Math.abs(random.normal())),
  counts: each((random) => random.integer(4)),
  labels: each((random) => random.integer(2)),
  shares: oneHot,
  classes: (random, target, classes) => {
    for (let i = 0; i < target.length; i++) target[i] = random.integer(classes);
  },
  signs: sign,
};

/**
 * Draws random targets of one output that suit its loss and its head.
 *
 * @param loss Name of the loss.
 * @param head Activation or class at the end of the output, see {@linkcode headOf}.
 * @param shape Shape of the output, examples first.
 * @returns A tensor; the caller disposes it.
 */
export function drawTarget(
  tf: TensorFlow,
  random: SeededRandom,
  loss: string,
  head: string,
  shape: number[],
): Tensor {
  const classes = shape.at(-1)!;
  const kind = lossTraits(loss)?.targets ?? "numbers";
  const own = kind === "classes" ? [...shape.slice(0, -1), 1] : shape;
  const values = new Float32Array(own.reduce((product, length) => product * length, 1));
  const draw = kind === "numbers" ? withinReach(head) : DRAWS[kind];
  draw(random, values, classes);
  return tf.tensor(values, own);
}
