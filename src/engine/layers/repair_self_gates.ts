import type { SelfGate } from "../native/self_gate.ts";
import type { Tensor } from "../tensorflow.ts";
import { hasKernel, type LayerRepair } from "./layer_repair.ts";

/** Activations that are x times a gate of itself, by their names in TensorFlow.js. */
const GATES: Record<string, SelfGate> = {
  gelu: "normal",
  gelu_new: "normalByTanh",
  swish: "sigmoid",
};

/**
 * Computes gelu, gelu_new and swish as one op in each direction, accurate for small values too: see
 * `kernels/self_gated.ts`. Other backends, and a swish with a slope other than 1, use
 * TensorFlow.js's code.
 */
export const repairSelfGates: LayerRepair = ({ tf, patch }) => {
  for (const [name, gate] of Object.entries(GATES)) {
    patch(
      name,
      "apply",
      (original) =>
        function (this: object, x: Tensor, alpha = 1) {
          const isOurs = x.dtype === "float32" && alpha === 1 &&
            hasKernel(tf, "SelfGated");
          if (!isOurs) return original.call(this, x, alpha);
          return tf.engine().runKernel("SelfGated", { x }, { gate }) as Tensor;
        },
    );
  }
};
