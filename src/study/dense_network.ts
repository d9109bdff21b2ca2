import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import { SeededRandom } from "../model/batches/seeded_random.ts";
import { drawKernel } from "./draw_kernel.ts";
import type { StudyContext } from "./study_subject.ts";
import { requireActivation, requireRoom } from "./study_options.ts";

/** Properties of the network that the grid does not set. */
const DEFAULTS = { activation: "tanh", initializer: "lecunNormal", depth: 10, width: 64 } as const;

/**
 * Builds the network that a study calls dense: `depth` Dense layers of `width` units and one
 * activation on `width` features, a linear unit on top, zero biases. With the default initialiser,
 * lecunNormal, kernels have the standard deviation 1 / sqrt(fan-in), so that the scale of a study
 * is sigma_w. The same seed draws the same kernels for every activation.
 */
export function denseNetwork({ tf, seed, ...given }: StudyContext): LayersModel {
  const activation = requireActivation(tf, given.activation ?? DEFAULTS.activation);
  const initializer = given.initializer ?? DEFAULTS.initializer;
  const depth = given.depth ?? DEFAULTS.depth;
  const width = given.width ?? DEFAULTS.width;
  requireRoom(depth, width);
  const random = new SeededRandom(seed, "weights");
  const model = tf.sequential({ name: "dense" });
  for (let i = 1; i <= depth + 1; i++) {
    const units = i > depth ? 1 : width;
    const layer = tf.layers.dense({
      name: `dense_${i}`,
      units,
      inputShape: [width],
      activation: (i > depth ? "linear" : activation) as "tanh",
      kernelInitializer: "zeros",
    });
    model.add(layer);
    setKernel(tf, layer, drawKernel(initializer, [width, units], "ordinary", random), [
      width,
      units,
    ]);
  }
  return model;
}

function setKernel(
  tf: TensorFlow,
  layer: LayersModel["layers"][number],
  values: Float32Array,
  shape: [number, number],
): void {
  tf.tidy(() => layer.setWeights([tf.tensor2d(values, shape), tf.zeros([shape[1]])]));
}
