/** The learning rates that an optimizer is used with. */
export interface UsualRates {
  /** The least. */
  least: number;
  /** The largest. */
  most: number;
  /** The rate to begin with. */
  first: number;
}

/** Of those that divide a gradient by its size, so that a step is about as large as the rate. */
const DIVIDED: UsualRates = { least: 1e-4, most: 0.03, first: 1e-3 };

/**
 * By class name. Momentum of 0.9 makes steps ten times as long. Adadelta divides, but is published with a rate of
 * 1 (Zeiler 2012), and the steps of both Adadelta and Adagrad are small at first. Those but SGD and Adam are held
 * against 80 networks of even seeds (bench/trainability, focus rates): within these limits 22 of 27 train, 2 are slow.
 */
const USUAL: Readonly<Record<string, UsualRates>> = {
  SGD: { least: 3e-3, most: 0.35, first: 0.01 },
  Momentum: { least: 3e-4, most: 0.35, first: 0.01 },
  Adagrad: { least: 3e-3, most: 1, first: 0.01 },
  Adadelta: { least: 5e-3, most: 1, first: 1 },
  RMSProp: DIVIDED,
  Adam: DIVIDED,
  // Its divisor is the largest gradient so far: it takes ten times the rate.
  Adamax: { ...DIVIDED, most: 0.3 },
};

/** The rates that an optimizer of TensorFlow.js is used with; `null` for a class that is not known. */
export function usualRates(optimizer: string): UsualRates | null {
  return Object.hasOwn(USUAL, optimizer) ? USUAL[optimizer] : null;
}

/** Whether a learning rate is rarely right, and how; `null` where it is not, or where that is not known. */
export function unusualRate(optimizer: string, rate: number | null): "low" | "high" | null {
  const usual = usualRates(optimizer);
  if (usual === null || rate === null || rate >= usual.least && rate <= usual.most) return null;
  return rate < usual.least ? "low" : "high";
}
