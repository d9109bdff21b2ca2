import type { Budget } from "../files/byte_source.ts";
import { ModelError } from "../core/model/model_error.ts";
import { refusal } from "../ground/words/input_error.ts";

/** No integer in a file of weights takes more bytes. */
const LONGEST_INTEGER = 16;

/**
 * Reads the operands of a pickle's instructions, one after the other, and nothing past the end of
 * the file.
 */
export class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** Index of the next byte. */
  at: number;

  /** @param start Index of the start of the pickle. */
  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
  }

  byte(): number {
    return this.#bytes[this.#skip(1)];
  }

  /** Reads a whole number of two bytes. */
  short(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  /** Reads a whole number of four bytes. */
  long(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** Reads a signed whole number of four bytes. */
  signed(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** Reads a number of eight bytes, big-endian. */
  double(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** Reads bytes as a view of the file. */
  raw(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.#bytes.subarray(at, at + length);
  }

  text(length: number): string {
    return new TextDecoder().decode(this.raw(length));
  }

  /** Reads a text up to the end of the line. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.at);
    if (end === -1) throw broken("no end: truncated");
    const line = this.text(end - this.at);
    this.at++;
    return line;
  }

  /** Reads a signed whole number of `length` bytes, little-endian. */
  integer(length: number): number | bigint {
    if (length > LONGEST_INTEGER) throw broken(`an integer of ${length} bytes`);
    const value = this.raw(length).reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const signed = BigInt.asIntN(8 * length, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  #skip(count: number): number {
    const at = this.at;
    if (at + count > this.#bytes.length) throw broken("no end: truncated");
    this.at = at + count;
    return at;
  }
}

/** Makes the error for a pickle that no program wrote. */
export const broken = (what: string): ModelError =>
  new ModelError(refusal`The pickle has ${what}, expected what torch.save writes`);

/** Values of a pickle. A tuple is an array, and so is a set. */
export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | Map<Pickled, Pickled>
  | PickledObject;

/**
 * Object that the caller makes for a global, a call, or a persistent id: data that this module only
 * carries.
 */
export interface PickledObject {
  /** Kind of object, defined by the caller. */
  readonly is: string;
}

/** Estimated bytes of values in V8's heap, from measurements of a million of each. */
export const COST = {
  /** Bytes of a value on the stack or in a list, numbers included. */
  value: 16,
  /** Bytes of a list or tuple. */
  list: 48,
  /** Bytes of a dictionary. */
  dictionary: 260,
  /** Bytes of an entry of a dictionary or of the memo. */
  entry: 48,
  /** Bytes of an object that the resolver makes. */
  object: 160,
} as const;

/** Globals and objects that the caller knows, so that a pickle can request nothing else. */
export interface Resolver {
  /**
   * Returns the object for a global; throws if it is unknown. Nothing is ever looked up by that
   * name.
   */
  global(module: string, name: string): PickledObject;
  /** Returns the result of calling a global; looks it up in a table and runs no code. */
  call(callee: PickledObject, args: Pickled[], budget: Budget): Pickled;
  /**
   * Returns the object of a class that the pickle makes without calling it; throws if the class is
   * unknown.
   */
  make(callee: PickledObject, args: Pickled[]): Pickled;
  /** Sets the attributes of an object; throws if it can have none. */
  setState(object: Pickled, state: Pickled): void;
  /** Returns the object for a persistent id: a storage. */
  persistent(id: Pickled): PickledObject;
}

/** Returns true if the caller made a value. */
export const isObject = (value: Pickled): value is PickledObject =>
  typeof value === "object" && value !== null && "is" in value;

/**
 * Classes of values that are often kept beside weights in a checkpoint: arguments of the program,
 * NumPy scalars, paths, times. They hold only data and do nothing when they are constructed. A
 * pickle may name them; their objects are carried along as opaque ones, and nothing is constructed,
 * imported or run.
 */
const INERT: Readonly<Record<string, readonly string[]>> = {
  _codecs: ["encode"],
  argparse: ["Namespace"],
  types: ["SimpleNamespace"],
  collections: ["Counter", "deque"],
  datetime: ["datetime", "date", "timedelta", "timezone"],
  // The types of the values of an OmegaConf, and of a defaultdict, are here, too.
  builtins: [
    "complex",
    "frozenset",
    "range",
    "xrange",
    "slice",
    "bytearray",
    "list",
    "tuple",
    "str",
    "int",
    "long",
    "float",
    "bool",
    "object",
  ],
  pathlib: ["Path", "PosixPath", "PurePosixPath", "PureWindowsPath", "WindowsPath"],
  numpy: ["dtype", "ndarray", "float32", "float64", "int32", "int64", "bool_"],
  "numpy.core.multiarray": ["scalar", "_reconstruct"],
  "omegaconf.base": ["ContainerMetadata", "Metadata"],
  "omegaconf.dictconfig": ["DictConfig"],
  "omegaconf.listconfig": ["ListConfig"],
  "omegaconf.nodes": ["AnyNode"],
  typing: ["Any"],
  "torch.torch_version": ["TorchVersion"],
  "pytorch_lightning.utilities.parsing": ["AttributeDict"],
  "lightning.pytorch.utilities.parsing": ["AttributeDict"],
  "lightning_fabric.utilities.data": ["AttributeDict"],
  "lightning.fabric.utilities.data": ["AttributeDict"],
};

/** Modules by other names: Python 2's builtins, NumPy 2's core, pathlib of Python 3.13. */
const ALIASES: Readonly<Record<string, string>> = {
  __builtin__: "builtins",
  "numpy._core.multiarray": "numpy.core.multiarray",
  "pathlib._local": "pathlib",
};

/** Object of a class that holds only data, or the name of such a class. */
interface InertObject extends PickledObject {
  readonly is: "inert";
  /** Full name of the class: `argparse.Namespace`. */
  path: string;
  /** Arguments of its constructor, and its attributes. */
  parts: Pickled[];
}

/** Returns the class of a name if it holds only data. */
export function inertClass(module: string, name: string): InertObject | null {
  const own = Object.hasOwn(ALIASES, module) ? ALIASES[module] : module;
  if (!Object.hasOwn(INERT, own) || !INERT[own].includes(name)) return null;
  return { is: "inert", path: `${own}.${name}`, parts: [] };
}

/** Creates an inert object: a dictionary or a list if the pickle can add entries to it. */
export function makeInert(of: InertObject, args: Pickled[]): Pickled {
  if (of.path.endsWith(".AttributeDict")) return new Map();
  if (of.path === "collections.deque") return [];
  // Not a copy: many objects may share one list, and memory is bounded by the file.
  return { ...of, parts: [args] } as InertObject;
}

/** Returns true if a value is such an object. */
export const isInert = (value: PickledObject): value is InertObject => value.is === "inert";
