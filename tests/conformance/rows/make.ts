import type { TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { RowLayer } from "../row.ts";

/** Options of a layer, as its constructor takes them. */
export type Options = Record<string, unknown>;

/** Makes a layer by its name in `tf.layers`, with a fresh copy of the options: layers write in theirs. */
export function make(name: string, options: Options = {}): (tf: TensorFlow) => RowLayer {
  return (tf) => {
    const factories = tf.layers as unknown as Record<string, (options: Options) => RowLayer>;
    return factories[name](structuredClone(options));
  };
}

/** Options in short: `kernelSize 3, padding same`. */
export function describe(options: Options): string {
  return Object.entries(options)
    .map(([key, value]) => `${key} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}
