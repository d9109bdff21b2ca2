import type { LayersModel, TensorFlow } from "../engine/tensorflow.ts";
import { type ActivationHolder, activationObject } from "../core/measure/activation_region.ts";
import { SeededRandom } from "../core/model/batches/seeded_random.ts";
import { kernelLayoutOf, leafLayers } from "../core/model/layers/leaf_layers.ts";
import { modelWeights, setWeights } from "../core/model/weights/model_weights.ts";
import { isEinsumLayout, type KernelLayout, matrixOffsets } from "../ground/traits/layers.ts";
import {
  fans,
  type InitializerName,
  type InitializerScheme,
  initializerStd,
} from "../ground/theory/initializers.ts";
import { isKernel } from "../ground/theory/weight_kinds.ts";
import { StudyError } from "./study_options.ts";

/**
 * Draws a kernel. The numbers depend on the stream alone, not on the engine.
 *
 * @param layout Layout of the kernel, which decides its fans.
 * @returns The entries, row-major.
 */
export function drawKernel(
  initializer: InitializerName,
  shape: readonly number[],
  layout: KernelLayout,
  random: SeededRandom,
): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  if (initializer === "orthogonal") {
    if (!isEinsumLayout(layout)) return orthogonal(count, shape[shape.length - 1], random);
    const { inputs, outputs } = matrixOffsets(shape, layout);
    const matrix = orthogonal(count, outputs.length, random);
    const kernel = new Float32Array(count);
    inputs.forEach((row, i) =>
      outputs.forEach((column, j) => kernel[row + column] = matrix[i * outputs.length + j])
    );
    return kernel;
  }
  const [, scheme, kind] = /^(he|lecun|glorot)(Normal|Uniform)$/.exec(initializer)!;
  const deviation = initializerStd(scheme as InitializerScheme, fans(shape, layout));
  if (kind === "Normal") return random.normals(count, deviation);
  // A uniform distribution on (-r, r) has the variance r^2 / 3.
  const reach = Math.sqrt(3) * deviation;
  return Float32Array.from({ length: count }, () => (2 * random.uniform() - 1) * reach);
}

/**
 * Returns a matrix with this many columns, whose rows (or columns, if there are more rows) are
 * orthonormal.
 */
function orthogonal(count: number, columns: number, random: SeededRandom): Float32Array {
  const rows = count / columns;
  const [vectors, length] = rows < columns ? [rows, columns] : [columns, rows];
  const basis: Float64Array[] = [];
  while (basis.length < vectors) {
    const vector = Float64Array.from({ length }, () => random.normal());
    // Gram-Schmidt, twice: after one pass, nearly parallel vectors are not quite orthogonal.
    for (const other of [...basis, ...basis]) {
      const along = dot(vector, other);
      for (let i = 0; i < length; i++) vector[i] -= along * other[i];
    }
    const norm = Math.sqrt(dot(vector, vector));
    basis.push(vector.map((entry) => entry / norm));
  }
  return Float32Array.from({ length: count }, (_, i) => {
    const row = Math.floor(i / columns);
    const column = i % columns;
    return rows < columns ? basis[row][column] : basis[column][row];
  });
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

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
    throw new StudyError({
      place: "The model",
      verb: "has",
      found: `no hidden layer whose activation can be swapped for ${name}`,
      expected: "a Dense, a convolution or an Activation that is not linear",
    });
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
      return [weightName, drawKernel(initializer, shape, kernelLayoutOf(layer)!, random)] as const;
    });
  if (drawn.length === 0) {
    throw new StudyError({
      place: "The model",
      verb: "has",
      found: `no kernel that can be drawn by ${initializer}`,
      expected: "a Dense or a convolutional layer",
    });
  }
  setWeights(model, Object.fromEntries(drawn));
}
