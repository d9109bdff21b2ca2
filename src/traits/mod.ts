/**
 * Traits of layer classes and of activations: one table of each, open to custom layers.
 *
 * @module
 */
export { type ActivationTraits, activationTraits, isSigmoid } from "./activation_traits.ts";
export type { LayerKind, LayerOperation, LayerTraits } from "./layers.ts";
export { layerTraits } from "./layer_traits.ts";
export { type FlatRegion } from "./activations.ts";
export type { EinsumLayout, KernelLayout } from "./kernel_layout.ts";
export {
  type DeclaredSignals,
  type InputMoments,
  type Moments,
  type MomentsRule,
  type WeightMoments,
} from "./moments.ts";
export type { LossFamily, LossOptions, LossTraits, TargetKind } from "./loss_traits.ts";
export { LOSS_TRAITS } from "./losses.ts";
export type { OptimizerSetting, OptimizerSettings } from "./optimizers.ts";
export { type CustomLayerTraits, registerLayer } from "./register_layer.ts";
