import type { GradConfig, KernelConfig } from "@tensorflow/tfjs";
import type { TensorFlow } from "../tensorflow.ts";

/** A kernel and a gradient that this project leaves as they are. */
const WITNESS = "Sin";

/**
 * Remembers what is registered, to put it back. Every copy of TensorFlow.js in a process registers its own
 * kernels and gradients in place of those that were there, when it is imported: the repairs would be gone
 * without a word, and kernels of another copy's WASM backend know no backend. What a program registers
 * itself, one by one, stays.
 *
 * @param tf The TensorFlow.js that the kernels are installed in.
 * @param gradients The gradients that were installed.
 * @returns Puts back what another copy has replaced since.
 */
export function rememberKernels(tf: TensorFlow, gradients: readonly GradConfig[]): () => void {
  const kernels = tf.getKernelsForBackend("wasm");
  const kernelOf = (): KernelConfig | undefined => tf.getKernel(WITNESS, "wasm");
  let gradient = tf.getGradient(WITNESS);
  const kernel = kernelOf();
  return () => {
    if (kernelOf() !== kernel) {
      for (const config of kernels) {
        if (tf.getKernel(config.kernelName, "wasm") === config) continue;
        // Registering over a kernel makes TensorFlow.js warn; removing it first does not.
        tf.unregisterKernel(config.kernelName, "wasm");
        tf.registerKernel(config);
      }
    }
    if (tf.getGradient(WITNESS) === gradient) return;
    gradients.forEach((config) => tf.registerGradient(config));
    gradient = tf.getGradient(WITNESS);
  };
}
