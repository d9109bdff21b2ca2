/** What the activations can put out that cannot put out every number: the least and the most. */
export const ACTIVATION_RANGES: Readonly<Record<string, readonly [low: number, high: number]>> = {
  hardSigmoid: [0, 1],
  relu: [0, Infinity],
  relu6: [0, 6],
  sigmoid: [0, 1],
  softplus: [0, Infinity],
  softsign: [-1, 1],
  tanh: [-1, 1],
};
