import type { Tensor, TensorFlow } from "../tensorflow.ts";

/** A class of TensorFlow.js's layers. */
export type LayerClass = { prototype: Record<string, unknown> };

/** A weight of a layer: its value now, and a way to change it. */
export interface LayerWeight {
  read(): Tensor;
  write(value: Tensor): unknown;
}

/** An activation, as layers hold it. */
export interface LayerActivation {
  apply(x: Tensor): Tensor;
}

// deno-lint-ignore no-explicit-any -- methods of layers have as many signatures as there are layers
export type LayerMethod = (this: any, ...args: any[]) => any;

/**
 * Finds a class by the name that it is registered under. Two have none: `Layer`, the base of all, and
 * `Container`, the base of the models.
 */
export type ClassFinder = (className: string) => LayerClass | undefined;

/** What a repair gets when it is installed. */
export interface RepairContext {
  readonly tf: TensorFlow;
  /** The class that TensorFlow.js has under a name, if there is one to repair. */
  classOf: ClassFinder;
  /**
   * Puts a method over the one that a class has or inherits, until the repairs are taken back. Where there
   * is no such class there is nothing to do.
   *
   * @param layerClass The class, or its name.
   * @param name Name of the method.
   * @param make Makes the method from the one before it.
   */
  patch(
    layerClass: LayerClass | string | undefined,
    name: string,
    make: (original: LayerMethod) => LayerMethod,
  ): void;
}

/** Repairs what sits in the layers of TensorFlow.js, where no kernel can reach it. */
export type LayerRepair = (context: RepairContext) => void;

/** The one tensor that a layer was called with. */
export function oneTensor(inputs: Tensor | Tensor[]): Tensor {
  return Array.isArray(inputs) ? inputs[0] : inputs;
}

/** Whether the backend that runs has a kernel of this name. */
export const hasKernel = (tf: TensorFlow, kernelName: string): boolean =>
  tf.getKernel(kernelName, tf.getBackend()) != null;

/** Every method that a repair put in place: how to tell a repaired class from one of another copy. */
export const repairedMethods = new WeakSet<object>();
