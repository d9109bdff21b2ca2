import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { formatCount, formatMemory, formatWhole } from "../words/numbers.ts";

/** Bytes of a float32. */
const FLOAT = 4;

/** Sizes of a network. */
interface NetworkTotals {
  parameters: number;
  trainable: number;
  /** Multiply-adds of one example's forward pass through dense and convolutional layers. */
  multiplyAdds: number;
  /** True if other layers with kernels, such as recurrent ones, come on top. */
  isLeast: boolean;
  /** Bytes of the weights, and of the outputs of all layers for the batch. */
  weightBytes: number;
  outputBytes: number;
}

/** Sums up the sizes of a network. */
export function networkTotals({ layers, model }: Measurements): NetworkTotals {
  const weights = layers.flatMap((layer) => layer.weights);
  const size = (some: typeof weights) =>
    some.reduce((sum, { values, sample }) => sum + (sample?.of ?? values.count), 0);
  const frozen = size(weights.filter(({ trainable }) => !trainable));
  const counted = layers.map(multiplyAddsOf);
  const outputs = layers.reduce((sum, { activations }) => sum + (activations?.count ?? 0), 0);
  return {
    parameters: model.parameters,
    // A weight of a shared layer is listed once, so both counts agree.
    trainable: model.parameters - frozen,
    multiplyAdds: counted.reduce<number>((sum, count) => sum + (count ?? 0), 0),
    isLeast: counted.includes(null),
    weightBytes: model.parameters * FLOAT,
    outputBytes: outputs * FLOAT,
  };
}

/** Counts the multiply-adds of a layer for one example; `null` if the layout of its kernel is unknown. */
function multiplyAddsOf(layer: LayerMeasurements): number | null {
  const { weights, kernelLayout, kind, shape, calls, strides = [] } = layer;
  const kernel = weights.find(isKernel);
  if (kernel === undefined || kind === "embedding") return 0;
  const units = unitsOf(kernel.shape, kernelLayout);
  if (units === null || shape === null) return null;
  const entries = shape.slice(1).reduce((product, size) => product * size, 1);
  // A transposed convolution uses its kernel once for each entry of its input.
  const steps = strides.reduce((product, stride) => product * stride, 1);
  return kernel.values.count * entries / units / steps * calls;
}

function unitsOf(
  shape: readonly number[],
  layout: LayerMeasurements["kernelLayout"],
): number | null {
  const last = shape[shape.length - 1];
  const before = shape[shape.length - 2];
  if (layout === "ordinary") return last;
  if (layout === "transposed") return before;
  return layout === "depthwise" ? last * before : null;
}

/** Formats the sizes of a network in one sentence. */
export function totalsWords(measurements: Measurements): string {
  const { parameters, trainable, multiplyAdds, isLeast, weightBytes, outputBytes } = networkTotals(
    measurements,
  );
  const parts = [
    `${formatCount(parameters, "parameter")}: ${formatWhole(trainable)} trainable, ${
      formatWhole(parameters - trainable)
    } frozen`,
    ...multiplyAdds === 0
      ? []
      : [`${isLeast ? "at least " : ""}${formatWhole(multiplyAdds)} multiply-adds per example`],
    `${formatMemory(weightBytes)} of weights${
      outputBytes === 0
        ? ""
        : `, ${formatMemory(outputBytes)} of outputs for ${
          formatCount(measurements.batch.examples, "example")
        }`
    }`,
  ];
  return `${parts.join(". ")}.`;
}
