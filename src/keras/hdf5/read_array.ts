import type { ByteSource } from "../../files/byte_source.ts";
import { countOf, encode, readersOf } from "../../files/file_types.ts";
import { isFloat } from "../../ground/traits/number_types.ts";
import { ModelError } from "../../core/model/model_error.ts";
import type { FileTensor } from "../../files/weights_file.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { listChunks } from "./chunk_index.ts";
import { type ChunkLayout, type Filters, readChunkLayout, readFilters } from "./chunks.ts";
import { type ChunkedArray, readChunks, unpackChunks } from "./chunked_array.ts";
import { type Hdf5Bytes, NoNumbers, NOWHERE, ownBytes } from "./hdf5_bytes.ts";
import {
  type Dataspace,
  MESSAGE,
  type Message,
  readDataspace,
  readDatatype,
} from "./object_header.ts";

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
  /** Yields the entries of an array that is not stored as it is, see `unpackChunks()`. */
  unpack?(room?: Parameters<typeof unpackChunks>[1]): AsyncIterable<Uint8Array<ArrayBuffer>>;
}

/** Array with the bytes of the file that are its own. */
interface PlacedArray {
  array: Hdf5Array;
  /** Bytes of it, or of its index. */
  taken: { from: number; to: number } | null;
  /** Number of bytes of its entries, if the file packs them. */
  unpacked: number;
}

const COMPACT = 0, CONTIGUOUS = 1, CHUNKED = 2, VIEW = 3;

/** Object of a file. */
interface Placed {
  file: Hdf5Bytes;
  source: ByteSource;
  path: string;
  /** Name of the object, for messages. */
  what: string;
}

/**
 * Reads the header of an array.
 *
 * @throws {NoNumbers} If it has no numbers in the file.
 * @throws {ModelError} If it is damaged, or not read.
 */
export function readArray(messages: readonly Message[], placed: Placed): PlacedArray {
  const { what } = placed;
  const has = (type: number) => messages.some((one) => one.type === type);
  const find = (type: number, name: string) => {
    const found = messages.find((one) => one.type === type);
    if (found === undefined) {
      throw new ModelError(refusal`${what} has no ${name} in the HDF5 file, expected one`);
    }
    return found.bytes;
  };
  if (has(MESSAGE.datatype) && !has(MESSAGE.dataspace) && !has(MESSAGE.layout)) {
    throw new NoNumbers(refusal`${what} is a named type, expected an array`);
  }
  if (has(MESSAGE.externalFiles)) {
    throw new NoNumbers(
      refusal`${what} is kept in another file, expected its entries in this one`,
    );
  }
  const space = readDataspace(find(MESSAGE.dataspace, "shape"));
  const { type, size: width, isBigEndian = false } = readDatatype(find(MESSAGE.datatype, "type"));
  if (type === "text" || type === "longText") {
    throw new NoNumbers(refusal`${what} holds text, expected numbers`);
  }
  const layout = find(MESSAGE.layout, "layout");
  const version = layout.version(3, 4);
  const kind = layout.uint(1);
  const count = countOf(space.shape);
  if (count === null) {
    throw new ModelError(
      refusal`${what} has shape [${
        space.shape.join(", ")
      }] in the HDF5 file, expected fewer than 2^53 entries`,
    );
  }
  const entries: Entries = { ...placed, messages, space, type, width, isBigEndian };
  if (kind === CHUNKED) {
    const { length: rank } = space.shape;
    return inChunks(entries, readChunkLayout(layout, version, { rank, width }));
  }
  if (kind === VIEW) {
    throw new NoNumbers(refusal`${what} is a view of other arrays, expected its own entries`);
  }
  if (kind !== COMPACT && kind !== CONTIGUOUS) {
    throw layout.wrong(`has a layout of kind ${kind}`, "0 to 3");
  }
  return inOnePiece(entries, layout, kind);
}

/** Array whose type and shape are known. */
interface Entries extends Placed {
  messages: readonly Message[];
  space: Dataspace;
  type: FileTensor["type"];
  width: number;
  isBigEndian: boolean;
}

function inOnePiece(entries: Entries, layout: Hdf5Bytes, kind: number): PlacedArray {
  const { file, source, path, what, space: { shape }, type, width, isBigEndian } = entries;
  const size = countOf(shape)! * width;
  const from = kind === COMPACT ? layout.at + 2 : layout.offset();
  const stored = kind === COMPACT ? layout.uint(2) : layout.length();
  if (stored !== size && !(size === 0 && from === NOWHERE)) {
    throw new ModelError(
      refusal`${what} takes ${stored} bytes in the HDF5 file, expected ${size} for shape [${
        shape.join(", ")
      }]`,
    );
  }
  if (size > 0 && (from === NOWHERE || isBigEndian)) {
    // It is one chunk, or none if nothing was ever written.
    const chunk = shape.length === 0 ? [1] : shape;
    const one: ChunkLayout = {
      index: "single",
      address: from,
      chunk,
      bytes: size,
      plainEdges: false,
      single: null,
    };
    return inChunks({ ...entries, space: { shape, most: shape } }, one);
  }
  const piece = () => file.piece(size === 0 ? 0 : from, size, what);
  piece();
  const write = (values: Float32Array) => {
    if (kind !== CONTIGUOUS || !isFloat(type)) return false;
    piece().bytes(size).set(encode(values, type));
    return true;
  };
  return {
    array: {
      kind: "array",
      path,
      shape,
      type,
      ...readersOf(type, () => piece().bytes(size)),
      write,
      ...source.file === null ? {} : { stored: { file: source.file, offset: source.start + from } },
    },
    taken: size > 0 && kind === CONTIGUOUS ? { from, to: from + size } : null,
    unpacked: 0,
  };
}

function inChunks(entries: Entries, layout: ChunkLayout): PlacedArray {
  const { file, source, path, what, messages, space, type, width, isBigEndian } = entries;
  const shape = space.shape.length === 0 ? [1] : space.shape;
  const most = space.most.length === 0 ? [1] : space.most;
  const packed = messages.find((message) => message.type === MESSAGE.filters);
  const filters: Filters = packed === undefined ? [] : readFilters(packed.bytes, width, what);
  const gridOf = (lengths: readonly number[]) =>
    lengths.map((length, axis) => Math.ceil(length / layout.chunk[axis]));
  const grid = { here: gridOf(shape), most: gridOf(most) };
  const list = () => {
    const budget = {
      indexes: ownBytes(source.size, `The nodes of the index of ${what}`),
      chunks: ownBytes(source.size, `The chunks of ${what}`),
    };
    return listChunks(file, { what, layout, grid, isPacked: filters.length > 0, budget });
  };
  const fill = readFill(messages, width);
  const array: ChunkedArray = {
    what,
    shape,
    width,
    isBigEndian,
    layout,
    filters,
    fill,
    source,
    list,
  };
  const size = countOf(shape)! * width;
  if (layout.address !== NOWHERE) {
    file.piece(layout.address, 1, `The index of the chunks of ${what}`);
  }
  return {
    array: {
      kind: "array",
      path,
      shape: space.shape,
      type,
      ...readersOf(type, () => readChunks(array)),
      unpack: (room) => unpackChunks(array, room),
      write: () => false,
    },
    taken: layout.address === NOWHERE ? null : { from: layout.address, to: layout.address + 1 },
    unpacked: size,
  };
}

/** Returns the bytes of an entry that was never written. */
function readFill(messages: readonly Message[], width: number): Uint8Array {
  const none = new Uint8Array(width);
  const newer = messages.find(({ type }) => type === MESSAGE.fill);
  const { bytes } = newer ?? messages.find(({ type }) => type === MESSAGE.oldFill) ?? {};
  if (bytes === undefined) return none;
  if (newer !== undefined) {
    const version = bytes.version(1, 2, 3);
    if (version === 3) {
      if ((bytes.uint(1) & 0x20) === 0) return none;
    } else {
      bytes.skip(2);
      if (bytes.uint(1) === 0) return none;
    }
  }
  const size = bytes.uint(4);
  if (size !== 0 && size !== width) {
    throw bytes.wrong(`has a value of ${size} bytes for what was never written`, `${width}`);
  }
  return size === 0 ? none : bytes.bytes(width).slice();
}
