import type { Chance } from "./chance.ts";

/** Error that an argument throws when it is read: this is its owner's error and passes through. */
export class Theirs extends Error {}

function refuse(): never {
  throw new Theirs("the argument throws");
}

const hostile = {
  get: refuse,
  has: refuse,
  ownKeys: refuse,
  getOwnPropertyDescriptor: refuse,
};

/** Values that no function takes, or few do. */
const VALUES: (() => unknown)[] = [
  () => null,
  () => undefined,
  ...[NaN, Infinity, -Infinity, -1, 0, -0, 0.5, 3, 2 ** 53].map((value) => () => value),
  ...["", "nonsense", "__proto__", "x".repeat(300)].map((text) => () => text),
  () => true,
  () => 10n,
  () => Symbol("a symbol"),
  () => Symbol("\u001b[31m".repeat(300)),
  () => [],
  () => [null],
  () => [[]],
  () => [undefined, NaN, "a"],
  () => Array(3),
  () => [Symbol("in an array")],
  () => ({}),
  () => Object.create(null),
  () => ({ toString: null, valueOf: null }),
  () => ({ toString: refuse, valueOf: refuse, toJSON: refuse }),
  () => ({
    get version() {
      return refuse();
    },
    get layers() {
      return refuse();
    },
  }),
  () => new Proxy({}, hostile),
  () => new Proxy(() => {}, {}),
  () => new Proxy([], {}),
  () => Promise.resolve(1),
  () => new Map(),
  () => new Date(NaN),
  () => /x/g,
  () => new Error("an error"),
  () => new Float32Array(3),
  () => () => {},
  () => (function* () {}),
  () => class {},
];

/**
 * Returns a nonsense value; `more` are those that a case has besides, a disposed tensor for one.
 */
export function nonsense(chance: Chance, more: readonly unknown[]): unknown {
  const index = chance.integer(0, VALUES.length + more.length - 1);
  return index < VALUES.length ? VALUES[index]() : more[index - VALUES.length];
}

/** A copy of plain data, with nonsense or a hole somewhere in it; other values turn into nonsense. */
export function spoil(value: unknown, chance: Chance, more: readonly unknown[]): unknown {
  const isPlain = Array.isArray(value) ||
    (typeof value === "object" && value !== null &&
      Object.getPrototypeOf(value) === Object.prototype);
  const keys = isPlain ? Object.keys(value as object) : [];
  // TensorFlow.js is a plain object of hundreds of functions.
  if (keys.length === 0 || keys.length > 100 || chance.happens(0.2)) return nonsense(chance, more);
  const copy = (Array.isArray(value) ? [...value] : { ...value as object }) as Record<
    string,
    unknown
  >;
  const key = chance.one(keys);
  if (chance.happens(0.15)) delete copy[key];
  else copy[key] = spoil(copy[key], chance, more);
  return copy;
}
