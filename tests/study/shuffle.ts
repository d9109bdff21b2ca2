import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";

/** The same items in another order, always the same one. */
export function shuffle<T>(items: readonly T[]): T[] {
  const random = new SeededRandom(1, "shuffle");
  return items
    .map((item) => ({ item, place: random.uniform() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
