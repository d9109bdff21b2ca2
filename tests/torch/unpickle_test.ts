import { ModelError } from "../../src/core/model/model_error.ts";
import {
  type Pickled,
  type PickledObject,
  PickleReader,
  type Resolver,
} from "../../src/torch/pickle_reader.ts";
import { unpickle } from "../../src/torch/unpickle.ts";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";

interface Told extends PickledObject {
  of: unknown[];
}

const told = (is: string, ...of: unknown[]): Told => ({ is, of });

/** Returns its own arguments. */
const RESOLVER: Resolver = {
  global: (module, name) => told("global", module, name),
  call: (callee, args) => told("call", callee, args),
  make: (callee, args) => told("make", callee, args),
  setState: (object, state) => void (object as Told).of.push(state),
  persistent: (id) => told("persistent", id),
};

type Instruction = number | string | number[];

/** A text stands for its letters, a list for the bytes of a text with its length before it. */
const assemble = (parts: readonly Instruction[]) =>
  new Uint8Array(
    parts.flatMap((part) =>
      typeof part === "string"
        ? [...new TextEncoder().encode(part)]
        : Array.isArray(part)
        ? [part.length, ...part]
        : [part]
    ),
  );

const read = (...parts: Instruction[]) =>
  unpickle(assemble([0x80, 2, ...parts, "."]), 0, RESOLVER).value;

const letters = (text: string) => [...new TextEncoder().encode(text)];
/** A number of one byte, and a text of one letter. */
const one = (value: number): Instruction[] => ["K", value];
const text = (value: string): Instruction[] => [0x8c, letters(value)];
const GLOBAL: Instruction[] = ["cm\nn\n"];
const global = told("global", "m", "n");

Deno.test("unpickle() reads each instruction that torch.save writes", () => {
  const double = [...new Uint8Array(new Float64Array([-1.5]).buffer)].reverse();
  const cases: [string, Instruction[], Pickled][] = [
    ["NONE", ["N"], null],
    ["NEWTRUE", [0x88], true],
    ["NEWFALSE", [0x89], false],
    ["BININT1", ["K", 255], 255],
    ["BININT2", ["M", 1, 2], 513],
    ["BININT", ["J", 254, 255, 255, 255], -2],
    ["BININT", ["J", 255, 255, 255, 127], 2 ** 31 - 1],
    ["LONG1", [0x8a, [1, 2]], 513],
    ["LONG1", [0x8a, [255]], -1],
    ["LONG1", [0x8a, []], 0],
    ["BINFLOAT", ["G", ...double], -1.5],
    ["BINUNICODE", ["X", 2, 0, 0, 0, "ab"], "ab"],
    ["SHORT_BINUNICODE", text("ö"), "ö"],
    ["BINBYTES", ["B", 2, 0, 0, 0, 7, 8], new Uint8Array([7, 8])],
    ["SHORT_BINBYTES", ["C", [7, 8]], new Uint8Array([7, 8])],
    ["FRAME", [0x95, 0, 0, 0, 0, 0, 0, 0, 0, "N"], null],
    ["EMPTY_LIST", ["]"], []],
    ["EMPTY_TUPLE", [")"], []],
    ["EMPTY_SET", [0x8f], []],
    ["EMPTY_DICT", ["}"], new Map()],
    ["APPEND", ["]", ...one(1), "a", ...one(2), "a"], [1, 2]],
    ["APPENDS", ["](", ...one(1), ...one(2), "e"], [1, 2]],
    ["ADDITEMS", [0x8f, "(", ...one(1), 0x90], [1]],
    ["TUPLE", ["(", ...one(1), ...one(2), "t"], [1, 2]],
    ["TUPLE", ["(", ...one(9), "(", ...one(1), "tt"], [9, [1]]],
    ["FROZENSET", ["(", ...one(1), 0x91], [1]],
    ["TUPLE1", [...one(1), 0x85], [1]],
    ["TUPLE2", [...one(1), ...one(2), 0x86], [1, 2]],
    ["TUPLE3", [...one(1), ...one(2), ...one(3), 0x87], [1, 2, 3]],
    ["SETITEM", ["}", ...one(1), ...one(2), "s"], new Map([[1, 2]])],
    [
      "SETITEMS",
      ["}(", ...one(1), ...one(2), ...one(3), ...one(4), "u"],
      new Map([[1, 2], [3, 4]]),
    ],
    ["SETITEMS", ["}(u"], new Map()],
    ["BINPUT, BINGET", ["]", "q", 7, "h", 7, 0x86], [[], []]],
    ["LONG_BINPUT", [...one(5), "r", 0, 1, 0, 0, "j", 0, 1, 0, 0, 0x86], [5, 5]],
    ["MEMOIZE", [...one(5), 0x94, ...one(6), 0x94, "h", 0, "h", 1, 0x86, 0x87], [5, 6, [5, 6]]],
    ["GLOBAL", GLOBAL, global],
    ["STACK_GLOBAL", [...text("m"), ...text("n"), 0x93], global],
    ["REDUCE", [...GLOBAL, ...one(1), 0x85, "R"], told("call", global, [1])],
    ["NEWOBJ", [...GLOBAL, ...one(1), 0x85, 0x81], told("make", global, [1])],
    [
      "NEWOBJ_EX",
      [...GLOBAL, ...one(1), 0x85, "}", 0x92],
      told("make", global, [[1], new Map()]),
    ],
    ["BUILD", [...GLOBAL, ...one(1), "b"], told("global", "m", "n", 1)],
    ["BINPERSID", [...one(1), "Q"], told("persistent", 1)],
  ];
  for (const [name, parts, expected] of cases) assertEquals(read(...parts), expected, name);
});

Deno.test("unpickle() reads from where it is told, and says where the next thing begins", () => {
  const bytes = assemble([9, 9, 0x80, 2, "N.", 0x80, 5, "]."]);
  const first = unpickle(bytes, 2, RESOLVER);
  assertEquals(first, { value: null, end: 6 });
  assertEquals(unpickle(bytes, first.end, RESOLVER), { value: [], end: 10 });
});

Deno.test("unpickle() keeps what is shared shared, also where it changes afterwards", () => {
  const pair = read("]", "q", 0, "h", 0, 0x86) as Pickled[][];
  assertEquals(pair[0] === pair[1], true);
  assertEquals(read("]", "q", 0, "h", 0, ...one(1), "a", 0x86), [[1], [1]]);
});

Deno.test("unpickle() refuses what lacks its operands, or has others than it takes", () => {
  const cases: [Instruction[], string][] = [
    [[], "an instruction without its operand"],
    [["("], "an instruction without its operand"],
    [["(", 0x85], "an instruction without its operand"],
    [[...one(1), 0x86], "an instruction without its operand"],
    [["]", ...one(1), "e"], "an instruction without its mark"],
    [["(", ...one(1), "e"], "an item of something other than a list"],
    [[...one(1), ...one(1), "a"], "an item of something other than a list"],
    [["]", ...one(1), ...one(1), "s"], "a key of something other than a dictionary"],
    [["}(", ...one(1), "u"], "an odd number of keys and values"],
    [["q", 0], "nothing to remember"],
    [["h", 0], "no value 0 to recall"],
    [["(q", 0, "h", 0], "no value 0 to recall"],
    [[...text("m"), ...one(1), 0x93], "a global without a name"],
    [[...one(1), ...text("n"), 0x93], "a global without a name"],
    [[...GLOBAL, ...one(1), "R"], "a call of something other than a global"],
    [[...one(1), ")R"], "a call of something other than a global"],
    [[...GLOBAL, ...one(1), 0x81], "an object of something other than a global"],
    [[...one(1), ")", 0x81], "an object of something other than a global"],
    [[0x8a, Array(17).fill(1)], "an integer of 17 bytes"],
    [["cm\nn"], "no end: truncated"],
  ];
  for (const [parts, why] of cases) {
    assertEquals(
      assertThrows(() => read(...parts), ModelError).message,
      `The pickle has ${why}, expected what torch.save writes`,
      JSON.stringify(parts),
    );
  }
});

Deno.test("unpickle() takes protocols 2 to 5, and names an instruction that it does not know", () => {
  for (const version of [2, 3, 4, 5]) {
    assertEquals(unpickle(assemble([0x80, version, "N."]), 0, RESOLVER).value, null);
  }
  for (const version of [0, 1, 6]) {
    assertEquals(
      assertThrows(() => unpickle(assemble([0x80, version, "N."]), 0, RESOLVER), ModelError)
        .message,
      `The pickle has protocol ${version}, expected 2 to 5`,
    );
  }
  for (const [code, shown] of [[0x01, "0x01"], [0x69, "0x69"]] as const) {
    assertEquals(
      assertThrows(() => read("N", code), ModelError).message,
      `The pickle has instruction ${shown} at byte 3, expected those that torch.save writes`,
    );
  }
});

Deno.test("PickleReader reads whole numbers of up to 16 bytes with their sign", () => {
  fc.assert(fc.property(fc.bigInt(-(2n ** 127n), 2n ** 127n - 1n), fc.nat(), (wide, bits) => {
    const value = wide >> BigInt(bits % 128);
    const bytes = Array.from({ length: 16 }, (_, i) => Number((value >> BigInt(8 * i)) & 255n));
    const found = new PickleReader(new Uint8Array(bytes), 0).integer(16);
    const isSafe = Number.isSafeInteger(Number(value));
    assertEquals(found, isSafe ? Number(value) : value);
  }));
});
