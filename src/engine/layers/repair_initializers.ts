import type { Rank } from "@tensorflow/tfjs";
import { seedOf } from "../seed_zero.ts";
import type { LayerRepair } from "./layer_repair.ts";
import { orthonormalColumns } from "./orthonormal_columns.ts";

/** Initialisers of normal numbers; `HeNormal` and the like use `VarianceScaling`. */
const INITIALIZERS = ["RandomNormal", "TruncatedNormal", "VarianceScaling"];

/** Repairs initialisers of normal numbers with seed 0, which TensorFlow.js treats as no seed. */
export const repairSeedZero: LayerRepair = ({ patch }) => {
  for (const name of INITIALIZERS) {
    patch(name, "apply", (original) =>
      function (this: { seed: unknown }, ...args: unknown[]) {
        const { seed } = this;
        this.seed = seedOf(seed);
        try {
          return original.apply(this, args);
        } finally {
          this.seed = seed;
        }
      });
  }
};

/**
 * Repairs orthogonal kernels, the default of recurrent layers. TensorFlow.js takes 38 s for an LSTM
 * of 1024 units, and warns on the console about each kernel of more than 2000 entries. Here
 * {@linkcode orthonormalColumns} computes them from the same normal numbers.
 */
export const repairOrthogonal: LayerRepair = ({ tf, patch }) => {
  patch(
    "Orthogonal",
    "apply",
    () =>
      function (this: { gain: number; seed: unknown }, shape: number[]) {
        if (shape.length < 2) {
          throw new RangeError(`An orthogonal kernel has at least 2 axes, not ${shape.length}`);
        }
        return tf.tidy(() => {
          const columns = shape[shape.length - 1];
          const rows = shape.slice(0, -1).reduce((product, size) => product * size, 1);
          const tall: [number, number] = [Math.max(rows, columns), Math.min(rows, columns)];
          const seed = seedOf(this.seed) as number | undefined;
          const normals = tf.randomNormal<Rank.R2>(tall, 0, 1, "float32", seed);
          const own = orthonormalColumns(tf, normals);
          return tf.mul(tf.reshape(rows < columns ? tf.transpose(own) : own, shape), this.gain);
        });
      },
  );
};
