/** Tokens of one example: `[steps][size]`. */
export type Tokens = number[][];

/** The kernels of one head, `[size][head size]`, and its part of the output's, `[head size][size]`. */
export interface Head {
  query: number[][];
  key: number[][];
  value: number[][];
  output: number[][];
}

const multiply = (a: number[][], b: number[][]) =>
  a.map((row) => b[0].map((_, j) => row.reduce((sum, x, k) => sum + x * b[k][j], 0)));

/**
 * Attention as the paper has it, in float64: softmax(Q K^T / sqrt(d)) V for each head, projected and added up.
 *
 * @param isSeen Whether a query attends to a key.
 */
export function naiveAttention(
  query: Tokens,
  value: Tokens,
  heads: readonly Head[],
  isSeen: (query: number, key: number) => boolean = () => true,
): Tokens {
  const outputs = heads.map((head) => {
    const q = multiply(query, head.query);
    const k = multiply(value, head.key);
    const v = multiply(value, head.value);
    const attended = q.map((one, t) => {
      const weights = k.map((other, s) =>
        isSeen(t, s)
          ? Math.exp(one.reduce((sum, x, i) => sum + x * other[i], 0) / Math.sqrt(one.length))
          : 0
      );
      const all = weights.reduce((a, b) => a + b);
      return v[0].map((_, j) => weights.reduce((sum, w, s) => sum + w / all * v[s][j], 0));
    });
    return multiply(attended, head.output);
  });
  return outputs[0].map((row, t) =>
    row.map((_, j) => outputs.reduce((sum, output) => sum + output[t][j], 0))
  );
}
