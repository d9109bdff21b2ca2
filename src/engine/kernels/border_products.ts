import { eachTap, type WindowGeometry } from "./window_geometry.ts";

/**
 * For each output position of one image, whether its window reaches beyond it: there a product that
 * takes the padding for zeros makes NaN of what is not finite.
 */
export function borderPositions({ input, output, window, ...w }: WindowGeometry): boolean[] {
  const leaves = output.map((size, axis) =>
    Array.from({ length: size }, (_, i) => {
      const first = i * w.strides[axis] - w.before[axis];
      return first < 0 || first + (window[axis] - 1) * w.dilations[axis] >= input[axis];
    })
  );
  return leaves[0].flatMap((z) => leaves[1].flatMap((y) => leaves[2].map((x) => z || y || x)));
}

/** Computes a convolution anew at the border, in float64, without the taps that lie in the padding. */
export function convolveBorder(
  geometry: WindowGeometry,
  outChannels: number,
  { x, filter }: { x: Float32Array; filter: Float32Array },
  to: Float32Array,
  { bias, relu = false }: { bias?: Float32Array; relu?: boolean },
): void {
  const border = borderPositions(geometry);
  const sums = new Float64Array(to.length);
  eachProduct(geometry, outChannels, border, (output, input, weight) => {
    sums[output] += x[input] * filter[weight];
  });
  sums.forEach((sum, i) => {
    if (!border[Math.floor(i / outChannels) % border.length]) return;
    const value = bias === undefined ? sum : sum + bias[i % outChannels];
    to[i] = relu && value < 0 ? 0 : value;
  });
}

/** Adds to the gradient of a filter what the border has to add, likewise. */
export function addBorderGradient(
  geometry: WindowGeometry,
  outChannels: number,
  { x, dy }: { x: Float32Array; dy: Float32Array },
  to: Float32Array,
): void {
  const sums = new Float64Array(to.length);
  eachProduct(geometry, outChannels, borderPositions(geometry), (output, input, weight) => {
    sums[weight] += x[input] * dy[output];
  });
  for (let i = 0; i < to.length; i++) to[i] += sums[i];
}

/** Calls `visit` with the entries of output, input and filter that meet at the given positions. */
function eachProduct(
  geometry: WindowGeometry,
  outChannels: number,
  positions: readonly boolean[],
  visit: (output: number, input: number, weight: number) => void,
): void {
  const { channels } = geometry;
  eachTap(geometry, (position, source, tap) => {
    if (!positions[position % positions.length]) return;
    for (let i = 0; i < channels; i++) {
      const weight = (tap * channels + i) * outChannels;
      for (let j = 0; j < outChannels; j++) {
        visit(position * outChannels + j, source * channels + i, weight + j);
      }
    }
  });
}
