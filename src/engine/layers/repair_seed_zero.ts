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
