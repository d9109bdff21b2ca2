import type { Chance } from "./chance.ts";

/** Values that break programs: wrong types, borders, and text that means something to somebody. */
const ODD: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  -1,
  1,
  2,
  0.5,
  1e9,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e308,
  -1e308,
  "",
  " ",
  "NaN",
  "Infinity",
  "-1",
  "relu",
  "__proto__",
  "constructor",
  "../../etc/passwd",
  "\u001b[31m",
  "\u009b31m",
  "\u202e",
  "\u0000",
  "<script>",
  "x".repeat(5000),
  "*",
  "%s",
  [],
  {},
  [[]],
  [null],
  [-1],
  { __proto__: null },
  { toString: 1 },
  [1e9, 1e9],
];

/** A place in a JSON value: the object or array that holds it, and under which key. */
interface Place {
  holder: Record<string, unknown>;
  key: string;
}

function* places(value: unknown): Generator<Place> {
  if (typeof value !== "object" || value === null) return;
  for (const key of Object.keys(value)) {
    const holder = value as Record<string, unknown>;
    yield { holder, key };
    yield* places(holder[key]);
  }
}

/**
 * A copy of a JSON value with one to three changes: a value replaced by an odd one or by another value of
 * the same file, a key taken out, doubled or renamed, a number moved, a list shortened or lengthened.
 */
export function mutateJson(value: unknown, chance: Chance): unknown {
  const root = { value: structuredClone(value) };
  const changes = chance.integer(1, 3);
  for (let i = 0; i < changes; i++) {
    const all = [...places(root)];
    if (all.length === 0) break;
    const { holder, key } = chance.one(all);
    const old = holder[key];
    const ways: (() => void)[] = [
      () => holder[key] = structuredClone(chance.one(ODD)),
      () => {
        const other = chance.one(all);
        holder[key] = structuredClone(other.holder[other.key]);
      },
      () => Array.isArray(holder) ? holder.splice(Number(key), 1) : delete holder[key],
      () => {
        if (Array.isArray(holder)) holder.push(structuredClone(old));
        else holder[`${key}_`] = structuredClone(old);
      },
      () => {
        if (typeof old === "number") holder[key] = chance.one([-old, old + 1, old * 1e6, old / 3]);
        else if (typeof old === "string") holder[key] = old.slice(0, chance.integer(0, old.length));
        else if (Array.isArray(old)) old.length = chance.integer(0, old.length);
        else holder[key] = structuredClone(chance.one(ODD));
      },
    ];
    chance.one(ways)();
  }
  return root.value;
}

/** A copy of some bytes with a few of them changed, cut off, doubled or taken out. */
export function mutateBytes(bytes: Uint8Array, chance: Chance): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  const at = chance.integer(0, Math.max(0, copy.length - 1));
  switch (chance.integer(0, 3)) {
    case 0:
      for (let i = chance.integer(1, 8); i > 0 && copy.length > 0; i--) {
        copy[chance.integer(0, copy.length - 1)] = chance.integer(0, 255);
      }
      return copy;
    case 1:
      return copy.slice(0, at);
    case 2:
      return joined(copy.subarray(0, at), copy.subarray(Math.floor(at / 2)));
    default:
      return joined(copy.subarray(0, at), copy.subarray(at + chance.integer(1, 16)));
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}

/** Most bytes of an HDF5 file are numbers or room: where something else stands is hit more often. */
export function damagedBytes(bytes: Uint8Array, chance: Chance): Uint8Array {
  if (chance.happens(0.3)) return mutateBytes(bytes, chance);
  const copy = new Uint8Array(bytes);
  const used: number[] = [];
  for (let at = 0; at < copy.length; at++) if (copy[at] !== 0) used.push(at);
  for (let i = chance.integer(1, 4); i > 0; i--) {
    copy[chance.one(used)] = chance.one([0, 1, 2, 3, 8, 16, 127, 128, 255, chance.integer(0, 255)]);
  }
  return copy;
}
