/**
 * Traits of layer classes and of activations: one table of each, open to custom layers.
 *
 * @module
 */
export { type ActivationTraits, activationTraits, isSigmoid } from "./activation_traits.ts";
export type {
  DeclaredSignals,
  InputMoments,
  LayerKind,
  LayerOperation,
  LayerTraits,
  Moments,
  MomentsRule,
  WeightMoments,
} from "./layers.ts";
export { type CustomLayerTraits, layerTraits, registerLayer } from "./layer_traits.ts";
export { type FlatRegion } from "./activations.ts";
export type { EinsumLayout, KernelLayout } from "./layers.ts";
export type { LossFamily, LossOptions, LossTraits, TargetKind } from "./loss_traits.ts";
export { LOSS_TRAITS } from "./losses.ts";
export type { OptimizerSetting, OptimizerSettings } from "./optimizers.ts";
