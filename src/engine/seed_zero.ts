import type { TensorFlow } from "./tensorflow.ts";

/** The operations that take seed 0 for no seed, and which of their arguments the seed is. */
const SEEDED = {
  multinomial: 2,
  randomGamma: 4,
  randomNormal: 4,
  randomStandardNormal: 2,
  truncatedNormal: 4,
} as const;

/**
 * A seed that TensorFlow.js draws from whatever it is. It asks for a seed by its truth, and then takes the
 * text of it: 0 is false, its text is not.
 */
export const seedOf = (seed: unknown): unknown => seed === 0 ? "0" : seed;

/**
 * TensorFlow.js with operations that draw from seed 0 as from any other. The module itself cannot be
 * changed: a program that imports it by itself has its own operations.
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
