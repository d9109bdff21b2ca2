import type { DenseLayer } from "./dense_network.ts";

/** Standard normal numbers from a seed: the same on every machine. */
export function normals(seed: number): () => number {
  let state = (seed * 2654435761 + 88675123) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (((t ^ (t >>> 14)) >>> 0) + 0.5) / 4294967296;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** What {@linkcode randomNetwork} draws. */
export interface RandomNetworkOptions {
  depth: number;
  width: number;
  activation: string;
  sigma: number;
  seed: number;
}

/** `depth` layers of one width under a linear unit; kernels of standard deviation sigma / sqrt(width). */
export function randomNetwork(
  { depth, width, activation, sigma, seed }: RandomNetworkOptions,
): { layers: DenseLayer[]; inputs: (examples: number) => Float64Array } {
  const normal = normals(seed);
  const draw = (count: number, scale: number) =>
    Float64Array.from({ length: count }, () => normal() * scale);
  const layers = Array.from({ length: depth + 1 }, (_, i): DenseLayer => {
    const units = i === depth ? 1 : width;
    const scale = i === depth ? Math.sqrt(2 / (width + 1)) : sigma / Math.sqrt(width);
    return {
      kernel: draw(width * units, scale),
      bias: new Float64Array(units),
      units,
      activation: i === depth ? "linear" : activation,
    };
  });
  return { layers, inputs: (examples) => draw(examples * width, 1) };
}
