import type { LayersModel, TensorFlow } from "../../src/engine/tensorflow.ts";

export type Symbolic = LayersModel["inputs"][number];

/** Kit for building a model: initialisers by name, each with its own seed. */
export interface Kit {
  tf: TensorFlow;
  /** An initialiser of TensorFlow.js under the next seed. */
  init(name?: string): never;
  /** Applies a layer. */
  on(layer: { apply(x: unknown): unknown }, x: unknown): Symbolic;
  dense(units: number, activation?: string, kernel?: string): { apply(x: unknown): unknown };
  conv(filters: number, size: number, more?: Record<string, unknown>): {
    apply(x: unknown): unknown;
  };
}

/** A model by its seed. */
export interface SignalModel {
  objective: string;
  examples?: number;
  build(kit: Kit): LayersModel;
}

/** Makes a kit. */
export function makeKit(tf: TensorFlow, seed: number): Kit {
  let next = 1;
  const init = (name = "glorotUniform") =>
    (tf.initializers as unknown as Record<string, (options: object) => never>)[name]({
      seed: seed * 1000 + next++,
    });
  return {
    tf,
    init,
    on: (layer, x) => layer.apply(x) as Symbolic,
    dense: (units, activation, kernel) =>
      tf.layers.dense({
        units,
        activation: activation as "relu",
        kernelInitializer: init(kernel),
      }),
    conv: (filters, size, more = {}) => {
      const { kernel, ...rest } = more as { kernel?: string };
      return tf.layers.conv2d({
        filters,
        kernelSize: size,
        padding: "same",
        kernelInitializer: init(kernel),
        ...rest,
      });
    },
  };
}

export const CCE = "categoricalCrossentropy";
export const MSE = "meanSquaredError";
