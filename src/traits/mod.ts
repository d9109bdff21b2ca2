/**
 * What a layer class and an activation are: one table of each, open to custom layers.
 *
 * @module
 */
export * from "./activation_traits.ts";
export { type LayerTraits, layerTraits } from "./layer_traits.ts";
export { type FlatRegion } from "./activations.ts";
export { type KernelLayout, type LayerKind } from "./layers.ts";
export { type CustomLayerTraits, registerLayer } from "./register_layer.ts";
