import { Budget } from "../../model/files/budget.ts";
import { bytesInMemory, type ByteSource, pagedSource } from "../../model/files/byte_source.ts";
import { countOf, encode, isFloat, readersOf } from "../../model/files/file_types.ts";
import { ModelError } from "../../model/model_error.ts";
import type { FileTensor } from "../../model/weights/weights_manifest.ts";
import { refusal } from "../../words/input_error.ts";
import { formatCount } from "../../words/numbers.ts";
import { showValue } from "../../words/show_value.ts";
import {
  type Datatype,
  groupLinks,
  MESSAGE,
  type Message,
  readDataspace,
  readDatatype,
  readMessages,
} from "./object_header.ts";
import { Hdf5Bytes, NOWHERE } from "./hdf5_bytes.ts";

/**
 * Limits on what may still be read of an HDF5 file. Its headers, names, texts and heaps can be
 * referenced many times and can overlap; in a file that a program wrote, they share no bytes.
 */
interface Hdf5Budget {
  /** Bytes of object headers and their continuations. */
  headers: Budget;
  /** Characters of the paths of objects, and of the names in them. */
  names: Budget;
  /** Bytes of texts of attributes. */
  texts: Budget;
  /** Bytes of the heaps of texts. */
  heaps: Budget;
}

/**
 * Factor over the size of the file for names and texts: paths repeat the names of the groups above,
 * and texts may be short.
 */
const REPEATED = 4;

/** Returns the budget for a file of the given number of bytes. */
export function hdf5Budget(size: number): Hdf5Budget {
  const limit = (most: number, what: string) =>
    new Budget(most, () =>
      new ModelError({
        place: `${what} of the HDF5 file`,
        verb: "add up to",
        found: `more than ${formatCount(most, "byte")}`,
        expected: "each to have its own",
        hint: ": they repeat or overlap",
      }));
  return {
    headers: limit(size, "The headers"),
    names: limit(REPEATED * size, "The names"),
    texts: limit(REPEATED * size, "The texts"),
    heaps: limit(size, "The heaps of texts"),
  };
}

const WHAT = "A text of the HDF5 file";

/**
 * Heaps that the attributes of a file share for their texts. Each is listed once, however many
 * texts it has.
 */
export class TextHeaps {
  readonly #budget: Hdf5Budget;
  /** Positions of the entries of each heap, by its address and their index. */
  readonly #heaps = new Map<number, Map<number, number>>();

  constructor(budget: Hdf5Budget) {
    this.#budget = budget;
  }

  /**
   * Reads a text.
   *
   * @throws {ModelError} If the heap has no such entry.
   */
  text(file: Hdf5Bytes, heap: number, index: number, length: number): string {
    this.#budget.texts.spend(length);
    const entries = this.#heaps.get(heap) ?? this.#list(file, heap);
    this.#heaps.set(heap, entries);
    const at = entries.get(index);
    if (at === undefined) {
      throw file.rest(heap, WHAT).wrong(`is not entry ${index} of its heap`, "it there");
    }
    const entry = file.rest(at, WHAT);
    const size = entry.length();
    if (length > size) throw entry.wrong(`has ${size} bytes`, `${length}`);
    return file.piece(entry.at, length, WHAT).text(length);
  }

  #list(file: Hdf5Bytes, heap: number): Map<number, number> {
    const head = file.rest(heap, WHAT);
    head.signature("GCOL");
    head.version(1);
    head.skip(3);
    const list = file.piece(heap, head.length(), WHAT);
    this.#budget.heaps.spend(list.left);
    list.skip(head.at - heap);
    const entries = new Map<number, number>();
    while (list.left > 0) {
      const index = list.uint(2);
      list.skip(6);
      // The last entry is the free space.
      if (index === 0) break;
      const at = list.at;
      const size = list.length();
      if (!entries.has(index)) entries.set(index, at);
      list.skip(Math.ceil(size / 8) * 8);
    }
    return entries;
  }
}

/** Group of an HDF5 file: a folder with attributes. */
export interface Hdf5Group {
  kind: "group";
  /** Path of the group: `"layers/dense/vars"`. */
  path: string;
  /** Groups and arrays in it, by name. */
  children: ReadonlyMap<string, Hdf5Group | Hdf5Array>;
  /**
   * Returns an attribute of text.
   *
   * @returns Its texts, or `null` if there is none of that name.
   */
  texts(name: string): string[] | null;
}

/** Array of an HDF5 file. */
export interface Hdf5Array extends Pick<FileTensor, "type" | "stored" | "read" | "bytes"> {
  kind: "array";
  /** Path of the array: `"layers/dense/vars/0"`. */
  path: string;
  /** Shape. */
  shape: number[];
  /**
   * Overwrites the entries, in the bytes in memory that the file was opened from.
   *
   * @returns False, and nothing is written, if they are not floating-point numbers in one piece: a
   * block that holds small arrays may have a checksum.
   */
  write(entries: Float32Array): boolean;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

const COMPACT = 0, CONTIGUOUS = 1;

/** Keras does not write deeper groups. */
const MAX_DEPTH = 100;

/**
 * Lists the contents of an HDF5 file; an array is only decoded when it is read. Written here,
 * because no library at hand checks what it reads: jsfive opens a file that ends after 7 % of its
 * bytes and reads the rest as zeros, and h5wasm takes 14.5 MB. Keras, through h5py, writes only a
 * small part of the format: groups of symbol tables or link messages, attributes in the header,
 * arrays in one piece. Anything else is rejected by name, and so are links to other names and
 * files, references, and arrays that share bytes.
 *
 * The format: "HDF5 File Format Specification Version 3.0", The HDF Group.
 *
 * @returns Its root.
 * @throws {ModelError} If the file is cut off, damaged, or holds anything that Keras does not
 * write.
 */
export function openHdf5(content: Uint8Array | ByteSource): Hdf5Group {
  const source = content instanceof Uint8Array ? bytesInMemory(content) : pagedSource(content);
  const bytes = source.read(0, Math.min(source.size, SIGNATURE.length), "The first bytes");
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    throw new ModelError(
      refusal`The file has another format, expected HDF5 or zip, in which Keras saves models`,
    );
  }
  const { file, root } = readSuperblock(source);
  return new Opening(file, source).open(root);
}

/** Reads the first block: the widths of numbers, and the address of the root. */
function readSuperblock(source: ByteSource): { file: Hdf5Bytes; root: number } {
  const what = "The first block of the HDF5 file";
  const whole = { from: 0, count: source.size, what };
  const start = new Hdf5Bytes(source, { offset: 8, length: 8 }, whole);
  start.skip(8);
  const version = start.version(0, 1, 2, 3);
  if (version < 2) start.skip(4);
  const widths = { offset: start.uint(1), length: start.uint(1) };
  if (![4, 8].includes(widths.offset) || ![4, 8].includes(widths.length)) {
    throw start.wrong(`has addresses of ${widths.offset} bytes`, "4 or 8");
  }
  start.skip(version < 2 ? 9 : 1);
  if (version === 1) start.skip(4);
  const file = new Hdf5Bytes(source, widths, { from: start.at, count: start.left, what });
  const base = file.offset();
  if (base !== 0) throw file.wrong(`has the data begin at byte ${base}`, "0");
  file.offset();
  const end = file.offset();
  if (end > source.size) {
    throw new ModelError({
      place: "The HDF5 file",
      verb: "has",
      found: formatCount(source.size, "byte"),
      expected: `${end} as its first block states`,
      hint: ": truncated",
    });
  }
  // The older versions have an address for drivers, then an entry whose first field is a name.
  if (version < 2) {
    file.offset();
    file.offset();
  }
  return { file, root: file.offset() };
}

/** State of opening one file. */
class Opening {
  readonly #file: Hdf5Bytes;
  readonly #source: ByteSource;
  readonly #seen = new Set<number>();
  readonly #taken: { from: number; to: number; path: string }[] = [];
  readonly #budget: Hdf5Budget;
  readonly #heaps: TextHeaps;

  constructor(file: Hdf5Bytes, source: ByteSource) {
    this.#file = file;
    this.#source = source;
    this.#budget = hdf5Budget(source.size);
    this.#heaps = new TextHeaps(this.#budget);
  }

  open(address: number): Hdf5Group {
    const root = this.#object(address, "", 0);
    if (root.kind === "array") {
      throw new ModelError(refusal`The HDF5 file is one array, expected a group`);
    }
    this.#taken.sort((one, other) => one.from - other.from);
    this.#taken.forEach(({ from, path }, i) => {
      const before = this.#taken[i - 1];
      if (i === 0 || from >= before.to) return;
      throw new ModelError({
        place: `${showValue(path)} and ${showValue(before.path)}`,
        verb: "share",
        found: "bytes of the HDF5 file",
        expected: "arrays that do not overlap",
      });
    });
    return root;
  }

  #object(address: number, path: string, depth: number): Hdf5Group | Hdf5Array {
    this.#budget.names.spend(path.length);
    const what = showValue(path === "" ? "/" : path);
    if (this.#seen.has(address) || depth > MAX_DEPTH) {
      throw new ModelError(
        depth > MAX_DEPTH
          ? refusal`${what} is inside of too many groups, expected at most ${MAX_DEPTH} in the HDF5 file`
          : refusal`${what} is also known by another name in the HDF5 file, expected one name`,
      );
    }
    this.#seen.add(address);
    const messages = readMessages(this.#file, address, what, this.#budget.headers);
    const links = groupLinks(this.#file, messages, what, this.#budget.names);
    if (links === null) return this.#array(messages, path, what);
    const children = new Map<string, Hdf5Group | Hdf5Array>();
    for (const [name, child] of links) {
      if (name === "" || name === "." || name === ".." || name.includes("/")) {
        throw new ModelError(
          refusal`${what} holds ${showValue(name)}, expected a name without a path`,
        );
      }
      children.set(name, this.#object(child, path === "" ? name : `${path}/${name}`, depth + 1));
    }
    const texts = (name: string) => attributeTexts(messages, name, what, this.#heaps);
    return { kind: "group", path, children, texts };
  }

  #array(messages: Message[], path: string, what: string): Hdf5Array {
    const find = (type: number, name: string) => {
      const found = messages.find((one) => one.type === type);
      if (found === undefined) {
        throw new ModelError(refusal`${what} has no ${name} in the HDF5 file, expected one`);
      }
      return found.bytes;
    };
    requirePlain(messages, what);
    const shape = readDataspace(find(MESSAGE.dataspace, "shape"));
    const { type, size: width } = readDatatype(find(MESSAGE.datatype, "type"));
    if (type === "text" || type === "longText") {
      throw new ModelError(refusal`${what} holds text, expected numbers`);
    }
    const layout = find(MESSAGE.layout, "layout");
    layout.version(3, 4);
    const kind = layout.uint(1);
    const shown = `[${shape.join(", ")}]`;
    const count = countOf(shape);
    if (count === null) {
      throw new ModelError(
        refusal`${what} has shape ${shown} in the HDF5 file, expected fewer than 2^53 entries`,
      );
    }
    const size = count * width;
    if (kind !== COMPACT && kind !== CONTIGUOUS) {
      throw new ModelError(
        refusal`${what} is stored in chunks, expected the plain array that Keras writes`,
      );
    }
    const from = kind === COMPACT ? layout.at + 2 : layout.offset();
    const stored = kind === COMPACT ? layout.uint(2) : layout.length();
    if (stored !== size && !(size === 0 && from === NOWHERE)) {
      throw new ModelError(
        refusal`${what} takes ${stored} bytes in the HDF5 file, expected ${size} for shape ${shown}`,
      );
    }
    const piece = () => this.#file.piece(size === 0 ? 0 : from, size, what);
    piece();
    if (size > 0 && kind === CONTIGUOUS) this.#taken.push({ from, to: from + size, path });
    const write = (entries: Float32Array) => {
      if (kind !== CONTIGUOUS || !isFloat(type)) return false;
      piece().bytes(size).set(encode(entries, type));
      return true;
    };
    const { file, start } = this.#source;
    return {
      kind: "array",
      path,
      shape,
      type,
      ...readersOf(type, () => piece().bytes(size)),
      write,
      ...file === null ? {} : { stored: { file, offset: start + from } },
    };
  }
}

/** Rejects an array that is compressed, or in another file. */
function requirePlain(messages: readonly Message[], what: string): void {
  for (const { type } of messages) {
    const packed = type === MESSAGE.filters;
    if (!packed && type !== MESSAGE.externalFiles) continue;
    throw new ModelError({
      place: what,
      found: packed ? "compressed" : "kept in another file",
      expected: "the plain array that Keras writes",
    });
  }
}

/**
 * Reads an attribute of text.
 *
 * @param messages Messages of the group that has the attribute.
 * @param wanted Name of the attribute.
 * @param what Name of the group, for messages.
 * @returns Its texts, or `null` if there is none of that name.
 * @throws {ModelError} If it is damaged, or not text.
 */
export function attributeTexts(
  messages: readonly Message[],
  wanted: string,
  what: string,
  heaps: TextHeaps,
): string[] | null {
  const list = `The list of attributes of ${what}`;
  for (const { type, bytes } of messages) {
    const message = bytes.piece(bytes.at, bytes.left, list);
    if (type === MESSAGE.attributeInfo) requireNoHeap(message);
    if (type !== MESSAGE.attribute) continue;
    const version = message.version(1, 2, 3);
    if (message.uint(1) !== 0 && version > 1) throw message.wrong("has a named type", "its own");
    const sizes = [message.uint(2), message.uint(2), message.uint(2)];
    if (version === 3) message.skip(1);
    // The oldest version pads each part to a multiple of 8.
    const padded = (size: number) => version === 1 ? Math.ceil(size / 8) * 8 : size;
    const [nameAt, typeAt, spaceAt] = sizes.map((size) => message.skip(padded(size)));
    const [name, datatype, space] = [nameAt, typeAt, spaceAt].map((at, i) =>
      message.piece(at, sizes[i], list)
    );
    if (name.text(sizes[0]) !== wanted) continue;
    const entries = readDatatype(datatype);
    const count = countOf(readDataspace(space)) ?? Infinity;
    const shown = `Attribute ${showValue(wanted)} of ${what}`;
    return readTexts(message.piece(message.at, message.left, shown), entries, count, heaps);
  }
  return null;
}

/** Rejects attributes in a heap, where an object with many of them may keep them. */
function requireNoHeap(message: Hdf5Bytes): void {
  message.version(0);
  if ((message.uint(1) & 1) !== 0) message.skip(2);
  if (message.offset() === NOWHERE) return;
  throw message.wrong("is in a fractal heap", "attributes in the header as Keras writes them");
}

function readTexts(
  bytes: Hdf5Bytes,
  { type, size }: Datatype,
  count: number,
  heaps: TextHeaps,
): string[] {
  // An empty list has no texts, regardless of the type that numpy gives its entries.
  if (count === 0) return [];
  if (type !== "text" && type !== "longText") throw bytes.wrong("is not text", "text");
  // Texts of 0 bytes would repeat any number of times.
  if (!(size > 0 && count * size <= bytes.left)) {
    throw bytes.wrong(`is cut off at ${bytes.left} bytes`, `${count} texts of ${size} bytes`);
  }
  return Array.from({ length: count }, () => {
    if (type === "text") return bytes.text(size);
    const length = bytes.uint(4), heap = bytes.offset(), index = bytes.uint(4);
    return length === 0 ? "" : heaps.text(bytes, heap, index, length);
  });
}
