import type { TensorFlow } from "../engine/tensorflow.ts";
import type { LayersModel } from "../engine/tensorflow.ts";
import { type ActivationHolder, activationObject } from "../measure/activation_region.ts";
import { kernelLayoutOf } from "../model/kernel_layout.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { modelWeights } from "../model/model_weights.ts";
import { SeededRandom } from "../model/seeded_random.ts";
import { setWeights } from "../model/set_weights.ts";
import type { InitializerName } from "../theory/initializers.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { drawKernel } from "./draw_kernel.ts";
import { StudyError } from "./study_error.ts";

/**
 * Gives another activation to the hidden layers that have one themselves (Dense, convolutions,
 * Activation), other than linear. Layers that are an activation (ReLU, ELU ...) and recurrent ones
 * keep theirs.
 *
 * @param hidden Names of the hidden layers.
 * @throws {StudyError} If the model has no such layer.
 */
export function swapActivations(
  tf: TensorFlow,
  model: LayersModel,
  name: string,
  hidden: ReadonlySet<string>,
): void {
  const holders = leafLayers(model)
    .filter(({ path }) => hidden.has(path))
    .map(({ layer }) => layer as unknown as ActivationHolder)
    .filter((layer) => {
      const own = activationObject(layer, "activation");
      return own !== null && own.getClassName() !== "linear";
    });
  if (holders.length === 0) {
    throw new StudyError(
      `The model has no hidden layer whose activation can be swapped for ${name}, expected a Dense, ` +
        `a convolution or an Activation that is not linear`,
    );
  }
  for (const holder of holders) {
    // A new one for each layer: TensorFlow.js may keep state in it.
    const layer = tf.layers.activation({ activation: name as "tanh" });
    holder.activation = (layer as unknown as ActivationHolder).activation;
  }
}

/**
 * Redraws the kernels of Dense and convolutional layers; everything else stays.
 *
 * @throws {StudyError} If the model has no such layer.
 */
export function redrawKernels(
  model: LayersModel,
  initializer: InitializerName,
  seed: number,
): void {
  const random = new SeededRandom(seed, "weights");
  const drawn = modelWeights(model)
    .filter(({ layer, variable }) =>
      kernelLayoutOf(layer) !== null &&
      isKernel({ name: variable.originalName, shape: variable.shape })
    )
    .map(({ weightName, layer, variable }) => {
      const shape = variable.shape as number[];
      return [
        weightName,
        drawKernel(initializer, shape, kernelLayoutOf(layer)!, random),
      ] as const;
    });
  if (drawn.length === 0) {
    throw new StudyError(
      `The model has no kernel that can be drawn by ${initializer}, expected a Dense or a ` +
        `convolutional layer`,
    );
  }
  setWeights(model, Object.fromEntries(drawn));
}
