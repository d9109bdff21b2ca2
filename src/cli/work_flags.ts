import { parseSeeds } from "../gate/parse_seeds.ts";
import type { Shard } from "../study/shard.ts";
import { showValue } from "../words/show_value.ts";
import type { Flag } from "./flag.ts";
import { integer, parsed } from "./flag_kinds.ts";
import { UsageError } from "./usage_error.ts";

/** Returns the flag for the number of workers. */
export function jobsFlag<const D extends number | "auto">(help: string, fallback: D) {
  return integer({ help, least: 1, most: 256, or: "auto", default: fallback });
}

/** Returns the flag for the seeds of several runs. */
export function seedsFlag(
  help: string,
  { most, otherwise }: { most?: number; otherwise: string },
): Flag<number[], null> {
  return parsed({
    help,
    otherwise,
    value: "N|LIST",
    read: (text, place) => parseSeeds(text, place, most),
  });
}

/** Returns the flag for a part of the work. */
export function shardFlag(help: string): Flag<Shard, null> {
  return parsed({ help, value: "I/N", read: readShard });
}

function readShard(text: string, place: string): Shard {
  const [, index, count] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (index !== undefined && shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new UsageError(
    `${place} is ${showValue(text)}, expected I/N, the I-th of N parts, such as 1/3`,
  );
}
