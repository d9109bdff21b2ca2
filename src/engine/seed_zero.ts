import type { TensorFlow } from "./tensorflow.ts";

/** Operations that treat seed 0 as no seed, with the index of their seed argument. */
const SEEDED = {
  multinomial: 2,
  randomGamma: 4,
  randomNormal: 4,
  randomStandardNormal: 2,
  truncatedNormal: 4,
} as const;

/**
 * Returns a seed that TensorFlow.js always uses. It tests a seed for truth and then converts it to
 * text: 0 is false, but "0" is not.
 */
export const seedOf = (seed: unknown): unknown => seed === 0 ? "0" : seed;

/**
 * Returns a TensorFlow.js whose operations accept seed 0. The module itself cannot be changed, so a
 * program's own import keeps the original operations.
 */
export function takeSeedZero(tf: TensorFlow): TensorFlow {
  const operations = Object.entries(SEEDED).map(([name, index]) => {
    const stock = tf[name as keyof typeof SEEDED] as (...args: unknown[]) => unknown;
    return [
      name,
      (...args: unknown[]) => stock(...args.map((arg, i) => i === index ? seedOf(arg) : arg)),
    ];
  });
  return { ...tf, ...Object.fromEntries(operations) };
}
