import { writeFailure } from "../../ground/words/failure.ts";
import { ModelError } from "../../core/model/model_error.ts";
import type { RemoteRange } from "./mailbox.ts";
import type { RemoteFile } from "./range_client.ts";
import { builtin } from "../../platform/builtins.ts";
import { host } from "../../platform/host.ts";

/**
 * Folder with the ranges of files that were read, for later runs: a folder for each state of a file,
 * a file for each range.
 */
export class RangeCache {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Opens the folder of a file.
   *
   * @returns `null` if its server gives nothing by which a change is noticed.
   * @throws {ModelError} If it cannot be made.
   */
  static async open(
    folder: string,
    { url, size, etag, modified }: RemoteFile,
  ): Promise<RangeCache | null> {
    if (etag === null && modified === null) return null;
    const { origin, pathname } = new URL(url);
    const state = JSON.stringify([origin, pathname, size, etag ?? modified]);
    const own = `${folder}/${
      builtin("crypto").createHash("sha256").update(state).digest("hex").slice(0, 32)
    }`;
    await writing(folder, () => host.mkdir(own, { recursive: true }));
    return new RangeCache(own);
  }

  /** Returns a range; `null` if the folder does not have it whole. */
  async get(from: number, to: number): Promise<Uint8Array | null> {
    const bytes = await host.readFile(this.#path(from, to)).catch(() => null);
    return bytes?.length === to - from ? bytes : null;
  }

  /** Keeps a range. */
  async put(from: number, bytes: Uint8Array): Promise<void> {
    const path = this.#path(from, from + bytes.length);
    const temporary = `${path}.${crypto.randomUUID()}.tmp`;
    await writing(this.#folder, async () => {
      await host.writeFile(temporary, bytes, { createNew: true });
      await host.rename(temporary, path);
    });
  }

  #path(from: number, to: number): string {
    return `${this.#folder}/${from}-${to}`;
  }
}

async function writing(folder: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new ModelError(`The cache ${folder} cannot be written: ${writeFailure(error)}`);
  }
}

/** Number of requests at a time, and of small ones, which wait for the server most of their time. */
const MAX_REQUESTS = 8, MAX_SMALL = 32;

/** Largest number of bytes of a small request. */
const SMALL_BYTES = 2 ** 16;

/** Bytes of a request. */
export const UNIT_BYTES = 2 ** 21;

/** Bytes that are read before a reader asks for them: of all readers, and of one. */
const MAX_HELD = 2 ** 25;
const MAX_AHEAD = 2 ** 24;

/** Bytes between two ranges up to which one request for both is cheaper than two. */
const MAX_GAP = 2 ** 14;

/** Time in ms after which a reader that reads nothing of its plan must have ended. */
const MAX_IDLE = 60_000;

/** Ranges that a reader will read of a file, and the time when it last did. */
interface Plan {
  units: Unit[];
  used: number;
}

/** Range that is read by one request. */
interface Unit {
  from: number;
  to: number;
  /**
   * Number of its bytes that a reader has not received yet; those between its ranges do not count.
   */
  left: number;
  bytes: Promise<Uint8Array> | null;
}

/** Reads a range of a file. */
type ReadRange = (range: RemoteRange) => Promise<Uint8Array>;

/**
 * Reads ahead of readers that say what they are going to read, by several requests at a time, so
 * that they do not wait for a server's latency. Other reads are made at once.
 */
export class ReadAhead {
  readonly #read: ReadRange;
  /** Ranges that each reader will read of each file. */
  readonly #plans = new Map<string, Plan>();
  #held = 0;
  /** Sum of the shares of the requests that are running: a small one has 1. */
  #running = 0;
  readonly #waiting: { share: number; begin: () => void }[] = [];

  constructor(read: ReadRange) {
    this.#read = read;
  }

  /** Replaces what a reader is going to read, in its order; what has begun goes on. */
  expect(stream: number, ranges: readonly RemoteRange[]): void {
    const now = performance.now();
    const begun = new Map<string, Unit[]>();
    for (const [key, { units, used }] of this.#plans) {
      if (!key.startsWith(`${stream}/`) && now - used < MAX_IDLE) continue;
      begun.set(key, units.filter(({ bytes }) => bytes !== null));
      this.#plans.delete(key);
    }
    for (const [id, own] of Map.groupBy(ranges, ({ id }) => id)) {
      const key = `${stream}/${id}`;
      const old = begun.get(key) ?? [];
      const units = unitsOf(own).map((unit): Unit => {
        const at = old.findIndex(({ from, to }) => from <= unit.from && unit.to <= to);
        return at === -1 ? unit : { ...old.splice(at, 1)[0], left: unit.left };
      });
      this.#plans.set(key, { units, used: now });
    }
    for (const unit of [...begun.values()].flat()) this.#held -= unit.to - unit.from;
    this.#advance();
  }

  /** Returns bytes of a file to a reader. */
  async read(stream: number, { id, from, to }: RemoteRange, data: Uint8Array): Promise<void> {
    const plan = this.#plans.get(`${stream}/${id}`);
    const units = plan?.units ?? [];
    if (plan !== undefined) plan.used = performance.now();
    for (let at = from; at < to;) {
      const unit = units.find((unit) => unit.from <= at && at < unit.to);
      if (unit === undefined) {
        const next = units.find((unit) => at < unit.from && unit.from < to)?.from ?? to;
        data.set(await this.#request({ id, from: at, to: next }), at - from);
        at = next;
        continue;
      }
      if (unit.bytes === null) this.#begin(id, unit);
      const bytes = await unit.bytes!;
      const end = Math.min(to, unit.to);
      data.set(bytes.subarray(at - unit.from, end - unit.from), at - from);
      unit.left -= end - at;
      at = end;
      if (unit.left > 0 || !units.includes(unit)) continue;
      units.splice(units.indexOf(unit), 1);
      if (this.#plans.get(`${stream}/${id}`) === plan) this.#held -= unit.to - unit.from;
    }
    this.#advance();
  }

  /** Begins requests up to the limits, the same number for each reader as far as it goes. */
  #advance(): void {
    for (const [key, { units }] of this.#plans) {
      let ahead = 0;
      for (const unit of units) {
        ahead += unit.to - unit.from;
        if (ahead > MAX_AHEAD || this.#held + unit.to - unit.from > MAX_HELD) break;
        if (unit.bytes === null) this.#begin(Number(key.split("/")[1]), unit);
      }
    }
  }

  #begin(id: number, unit: Unit): void {
    this.#held += unit.to - unit.from;
    unit.bytes = this.#request({ id, from: unit.from, to: unit.to });
    // Its reader is told.
    unit.bytes.catch(() => {});
  }

  async #request(range: RemoteRange): Promise<Uint8Array> {
    const share = range.to - range.from <= SMALL_BYTES ? 1 : MAX_SMALL / MAX_REQUESTS;
    await new Promise<void>((begin) => {
      this.#waiting.push({ share, begin });
      this.#admit();
    });
    try {
      return await this.#read(range);
    } finally {
      this.#running -= share;
      this.#admit();
    }
  }

  #admit(): void {
    while (this.#waiting.length > 0 && this.#running + this.#waiting[0].share <= MAX_SMALL) {
      const { share, begin } = this.#waiting.shift()!;
      this.#running += share;
      begin();
    }
  }
}

/**
 * Returns the requests for ranges of a file: those that are close to each other are joined, and cut
 * at multiples of a fixed size, so that another run makes the same.
 */
function unitsOf(ranges: readonly RemoteRange[]): Unit[] {
  const units: Unit[] = [];
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    let { from } = range;
    while (from < range.to) {
      const to = Math.min(range.to, (Math.floor(from / UNIT_BYTES) + 1) * UNIT_BYTES);
      const last = units.at(-1);
      const isNext = last !== undefined && from >= last.to && from - last.to <= MAX_GAP &&
        Math.floor(last.from / UNIT_BYTES) === Math.floor((to - 1) / UNIT_BYTES);
      if (isNext) {
        last.to = to;
        last.left += to - from;
      } else units.push({ from, to, left: to - from, bytes: null });
      from = to;
    }
  }
  return units;
}
