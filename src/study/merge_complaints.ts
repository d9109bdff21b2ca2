import { describePoint, gridPoint } from "./grid_point.ts";
import type { StudyFile } from "./study_file.ts";
import type { StudyHeader } from "./study_header.ts";

/** Number of items that a message names before it only counts the rest. */
const MOST_NAMED = 5;

/**
 * Names the first few items and counts the rest: `count` is the number of all items, named or not.
 */
export function nameSome(names: readonly string[], separator = ", ", count = names.length): string {
  const shown = names.slice(0, MOST_NAMED).join(separator);
  const rest = count - Math.min(names.length, MOST_NAMED);
  return rest > 0 ? `${shown}${separator === ", " ? " " : separator}and ${rest} more` : shown;
}

/** Points with a problem: the first few by name, the rest as a number. */
export class NamedPoints {
  readonly #header: StudyHeader;
  readonly #first: number[] = [];
  /** Number of points. */
  count = 0;

  /** Creates an empty list. */
  constructor(header: StudyHeader) {
    this.#header = header;
  }

  add(index: number): void {
    if (++this.count <= MOST_NAMED) this.#first.push(index);
  }

  /** Describes the points in words. */
  toString(): string {
    const names = this.#first.map((index) => describePoint(gridPoint(this.#header.grid, index)));
    return nameSome(names, ", ", this.count);
  }
}

/**
 * Says which parts have the same points, and whether they are the same shard, which explains it.
 */
export function doubleWords(files: readonly StudyFile[], points: NamedPoints): string {
  const all = files.length === 2 ? "both" : "all";
  const [first, ...others] = files.map(({ header: { shard } }) => shard);
  const same = first !== null &&
    others.every((shard) => shard?.index === first.index && shard.count === first.count);
  return `${files.map(({ path }) => path).join(" and ")} ${all} have ${points}${
    same ? `: ${all} are shard ${first.index}/${first.count}` : ""
  }`;
}

/** Reports the number of missing points and, if known, the missing shards. */
export function missingWords(files: readonly StudyFile[], points: NamedPoints): string {
  const { total } = files[0].header;
  const are = points.count === 1 ? "is" : "are";
  return `${points.count} of ${total} points ${are} in no part: ${points}${shardWords(files)}`;
}

/** Names the missing shards if all parts are shards of one split. */
function shardWords(files: readonly StudyFile[]): string {
  const shards = files.map(({ header }) => header.shard);
  const [first] = shards;
  if (first === null || shards.some((shard) => shard?.count !== first.count)) return "";
  const given = new Set(shards.map((shard) => shard!.index));
  const missing = Array.from({ length: first.count }, (_, i) => i + 1)
    .filter((index) => !given.has(index))
    .map((index) => `${index}/${first.count}`);
  return missing.length === 0
    ? "; a shard is not complete: continue it with --resume"
    : `; not given: shard ${nameSome(missing)}`;
}
