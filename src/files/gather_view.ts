import { type ByteSource, expectReads, type FileIdentity, readInto } from "./byte_source.ts";
import { countOf } from "./file_types.ts";
import { BYTES, isFloat, isWhole } from "../ground/traits/number_types.ts";
import type { FileTensor } from "./weights_file.ts";
import { isContiguous, type StridedView } from "./strided_view.ts";

/**
 * Returns a way to read the entries of a view from a file without holding all of them: their place,
 * if they are contiguous in any order, and a function that gathers them row-major in pieces, if
 * their order differs.
 *
 * @param view The view.
 * @param source The file of its storage.
 * @param at Place of the storage in the source; `null` if it is packed.
 */
export function locateView(
  view: StridedView,
  { file, start }: ByteSource,
  at: number | null,
): Pick<FileTensor, "stored" | "permuted" | "unpack"> {
  const { type, offset } = view;
  if (file === null || at === null) return {};
  const place = { file, offset: start + at + offset * BYTES[type] };
  if (isContiguous(view)) return { stored: place };
  if (!isFloat(type) && !isWhole(type)) return {};
  const axes = axesInFile(view);
  return {
    ...axes === null ? {} : { permuted: { ...place, axes } },
    unpack: () => gatherView(view, file, start + at),
  };
}

/** Returns the axes of a view, outermost first; `null` if its entries have gaps, or are repeated. */
function axesInFile({ shape, strides }: StridedView): number[] | null {
  const axes = [...shape.keys()].sort((a, b) =>
    Number(shape[a] > 1) - Number(shape[b] > 1) || strides[b] - strides[a]
  );
  const isDense = isContiguous({
    shape: axes.map((axis) => shape[axis]),
    strides: axes.map((axis) => strides[axis]),
  });
  return isDense ? axes : null;
}

/** Largest number of bytes of a piece, and of a part of the file that is read at once. */
const PIECE_BYTES = 2 ** 25, READ_BYTES = 2 ** 18;

/** Room for both; tests make it small. */
const ROOM = { piece: PIECE_BYTES, read: READ_BYTES };

/** Room if the answers of a server are in memory, too. */
const ROOM_FAR = { piece: 2 ** 24, read: READ_BYTES };

/**
 * Yields the entries of a view, row-major, in pieces, each of which is written over the one before.
 *
 * @param view The view.
 * @param file The file of its storage.
 * @param start Index of the first byte of the storage.
 * @param room Largest numbers of bytes.
 */
export function* gatherView(
  { type, shape, strides, offset }: StridedView,
  file: FileIdentity,
  start: number,
  room = file.remote === undefined ? ROOM : ROOM_FAR,
): Generator<Uint8Array<ArrayBuffer>> {
  if (shape.includes(0)) return;
  const size = BYTES[type];
  const sizesBehind = shape.map((_, axis) => countOf(shape.slice(axis + 1))!);
  const split = Math.max(0, sizesBehind.findIndex((count) => count * size <= room.piece));
  const inner = sizesBehind[split];
  const step = Math.max(1, Math.floor(room.piece / size / inner));
  const gather = new Gather(size, Math.min(step, shape[split]) * inner * size, {
    read: (entry, to) => readInto(file, start + entry * size, to),
    expect: (reads) =>
      expectReads(reads.map(({ entry, axes }) => {
        const from = start + entry * size;
        return { file, from, to: from + spanOf(axes) * size };
      })),
    room: room.read,
  });
  const axes = shape.map((length, axis) => ({
    length,
    stride: strides[axis],
    to: sizesBehind[axis],
  }));
  for (let outer = 0; outer < countOf(shape.slice(0, split))!; outer++) {
    let at = offset, rest = outer;
    for (let axis = split - 1; axis >= 0; axis--) {
      at += rest % shape[axis] * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    for (let first = 0; first < shape[split]; first += step) {
      const length = Math.min(step, shape[split] - first);
      const block = [{ ...axes[split], length }, ...axes.slice(split + 1)];
      yield gather.piece(at + first * strides[split], block);
    }
  }
}

/** Axis of a block: its length, and the distances of its entries in the storage and in the piece. */
interface Axis {
  length: number;
  stride: number;
  to: number;
}

/** Part of a block whose entries are read from the file at once. */
interface BlockRead {
  /** Its first entry in the storage. */
  entry: number;
  /** Its place in the piece. */
  to: number;
  axes: readonly Axis[];
}

/** Number of reads that are announced at once. */
const READS_EXPECTED = 2 ** 12;

/** File from which is gathered. */
interface GatheredFile {
  /** Reads the bytes from an entry on. */
  read: (entry: number, to: Uint8Array) => void;
  /** Announces the next reads. */
  expect: (reads: readonly BlockRead[]) => void;
  /** Largest number of bytes that are read at once. */
  room: number;
}

/** Memory for pieces, and for what is read of the file. */
class Gather {
  readonly #size: number;
  readonly #file: GatheredFile;
  readonly #piece: Uint8Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** Both as whole numbers: entries of 8 bytes are two of them. */
  readonly #to: Words;
  readonly #from: Words;

  constructor(size: number, bytes: number, file: GatheredFile) {
    this.#size = size;
    this.#file = file;
    this.#piece = new Uint8Array(bytes);
    this.#bytes = new Uint8Array(file.room);
    this.#to = wordsOf(this.#piece, size);
    this.#from = wordsOf(this.#bytes, size);
  }

  /** Returns the entries of a block that begins at an entry of the storage. */
  piece(entry: number, block: readonly Axis[]): Uint8Array<ArrayBuffer> {
    const axes = block.filter(({ length }) => length > 1).sort((a, b) => b.stride - a.stride);
    const reads = [...this.#readsOf({ axes, entry, to: 0 })];
    for (let at = 0; at < reads.length; at += READS_EXPECTED) {
      const some = reads.slice(at, at + READS_EXPECTED);
      this.#file.expect(some);
      for (const one of some) this.#take(one);
    }
    const count = block.reduce((product, { length }) => product * length, 1);
    return this.#piece.subarray(0, count * this.#size);
  }

  /** Yields reads of as much as there is room for, divided along the axis of the largest stride. */
  *#readsOf(block: BlockRead): Generator<BlockRead> {
    const { axes, entry, to } = block;
    const most = Math.floor(this.#file.room / this.#size);
    if (spanOf(axes) <= most) return yield block;
    const [first, ...rest] = axes;
    const fits = Math.max(1, Math.floor((most - spanOf(rest)) / first.stride) + 1);
    for (let i = 0; i < first.length; i += fits) {
      const length = Math.min(fits, first.length - i);
      yield* this.#readsOf({
        axes: length === 1 ? rest : [{ ...first, length }, ...rest],
        entry: entry + i * first.stride,
        to: to + i * first.to,
      });
    }
  }

  #take({ axes, entry, to }: BlockRead): void {
    this.#file.read(entry, this.#bytes.subarray(0, spanOf(axes) * this.#size));
    const words = Math.max(1, this.#size / 4);
    const scaled = axes.map(({ length, stride, to }): Axis => ({
      length,
      stride: stride * words,
      to: to * words,
    }));
    this.#copy(words === 1 ? scaled : [...scaled, { length: 2, stride: 1, to: 1 }], 0, to * words);
  }

  #copy(axes: readonly Axis[], from: number, to: number): void {
    const [axis, ...rest] = axes;
    if (axis === undefined) this.#to[to] = this.#from[from];
    else if (rest.length > 0) {
      for (let i = 0; i < axis.length; i++) {
        this.#copy(rest, from + i * axis.stride, to + i * axis.to);
      }
    } else {
      for (let i = 0; i < axis.length; i++) {
        this.#to[to + i * axis.to] = this.#from[from + i * axis.stride];
      }
    }
  }
}

type Words = Uint8Array | Uint16Array | Uint32Array;

function wordsOf({ buffer }: Uint8Array<ArrayBuffer>, size: number): Words {
  if (size === 1) return new Uint8Array(buffer);
  return size === 2 ? new Uint16Array(buffer) : new Uint32Array(buffer);
}

/** Returns the number of entries of the storage from the first of a block to its last. */
const spanOf = (axes: readonly Axis[]) =>
  axes.reduce((span, { length, stride }) => span + (length - 1) * stride, 1);
