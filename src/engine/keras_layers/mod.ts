/**
 * The layers that Keras has and TensorFlow.js lacks, as layers of TensorFlow.js.
 *
 * @module
 */
export { type EinsumDenseArgs } from "./einsum_dense.ts";
export type { KerasLayer, LayerArgs, WeightArgs } from "./keras_layer.ts";
export { type KerasLayers, kerasLayers } from "./keras_layers.ts";
