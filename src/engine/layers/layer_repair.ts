import type { Tensor, TensorFlow } from "../tensorflow.ts";

/** Layer class of TensorFlow.js. */
export type LayerClass = { prototype: Record<string, unknown> };

/** Weight of a layer, with methods to read and write it. */
export interface LayerWeight {
  read(): Tensor;
  write(value: Tensor): unknown;
}

/** Activation, as stored in layers. */
export interface LayerActivation {
  apply(x: Tensor): Tensor;
}

// deno-lint-ignore no-explicit-any -- signatures differ between layers
export type LayerMethod = (this: any, ...args: any[]) => any;

/**
 * Finds a class by its registered name. Two classes have none: `Layer`, the base of all layers, and
 * `Container`, the base of the models.
 */
export type ClassFinder = (className: string) => LayerClass | undefined;

/** Context that a repair gets when it is installed. */
export interface RepairContext {
  readonly tf: TensorFlow;
  /** Returns the TensorFlow.js class of a name, if there is one to repair. */
  classOf: ClassFinder;
  /**
   * Replaces a method of a class, own or inherited, until the repairs are removed. Does nothing if
   * the class does not exist.
   *
   * @param layerClass The class, or its name.
   * @param name Name of the method.
   * @param make Makes the method from the previous one.
   */
  patch(
    layerClass: LayerClass | string | undefined,
    name: string,
    make: (original: LayerMethod) => LayerMethod,
  ): void;
}

/** Repairs faults in the layers of TensorFlow.js that no op can fix. */
export type LayerRepair = (context: RepairContext) => void;

/** Returns the only tensor that a layer was called with. */
export function oneTensor(inputs: Tensor | Tensor[]): Tensor {
  return Array.isArray(inputs) ? inputs[0] : inputs;
}

/** Returns true if the active backend has an op of this name. */
export const hasKernel = (tf: TensorFlow, kernelName: string): boolean =>
  tf.getKernel(kernelName, tf.getBackend()) != null;

/** Methods installed by repairs, which identify repaired classes. */
export const repairedMethods = new WeakSet<object>();
