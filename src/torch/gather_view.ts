import { type ByteSource, type FileIdentity, readInto } from "../model/files/byte_source.ts";
import { BYTES, countOf, isFloat, isWhole } from "../model/files/file_types.ts";
import type { FileTensor } from "../model/weights/weights_manifest.ts";
import { isContiguous, type StridedView } from "./find_state_dict.ts";

/**
 * Returns how the entries of a view are read from a file without holding all of them: where they
 * are, or, if they are in another order, gathered in pieces. From a server that would read the file
 * many times, and so it does neither.
 *
 * @param view The view.
 * @param source The file of its storage.
 * @param at Place of the storage in the source; `null` if it is packed.
 */
export function locateView(
  view: StridedView,
  { file, start }: ByteSource,
  at: number | null,
): Pick<FileTensor, "stored" | "unpack"> {
  const { type, offset } = view;
  if (file === null || at === null) return {};
  if (isContiguous(view)) {
    return { stored: { file, offset: start + at + offset * BYTES[type] } };
  }
  if (file.remote !== undefined || !isFloat(type) && !isWhole(type)) return {};
  return { unpack: () => gatherView(view, file, start + at) };
}

/** Largest number of bytes of a piece, and of a part of the file that is read at once. */
const PIECE_BYTES = 2 ** 25, READ_BYTES = 2 ** 18;

/** Room for both; tests make it small. */
const ROOM = { piece: PIECE_BYTES, read: READ_BYTES };

/**
 * Yields the entries of a view, row-major, in pieces, each of which is written over the one before.
 *
 * @param view The view.
 * @param file The file of its storage.
 * @param start Index of the first byte of the storage.
 * @param room Largest numbers of bytes.
 */
export async function* gatherView(
  { type, shape, strides, offset }: StridedView,
  file: FileIdentity,
  start: number,
  room = ROOM,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (shape.includes(0)) return;
  const size = BYTES[type];
  const sizesBehind = shape.map((_, axis) => countOf(shape.slice(axis + 1))!);
  const split = Math.max(0, sizesBehind.findIndex((count) => count * size <= room.piece));
  const inner = sizesBehind[split];
  const step = Math.max(1, Math.floor(room.piece / size / inner));
  const gather = new Gather(size, Math.min(step, shape[split]) * inner * size, {
    read: (entry, to) => readInto(file, start + entry * size, to),
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

/** Memory for pieces, and for what is read of the file. */
class Gather {
  readonly #size: number;
  readonly #file: { read: (entry: number, to: Uint8Array) => void; room: number };
  readonly #piece: Uint8Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  /** Both as whole numbers: entries of 8 bytes are two of them. */
  readonly #to: Words;
  readonly #from: Words;

  constructor(
    size: number,
    bytes: number,
    file: { read: (entry: number, to: Uint8Array) => void; room: number },
  ) {
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
    this.#gather(axes, entry, 0);
    const count = block.reduce((product, { length }) => product * length, 1);
    return this.#piece.subarray(0, count * this.#size);
  }

  /** Reads as much at once as there is room for, along the axis of the largest stride. */
  #gather(axes: readonly Axis[], entry: number, to: number): void {
    const most = Math.floor(this.#file.room / this.#size);
    const [first, ...rest] = axes;
    if (spanOf(axes) <= most) {
      this.#file.read(entry, this.#bytes.subarray(0, spanOf(axes) * this.#size));
      const words = Math.max(1, this.#size / 4);
      const scaled = axes.map(({ length, stride, to }): Axis => ({
        length,
        stride: stride * words,
        to: to * words,
      }));
      this.#copy(
        words === 1 ? scaled : [...scaled, { length: 2, stride: 1, to: 1 }],
        0,
        to * words,
      );
      return;
    }
    const fits = Math.max(1, Math.floor((most - spanOf(rest)) / first.stride) + 1);
    for (let i = 0; i < first.length; i += fits) {
      const length = Math.min(fits, first.length - i);
      const some = length === 1 ? rest : [{ ...first, length }, ...rest];
      this.#gather(some, entry + i * first.stride, to + i * first.to);
    }
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
