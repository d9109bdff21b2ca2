/** More draws than this are a typing error. */
const MOST = 1e6;

/**
 * Seeds from how many there should be (0, 1, 2 ...), or as they are given.
 *
 * @throws {RangeError} If there are none, one is no whole number, or one stands twice.
 */
export function seedList(seeds: number | readonly number[]): number[] {
  const isCount = typeof seeds === "number" && Number.isSafeInteger(seeds) && seeds <= MOST;
  const list = isCount
    ? Array.from({ length: Math.max(0, seeds) }, (_, i) => i)
    : Array.isArray(seeds)
    ? seeds as number[]
    : [];
  const areSeeds = list.every((seed) => Number.isSafeInteger(seed));
  if (list.length === 0 || !areSeeds || new Set(list).size < list.length) {
    const found = Deno.inspect(seeds, { compact: true, breakLength: Infinity });
    throw new RangeError(
      `seeds must be a whole number from 1 to 1e6, or whole numbers that differ, got ${found}.`,
    );
  }
  return list;
}
