import type { Shard } from "../study/shard.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Reads the value of `--shard`.
 *
 * @param text The value, or `undefined` where the flag is not given.
 * @returns The part, or `null` for the whole.
 * @throws {UsageError} If it names no part.
 */
export function readShard(text: string | undefined): Shard | null {
  if (text === undefined) return null;
  const [, index, count] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (index === undefined || shard.index < 1 || shard.index > shard.count) {
    throw new UsageError(
      `--shard takes I/N, the I-th of N parts, as 1/3, found ${JSON.stringify(text)}`,
    );
  }
  return shard;
}
