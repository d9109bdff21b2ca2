import { eachTap, type WindowGeometry } from "./window_geometry.ts";

/** What both products have in common. */
interface Operands {
  geometry: WindowGeometry;
  outChannels: number;
  x: Float32Array;
}

/**
 * A convolution, in float64, that leaves out the taps that lie outside of the image: times the zeros of a
 * padding, NaN and infinity would be NaN.
 */
export function exactConvolution(
  { geometry, outChannels, x, filter }: Operands & { filter: Float32Array },
  to: Float32Array,
  { bias, relu = false }: { bias?: Float32Array; relu?: boolean },
): void {
  const sums = new Float64Array(to.length);
  eachProduct(geometry, outChannels, (output, input, weight) => {
    sums[output] += x[input] * filter[weight];
  });
  sums.forEach((sum, i) => {
    const value = bias === undefined ? sum : sum + bias[i % outChannels];
    to[i] = relu && value < 0 ? 0 : value;
  });
}

/** The gradient of its filter, likewise. */
export function exactFilterGradient(
  { geometry, outChannels, x, dy }: Operands & { dy: Float32Array },
  to: Float32Array,
): void {
  const sums = new Float64Array(to.length);
  eachProduct(geometry, outChannels, (output, input, weight) => {
    sums[weight] += x[input] * dy[output];
  });
  to.set(sums);
}

/** Calls `visit` with the entries of output, input and filter that meet. */
function eachProduct(
  geometry: WindowGeometry,
  outChannels: number,
  visit: (output: number, input: number, weight: number) => void,
): void {
  const { channels } = geometry;
  eachTap(geometry, (position, source, tap) => {
    for (let i = 0; i < channels; i++) {
      const weight = (tap * channels + i) * outChannels;
      for (let j = 0; j < outChannels; j++) {
        visit(position * outChannels + j, source * channels + i, weight + j);
      }
    }
  });
}
