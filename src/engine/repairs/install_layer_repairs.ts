import type { OptimizerSettings } from "../../ground/traits/optimizers.ts";
import { requireValue } from "../../ground/words/shape.ts";
import { UPDATE_RULES } from "../optimizers/update_rules.ts";
import { type Tensor, type TensorFlow, tensorFlow } from "../tensorflow.ts";
import {
  repairAlphaDropout,
  repairRectifiers,
  repairSelfGates,
  repairSoftmax,
} from "./activations.ts";
import {
  repairConvLstm,
  repairConvolutions,
  repairDepthwiseConv2d,
  repairGroupedConvolutions,
  repairSeparableConv2d,
} from "./convolutions.ts";
import { repairDense, repairFlatten, repairOrthogonal, repairSeedZero } from "./dense.ts";
import {
  repairCategoryEncoding,
  repairCenterCrop,
  repairGlobalPooling,
  repairKerasImages,
  repairOutputShapes,
  repairResizing,
} from "./images.ts";
import {
  type ClassFinder,
  type LayerClass,
  type LayerMethod,
  type LayerRepair,
  otherCopies,
  repairedMethods,
} from "./layer_repair.ts";
import { repairMaskedPooling, repairMasks, repairMergeMasks, repairZeroOutput } from "./masks.ts";
import { repairNormalizations } from "./normalizations.ts";
import { fuseRecurrent, repairGru } from "./recurrent.ts";
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
const repairOptimizers: LayerRepair = ({ tf, patch }) => {
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

const REPAIRS: LayerRepair[] = [
  fuseRecurrent,
  repairAlphaDropout,
  repairCategoryEncoding,
  repairCenterCrop,
  repairConvLstm,
  repairConvolutions,
  repairDense,
  repairDepthwiseConv2d,
  repairFlatten,
  repairGlobalPooling,
  // After the repair of pooling axes, which this one handles itself.
  repairMaskedPooling,
  // After the repair of the convolutions, which it calls for each group.
  repairGroupedConvolutions,
  repairGru,
  repairKerasImages,
  // After the repair that computes whole sequences.
  repairZeroOutput,
  repairMasks,
  repairMergeMasks,
  repairNormalizations,
  repairOrthogonal,
  repairOutputShapes,
  repairOptimizers,
  repairRectifiers,
  repairResizing,
  repairSeedZero,
  repairSelfGates,
  repairSeparableConv2d,
  repairSoftmax,
];

const installed = new WeakMap<object, { holders: number; takeBack: (() => void)[] }>();

/**
 * Repairs the layers of TensorFlow.js that are wrong, slow or without a gradient because of the
 * layer itself, not of a kernel: causal and dilated convolutions, softmax over another axis than
 * the last, normalisation without scale or centre or of rank 5, and more. The documentation of each
 * repair says what TensorFlow.js does without it.
 *
 * Other layers keep their own code. The repairs use operations that every backend has, but their
 * gradients need those that `installOps` registers. Orthogonal kernels are drawn from the same
 * numbers as before, but faster and without console warnings, and initialisers accept seed 0.
 *
 * @param tf The TensorFlow.js module whose layers to repair.
 * @returns A function that removes the repairs; calling it again does nothing. If they were
 * installed several times, they stay until all have removed them, in any order.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import "@tensorflow/tfjs-backend-wasm";
 * import { installLayerRepairs } from "@gradient-health/gradient-health/ops";
 *
 * await tf.setBackend("wasm");
 * const takeBack = installLayerRepairs(tf);
 * const softmax = tf.layers.softmax({ axis: 1 });
 * // Stock: "Softmax along a non-last dimension is not yet supported".
 * const y = softmax.apply(tf.zeros([1, 4, 3])) as tf.Tensor;
 * console.assert(y.dataSync()[0] === 0.25);
 * takeBack();
 * ```
 */
export function installLayerRepairs(tf: TensorFlow): () => void {
  requireValue("tf", tf, tensorFlow);
  const key = tf.layers.Layer;
  const repairs = installed.get(key) ?? { holders: 0, takeBack: [] };
  if (repairs.holders === 0) repairs.takeBack.push(repair(tf, classFinder(tf))!);
  repairs.holders++;
  installed.set(key, repairs);
  let held = true;
  return () => {
    if (!held) return;
    held = false;
    repairs.holders--;
    if (repairs.holders > 0) return;
    installed.delete(key);
    for (const takeBack of repairs.takeBack.reverse()) takeBack();
  };
}

/**
 * Repairs the layers of a model that come from another copy of TensorFlow.js: another version, or
 * the same one from elsewhere. All copies in a process compute on one backend, but each has its own
 * layers. The repairs stay until those of `tf` are removed.
 *
 * @param tf The TensorFlow.js whose layers are already repaired.
 * @param model A model, of that copy or another.
 */
export function repairOtherCopies(tf: TensorFlow, model: object): void {
  const repairs = installed.get(tf.layers.Layer);
  if (repairs === undefined) return;
  for (const classes of otherCopies(tf, model)) {
    const takeBack = repair(tf, (className) => classes.get(className));
    if (takeBack !== null) repairs.takeBack.push(takeBack);
  }
}

function classFinder(tf: TensorFlow): ClassFinder {
  const { classNameMap } = tf.serialization.SerializationMap.getMap();
  const bases: Record<string, unknown> = {
    Layer: tf.layers.Layer,
    Container: Object.getPrototypeOf(tf.LayersModel),
  };
  return (className) => (bases[className] ?? classNameMap[className][0]) as LayerClass;
}

/** Applies the repairs that are not yet in place; returns `null` if there were none. */
function repair(tf: TensorFlow, classOf: ClassFinder): (() => void) | null {
  const undo: (() => void)[] = [];
  // A method may have two repairs: only those of an earlier round are skipped.
  const own = new WeakSet<object>();
  const patch = (
    layerClass: LayerClass | string | undefined,
    name: string,
    make: (original: LayerMethod) => LayerMethod,
  ) => {
    const found = typeof layerClass === "string" ? classOf(layerClass) : layerClass;
    if (found === undefined) return;
    const { prototype } = found;
    const before = Object.getOwnPropertyDescriptor(prototype, name);
    const present = before?.value ?? patch;
    if (repairedMethods.has(present) && !own.has(present)) return;
    const method = make(prototype[name] as LayerMethod);
    repairedMethods.add(method);
    own.add(method);
    Object.defineProperty(prototype, name, { value: method, configurable: true, writable: true });
    undo.push(() => {
      // Keep a method that other code has since installed over ours.
      if (prototype[name] !== method) return;
      if (before === undefined) delete prototype[name];
      else Object.defineProperty(prototype, name, before);
    });
  };
  for (const install of REPAIRS) install({ tf, classOf, patch });
  return undo.length === 0 ? null : () => undo.reverse().forEach((takeBack) => takeBack());
}
