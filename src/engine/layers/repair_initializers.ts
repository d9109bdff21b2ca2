import { seedOf } from "../seed_zero.ts";
import type { LayerRepair } from "./layer_repair.ts";

/** Those that draw normal numbers; `HeNormal` and its like take theirs from `VarianceScaling`. */
const INITIALIZERS = ["Orthogonal", "RandomNormal", "TruncatedNormal", "VarianceScaling"];

/** Initialisers of normal numbers under seed 0, which TensorFlow.js takes for no seed. */
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
 * Orthogonal kernels, which recurrent layers draw by default. TensorFlow.js writes to the console that
 * each one of more than 2000 entries may be slow to draw: for every draw of every LSTM of 23 units, among
 * a study's progress and into a test's log.
 */
export const quietOrthogonal: LayerRepair = ({ patch }) => {
  patch(
    "Orthogonal",
    "apply",
    (original) =>
      function (this: { ELEMENTS_WARN_SLOW: number }, ...args: unknown[]) {
        const limit = this.ELEMENTS_WARN_SLOW;
        this.ELEMENTS_WARN_SLOW = Infinity;
        try {
          return original.apply(this, args);
        } finally {
          this.ELEMENTS_WARN_SLOW = limit;
        }
      },
  );
};
