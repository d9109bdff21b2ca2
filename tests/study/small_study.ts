import type { CreateStudyModel } from "../../src/study/study_subject.ts";

export const small: CreateStudyModel = ({ tf, activation, seed }) =>
  tf.sequential({
    layers: [
      tf.layers.dense({
        name: "hidden",
        units: 4,
        inputShape: [3],
        activation: (activation ?? "tanh") as "tanh",
        kernelInitializer: tf.initializers.heNormal({ seed: seed + 1 }),
      }),
      tf.layers.dense({
        name: "head",
        units: 1,
        kernelInitializer: tf.initializers.heNormal({ seed: seed + 2 }),
      }),
    ],
  });
