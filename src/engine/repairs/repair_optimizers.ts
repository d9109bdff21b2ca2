import type { OptimizerSettings } from "../../traits/optimizers.ts";
import { UPDATE_RULES } from "../optimizers/update_rules.ts";
import type { Tensor } from "../tensorflow.ts";
import type { LayerRepair } from "./layer_repair.ts";
import type * as tfjs from "@tensorflow/tfjs";

/** Moving mean that an optimizer stores for a weight. */
interface Accumulator {
  originalName: string;
  variable: tfjs.Variable;
}

/** TensorFlow.js optimizer, with the members that the repair uses. */
interface StockOptimizer {
  learningRate: number;
  rho: number;
  decay: number;
  momentum: number;
  epsilon: number;
  centered?: boolean;
  incrementIterations(): void;
}

/** Class to repair, with TensorFlow.js's names for the state of its rule. */
interface Repaired {
  name: "Adadelta" | "RMSProp";
  settingsOf(own: StockOptimizer): OptimizerSettings;
  /** Field of the class, and name in its saved state, by slot of the rule. */
  slots: Record<string, [field: string, saved: string]>;
  /** True if TensorFlow.js is right with these settings. */
  isRight(own: StockOptimizer): boolean;
}

const REPAIRED: readonly Repaired[] = [
  {
    name: "Adadelta",
    settingsOf: ({ rho, epsilon }) => ({ rho, epsilon }),
    slots: {
      gradients: ["accumulatedGrads", "accum_grad"],
      updates: ["accumulatedUpdates", "accum_var"],
    },
    isRight: () => false,
  },
  {
    name: "RMSProp",
    settingsOf: ({ decay, momentum, epsilon }) => ({
      rho: decay,
      momentum,
      epsilon,
      centered: true,
    }),
    slots: {
      velocity: ["accumulatedMeanSquares", "rms"],
      momentum: ["accumulatedMoments", "momentum"],
      averageGradient: ["accumulatedMeanGrads", "mg"],
    },
    isRight: ({ centered }) => !centered,
  },
];

type Gradients = { name: string; tensor: Tensor | null }[] | Record<string, Tensor | null>;

/**
 * Repairs Adadelta and centred RMSProp. TensorFlow.js's Adadelta divides a gradient by the mean
 * square of the earlier ones, so the first step is plain descent at the full rate: at a rate of 1,
 * the loss of a healthy network jumps and stays high. Zeiler (2012, algorithm 1) and Keras include
 * the gradient itself. Its centred RMSProp subtracts epsilon from the variance, which becomes
 * negative for a small gradient, and its root NaN. Keras adds it.
 */
export const repairOptimizers: LayerRepair = ({ tf, patch }) => {
  const accumulatorOf = (
    own: StockOptimizer,
    [field, saved]: [string, string],
    value: tfjs.Variable,
    index: number,
  ): tfjs.Variable => {
    const all = (own as unknown as Record<string, Accumulator[]>)[field];
    all[index] ??= {
      originalName: `${value.name}/${saved}`,
      variable: tf.tidy(() => tf.zerosLike(value).variable(false)),
    };
    return all[index].variable;
  };
  for (const { name, settingsOf, slots, isRight } of REPAIRED) {
    patch(name, "applyGradients", (original) =>
      function (this: StockOptimizer, given: Gradients) {
        if (isRight(this)) return original.call(this, given);
        const gradients = Array.isArray(given)
          ? given
          : Object.entries(given).map(([name, tensor]) => ({ name, tensor }));
        gradients.forEach(({ name: weightName, tensor: gradient }, i) => {
          const value = tf.engine().registeredVariables[weightName];
          const means = new Map(
            Object.entries(slots).map(([slot, at]) => [slot, accumulatorOf(this, at, value, i)]),
          );
          if (gradient == null) return;
          tf.tidy(() => {
            const after = UPDATE_RULES[name]({
              tf,
              weight: value,
              gradient,
              rate: this.learningRate,
              step: 1,
              settings: settingsOf(this),
              slot: (slot) => means.get(slot)!,
            });
            for (const [slot, mean] of Object.entries(after.slots)) means.get(slot)!.assign(mean);
            value.assign(after.weight);
          });
        });
        this.incrementIterations();
      });
  }
};
