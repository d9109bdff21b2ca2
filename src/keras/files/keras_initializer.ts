/** Initialiser for a weight of a layer in a Keras file. */
export interface LayerInitializer {
  /** Path of the layer. */
  layer: string;
  /** Argument of the layer: `kernel_initializer`. */
  argument: string;
  /** Keras class of the initialiser, and its arguments. */
  initializer: { className: string; config: Record<string, number | null> };
}

/** Returns an initialiser as Keras 3 writes it into a configuration. */
export function keras3Initializer({ className, config }: LayerInitializer["initializer"]) {
  return {
    module: "keras.initializers",
    class_name: className,
    config,
    registered_name: null,
  };
}
