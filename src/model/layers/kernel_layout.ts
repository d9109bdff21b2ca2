import type { Layer } from "../../engine/tensorflow.ts";
import { isEinsumLayout, type KernelLayout } from "../../traits/kernel_layout.ts";
import { layerTraits } from "../../traits/layer_traits.ts";

/**
 * Returns the memory layout of a layer's kernel, or `null` if it has none that initialisers draw by
 * its fans. The layout in an EinsumDense follows from its equation.
 */
export function kernelLayoutOf(layer: Layer): KernelLayout | null {
  const { kernel } = layerTraits(layer.getClassName());
  if (kernel !== "einsum") return kernel;
  const { kernelLayout } = layer as { kernelLayout?: unknown };
  return isEinsumLayout(kernelLayout) ? kernelLayout : null;
}
