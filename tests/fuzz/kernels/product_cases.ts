import type { Chance } from "../chance.ts";
import { addTo, bilinear, draw, indices, type KernelCase, zeros } from "./case.ts";

export function product(chance: Chance): KernelCase {
  const size = () => chance.one([1, 2, 3, 5, 6, 7, 8, 9, 16, 33]);
  const m = size();
  const n = size();
  const k = chance.happens(0.03) ? 0 : size();
  const batch = chance.happens(0.4) ? [chance.integer(1, 3)] : [];
  // One of the two may be the same for the whole batch.
  const [batchA, batchB] = chance.one([[batch, batch], [batch, batch.map(() => 1)]]);
  const turnA = chance.happens(0.5);
  const turnB = chance.happens(0.5);
  const shapeA = [...batchA, ...(turnA ? [k, m] : [m, k])];
  const shapeB = [...batchB, ...(turnB ? [n, k] : [k, n])];
  const count = batch[0] ?? 1, ownB = (batchB[0] ?? 1) > 1;
  return bilinear(
    `matMul [${shapeA}] ${turnA} x [${shapeB}] ${turnB}`,
    [draw(chance, shapeA), draw(chance, shapeB)],
    [...batch, m, n],
    (visit) => {
      for (let b = 0; b < count; b++) {
        for (const [i, j, l] of indices([m, n, k])) {
          const left = b * m * k + (turnA ? l * m + i : i * k + l);
          const right = (ownB ? b * n * k : 0) + (turnB ? j * k + l : l * n + j);
          visit((b * m + i) * n + j, left, right);
        }
      }
    },
    (tf, [a, b]) => tf.matMul(a, b, turnA, turnB),
  );
}

/** A product with a bias and an activation, in one kernel. */
export function fusedProduct(chance: Chance): KernelCase {
  const inner = product(chance);
  // TensorFlow.js does not add up the gradient of what a fused product copies.
  const [a, b] = inner.inputs;
  if (a.shape.length === 3 && a.shape[0] !== b.shape[0]) return fusedProduct(chance);
  const n = inner.output.shape.at(-1)!;
  const bias = draw(chance, [n], false);
  const relu = chance.happens(0.5);
  const [, turnA, turnB] = inner.what.match(/(true|false).*(true|false)/)!.map((t) => t === "true");
  const output = zeros(inner.output.shape);
  inner.output.data.forEach((value, i) => {
    const sum = value + bias.data[i % n];
    output.data[i] = relu && sum < 0 ? 0 : sum;
    output.terms[i] = inner.output.terms[i] + Math.abs(bias.data[i % n]);
  });
  // Near 0 the sign of a sum is a matter of rounding.
  const isClear = !relu || output.data.every((y, i) => {
    const sum = inner.output.data[i] + bias.data[i % n];
    return Math.abs(sum) > 1e-5 * output.terms[i] && Number.isFinite(y);
  });
  return {
    what: `fused.${inner.what}, relu ${relu}`,
    inputs: [...inner.inputs, bias],
    run: (tf, [a, b, bias]) =>
      tf.fused.matMul({
        a: a as never,
        b: b as never,
        transposeA: turnA,
        transposeB: turnB,
        bias,
        activation: relu ? "relu" : "linear",
      }),
    output,
    gradients(dy) {
      if (!isClear) return [null, null, null];
      const open = dy.map((g, i) => relu && output.data[i] <= 0 ? 0 : g);
      const dBias = zeros([n]);
      open.forEach((g, i) => addTo(dBias, i % n, g));
      return [...inner.gradients(open), dBias];
    },
  };
}
