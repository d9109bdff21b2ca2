import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import { ACTIVATION_FUNCTIONS } from "../theory/activation_functions.ts";
import { kernelChain, type KernelLayer } from "./kernel_chain.ts";

/** Layers that pass their input on as it is, outside of training. */
const PASSED_ON =
  /^(InputLayer|Flatten|Reshape|Permute|(Spatial|Alpha|Gaussian)?Dropout(1D|2D)?|GaussianNoise)$/;

/**
 * The hidden layers of a network that mean-field theory describes: one input, one output, dense and
 * convolutional layers in a row with elementwise activations between them, and nothing else.
 *
 * @returns The layers; or, as a string, why the theory does not apply.
 */
export function plainChain({ layers, batch }: Measurements): KernelLayer[] | string {
  if (batch.perInput.length !== 1) return `the model has ${batch.perInput.length} inputs`;
  if (!Number.isFinite(batch.inputs.rms)) return "the size of its inputs is not finite";
  const kernels = kernelChain(layers);
  const known = new Set(kernels.map(({ layer }) => layer));
  const foreign = layers.find((layer) => !known.has(layer) && !isPassable(layer));
  if (foreign !== undefined) {
    return `this network has the layer ${foreign.name} (${foreign.className})`;
  }
  const shared = layers.find(({ calls }) => calls !== 1);
  if (shared !== undefined) return `${shared.name} was called ${shared.calls} times`;
  const branched = kernels.find(({ layer }, index) => layer.depth !== index + 1);
  if (branched !== undefined) {
    return `its layers do not follow one another at ${branched.layer.name}`;
  }
  const hidden = kernels.filter(({ layer }) => layer.role === "hidden");
  const unknown = hidden.find(({ activation }) => !Object.hasOwn(ACTIVATION_FUNCTIONS, activation));
  if (unknown !== undefined) return `the activation ${unknown.activation} is not known`;
  return hidden;
}

function isPassable({ className, weights, activation }: LayerMeasurements): boolean {
  return PASSED_ON.test(className) || (weights.length === 0 && activation !== null);
}
