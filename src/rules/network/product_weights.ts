import type { TensorStatistics, WeightMeasurements } from "../../measure/measurements.ts";

/** Parameters of PyTorch's weight norm: the size of each row, and its direction. */
const SIZE = /parametrizations\.weight\.original0$|\.weight_g$/;
const DIRECTION = /parametrizations\.weight\.original1$|\.weight_v$/;

/** Parameter of PyTorch's spectral norm, which divides it by its largest singular value. */
const SPECTRAL = /parametrizations\.weight\.original$|\.weight_orig$/;

/**
 * Returns the weights of a layer as it multiplies by them: a weight norm and a spectral norm make
 * their kernel of other parameters, whose own scale does not count. The kernel of a weight norm has
 * the name of the sizes of its rows, which decide its scale.
 */
export function productWeights(weights: readonly WeightMeasurements[]): WeightMeasurements[] {
  const size = weights.find(({ name }) => SIZE.test(name));
  return weights.flatMap((weight) => {
    if (size !== undefined && weight === size) return [];
    if (size !== undefined && DIRECTION.test(weight.name)) return [ofSizes(weight, size)];
    return [SPECTRAL.test(weight.name) ? ofSpectrum(weight) : weight];
  });
}

/** True for a kernel whose scale a spectral norm decides, whatever its parameter is. */
export const isSpectral = ({ name }: WeightMeasurements): boolean => SPECTRAL.test(name);

function ofSizes(direction: WeightMeasurements, size: WeightMeasurements): WeightMeasurements {
  const entries = direction.values.count / size.values.count;
  const values = scaled(direction.values, size.values.rms / Math.sqrt(entries));
  return { ...direction, name: size.name, gradients: size.gradients, values };
}

/** The largest singular value of a random matrix is near sqrt(rows) + sqrt(columns) deviations. */
function ofSpectrum(weight: WeightMeasurements): WeightMeasurements {
  const [rows, ...rest] = weight.shape;
  const columns = rest.reduce((product, one) => product * one, 1);
  const values = scaled(weight.values, 1 / (Math.sqrt(rows) + Math.sqrt(columns)));
  return { ...weight, values };
}

/** Returns the figures of a tensor that is scaled to a root mean square. */
function scaled(values: TensorStatistics, rms: number): TensorStatistics {
  const factor = values.rms > 0 ? rms / values.rms : 0;
  const { meanAbs, maxAbs, mean, std, l2 } = values;
  return {
    ...values,
    rms: values.rms * factor,
    meanAbs: meanAbs * factor,
    maxAbs: maxAbs * factor,
    mean: mean * factor,
    std: std * factor,
    l2: l2 * factor,
  };
}
