import { Budget } from "../files/byte_source.ts";
import { ModelError } from "../core/model/model_error.ts";
import { formatCount } from "../ground/words/numbers.ts";
import {
  broken,
  COST,
  isObject,
  type Pickled,
  PickleReader,
  type Resolver,
} from "./pickle_reader.ts";
import { refusal } from "../ground/words/input_error.ts";

/** Value of a pickle, and the index of the byte after it. */
interface Unpickled {
  value: Pickled;
  end: number;
}

const MARK = Symbol("mark");

type Stacked = Pickled | typeof MARK;

/**
 * Reads a pickle as data. It knows the instructions that `torch.save` writes (protocols 2 to 5) and
 * rejects all others by name; it cannot import, construct or call anything. Globals are looked up
 * by name in the resolver's table, never imported. A dictionary takes about 260 bytes for one byte
 * of the file, so the size of values is counted against a budget; shared values stay shared.
 *
 * Written here because `pickleparser` of npm, which does most of this, assigns any keys of a pickle
 * to plain objects (`dict[key] = value`), and calls the results of its resolver.
 *
 * @param start Index of the start of the pickle.
 * @param resolver Globals and objects that the caller knows.
 * @param budget Bytes that the values may take.
 * @throws {ModelError} If it is not such a pickle.
 */
export function unpickle(
  bytes: Uint8Array,
  start: number,
  resolver: Resolver,
  budget: Budget = pickleBudget(bytes.length),
): Unpickled {
  return new Machine(bytes, start, resolver, budget).run();
}

/** Bytes that the values of any pickle may take: those of 30,000 tensors take a quarter of it. */
const FREE = 2 ** 28;

/** Bytes that they may take in addition for each byte of the file. */
const PER_BYTE = 8;

/** Returns the budget for the pickles of a file of the given number of bytes. */
export function pickleBudget(size: number): Budget {
  const most = FREE + PER_BYTE * size;
  return new Budget(most, () =>
    new ModelError({
      place: "The pickle",
      verb: "makes",
      found: `values of more than ${formatCount(most, "byte")}`,
      expected: `at most 256 MiB and ${PER_BYTE} times the file`,
    }));
}

class Machine {
  readonly #file: PickleReader;
  readonly #resolver: Resolver;
  readonly #budget: Budget;
  readonly #stack: Stacked[] = [];
  readonly #memo = new Map<number, Stacked>();

  constructor(bytes: Uint8Array, start: number, resolver: Resolver, budget: Budget) {
    this.#file = new PickleReader(bytes, start);
    this.#resolver = resolver;
    this.#budget = budget;
  }

  run(): Unpickled {
    while (true) {
      const at = this.#file.at;
      const code = this.#file.byte();
      // STOP
      if (code === 0x2e) return { value: this.#pop(), end: this.#file.at };
      if (!this.#data(code) && !this.#container(code) && !this.#reference(code)) {
        throw new ModelError({
          place: "The pickle",
          verb: "has",
          found: `instruction 0x${code.toString(16).padStart(2, "0")} at byte ${at}`,
          expected: "those that torch.save writes",
        });
      }
    }
  }

  /** Runs an instruction for numbers, texts and the like. */
  #data(code: number): boolean {
    switch (code) {
      case 0x80: { // PROTO
        const version = this.#file.byte();
        if (version < 2 || version > 5) {
          throw new ModelError(refusal`The pickle has protocol ${version}, expected 2 to 5`);
        }
        return true;
      }
      case 0x95: // FRAME
        this.#file.raw(8);
        return true;
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(this.#file.byte());
      case 0x4d: // BININT2
        return this.#push(this.#file.short());
      case 0x4a: // BININT
        return this.#push(this.#file.signed());
      case 0x8a: // LONG1
        return this.#push(this.#file.integer(this.#file.byte()));
      case 0x47: // BINFLOAT
        return this.#push(this.#file.double());
      case 0x58: // BINUNICODE
        return this.#push(this.#file.text(this.#file.long()));
      case 0x54: // BINSTRING, the texts of Python 2
        return this.#push(this.#file.text(this.#file.long()));
      case 0x55: // SHORT_BINSTRING
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#file.text(this.#file.byte()));
      case 0x42: // BINBYTES
        return this.#push(this.#file.raw(this.#file.long()));
      case 0x43: // SHORT_BINBYTES
        return this.#push(this.#file.raw(this.#file.byte()));
      default:
        return false;
    }
  }

  /** Runs an instruction for lists, tuples, dictionaries and sets. */
  #container(code: number): boolean {
    switch (code) {
      case 0x28: // MARK
        this.#budget.spend(COST.value);
        this.#stack.push(MARK);
        return true;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
      case 0x8f: // EMPTY_SET
        return this.#push([], COST.list);
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map(), COST.dictionary);
      case 0x61: { // APPEND
        const item = this.#pop();
        this.#budget.spend(COST.value);
        this.#list().push(item);
        return true;
      }
      case 0x65: // APPENDS
      case 0x90: { // ADDITEMS
        const items = this.#toMark();
        const list = this.#list();
        this.#budget.spend(COST.value * items.length);
        for (const item of items) list.push(item);
        return true;
      }
      case 0x74: // TUPLE
      case 0x91: // FROZENSET
        return this.#push(this.#toMark(), COST.list);
      case 0x85: // TUPLE1
        return this.#push([this.#pop()], COST.list);
      case 0x86: { // TUPLE2
        const second = this.#pop();
        return this.#push([this.#pop(), second], COST.list);
      }
      case 0x87: { // TUPLE3
        const third = this.#pop(), second = this.#pop();
        return this.#push([this.#pop(), second, third], COST.list);
      }
      case 0x73: { // SETITEM
        const value = this.#pop(), key = this.#pop();
        this.#budget.spend(COST.entry);
        this.#dictionary().set(key, value);
        return true;
      }
      case 0x75: { // SETITEMS
        const items = this.#toMark();
        const into = this.#dictionary();
        if (items.length % 2 !== 0) throw broken("an odd number of keys and values");
        this.#budget.spend(COST.entry * items.length / 2);
        for (let i = 0; i < items.length; i += 2) into.set(items[i], items[i + 1]);
        return true;
      }
      default:
        return false;
    }
  }

  /**
   * Runs an instruction that stores or recalls a value of the memo, or asks the resolver for an
   * object.
   */
  #reference(code: number): boolean {
    switch (code) {
      case 0x71: // BINPUT
        return this.#store(this.#file.byte());
      case 0x72: // LONG_BINPUT
        return this.#store(this.#file.long());
      case 0x94: // MEMOIZE
        return this.#store(this.#memo.size);
      case 0x68: // BINGET
        return this.#push(this.#recall(this.#file.byte()));
      case 0x6a: // LONG_BINGET
        return this.#push(this.#recall(this.#file.long()));
      case 0x63: // GLOBAL
        return this.#push(
          this.#resolver.global(this.#file.line(), this.#file.line()),
          COST.object,
        );
      case 0x93: { // STACK_GLOBAL
        const name = this.#pop(), module = this.#pop();
        if (typeof module !== "string" || typeof name !== "string") {
          throw broken("a global without a name");
        }
        return this.#push(this.#resolver.global(module, name), COST.object);
      }
      case 0x52: { // REDUCE
        const args = this.#pop(), callee = this.#pop();
        if (!Array.isArray(args) || !isObject(callee)) {
          throw broken("a call of something other than a global");
        }
        return this.#push(this.#resolver.call(callee, args, this.#budget), COST.object);
      }
      case 0x81: // NEWOBJ
        return this.#make(this.#pop(), this.#pop());
      case 0x92: { // NEWOBJ_EX
        const named = this.#pop(), args = this.#pop();
        return this.#make([args, named], this.#pop());
      }
      case 0x62: { // BUILD
        const state = this.#pop(), object = this.#pop();
        this.#budget.spend(COST.value);
        this.#resolver.setState(object, state);
        return this.#push(object);
      }
      case 0x51: // BINPERSID
        return this.#push(this.#resolver.persistent(this.#pop()), COST.object);
      default:
        return false;
    }
  }

  #push(value: Pickled, cost = 0): true {
    this.#budget.spend(COST.value + cost);
    this.#stack.push(value);
    return true;
  }

  #make(args: Pickled, callee: Pickled): true {
    if (!Array.isArray(args) || !isObject(callee)) {
      throw broken("an object of something other than a global");
    }
    return this.#push(this.#resolver.make(callee, args), COST.object);
  }

  #pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw broken("an instruction without its operand");
    return value;
  }

  #toMark(): Pickled[] {
    const from = this.#stack.lastIndexOf(MARK);
    if (from === -1) throw broken("an instruction without its mark");
    return this.#stack.splice(from).slice(1) as Pickled[];
  }

  #list(): Pickled[] {
    const list = this.#stack.at(-1);
    if (!Array.isArray(list)) throw broken("an item of something other than a list");
    return list;
  }

  #dictionary(): Map<Pickled, Pickled> {
    const dictionary = this.#stack.at(-1);
    if (!(dictionary instanceof Map)) throw broken("a key of something other than a dictionary");
    return dictionary;
  }

  #store(index: number): true {
    const value = this.#stack.at(-1);
    if (value === undefined) throw broken("nothing to remember");
    this.#budget.spend(COST.entry);
    this.#memo.set(index, value);
    return true;
  }

  #recall(index: number): Pickled {
    const value = this.#memo.get(index);
    if (value === undefined || value === MARK) throw broken(`no value ${index} to recall`);
    return value;
  }
}
