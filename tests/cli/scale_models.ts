/** A model whose hidden layer learns too fast when it is wide, unless a constant slows it down. */
const model = (behind: string) => `
export const createModel = ({ tf, seed, width = 32 }) => {
  const draw = (stddev, i) => tf.initializers.randomNormal({ stddev, seed: 10 * seed + i });
  const times = width / 32;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ name: "in", units: width, inputShape: [8], activation: "relu",
        kernelInitializer: draw(0.5, 0) }),
      tf.layers.dense({ name: "hidden", units: width, kernelInitializer: draw(${behind}, 1) }),
      ...${behind === "times ** -0.5 / 4" ? "[]" : "[tf.layers.rescaling({ scale: 1 / times })]"},
      tf.layers.activation({ activation: "relu" }),
      tf.layers.dense({ name: "out", units: 4, kernelInitializer: draw(0.25, 2) }),
      tf.layers.rescaling({ scale: 1 / times }),
    ],
  });
  model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
  return model;
};
`;

/** Draws effective kernels of 1 / sqrt(width) either way. */
export const WRONG = model("times ** -0.5 / 4");
export const RIGHT = model("times ** 0.5 / 4");
