import { header, link, noHeap, type Widths, word, writeHdf5 } from "./write_hdf5.ts";

const WIDE: Widths = { offset: 8, length: 8 };
const NOWHERE = Array<number>(8).fill(255);

/** Chunk as a tree lists it. */
export interface WrittenChunk {
  /** Place of its first entry. */
  at: number[];
  size: number;
  mask?: number;
  address: number;
}

/** Node of the older kind of tree: chunks, or the nodes of a level below. */
export const chunkTree = (chunks: readonly WrittenChunk[], { level = 0, kind = 1 } = {}) => [
  0x54,
  0x52,
  0x45,
  0x45,
  kind,
  level,
  ...word(chunks.length, 2),
  ...NOWHERE,
  ...NOWHERE,
  ...chunks.flatMap(({ at, size, mask = 0, address }) => [
    ...word(size, 4),
    ...word(mask, 4),
    ...[...at, 0].flatMap((place) => word(place, 8)),
    ...word(address, 8),
  ]),
];

/** Filters of an array by their numbers; a shuffle is of entries of one byte. */
export const filters = (ids: readonly number[]): [type: number, bytes: number[]] => [
  0x0b,
  [2, ids.length, ...ids.flatMap((id) => [id, 0, 0, 0, ...id === 2 ? [1, 0, 1, 0, 0, 0] : [0, 0]])],
];

/** Layout of an array in chunks, whose index is a tree. */
export const inTree = (chunk: readonly number[], tree: number, width = 1) => [
  3,
  2,
  chunk.length + 1,
  ...word(tree, 8),
  ...[...chunk, width].flatMap((size) => word(size, 4)),
];

/** Layout of the newer version. */
export const inIndex = (
  chunk: readonly number[],
  index: number,
  { address, flags = 0, more = [] }: { address: number; flags?: number; more?: number[] },
) => [
  4,
  2,
  flags,
  chunk.length + 1,
  8,
  ...[...chunk, 1].flatMap((size) => word(size, 8)),
  index,
  ...more,
  ...word(address, 8),
];

/** Types of entries. */
const TYPES = {
  int8: [0x10, 8, 0, 0, ...word(1, 4), 0, 0, 8, 0],
  float32: [0x11, 0x20, 31, 0, ...word(4, 4), 0, 0, 32, 0, 23, 8, 0, 23, ...word(127, 4)],
};

/**
 * A file of one array `a`.
 *
 * @param layout Its layout.
 * @param pieces Pieces of the file by their addresses, from 1000 on.
 */
export function chunkedFile(
  { shape, most = [], layout, packing = [], type = "int8" }: {
    shape: number[];
    /** Lengths that it may grow to; empty if it cannot. */
    most?: number[];
    layout: number[];
    packing?: number[];
    type?: keyof typeof TYPES;
  },
  pieces: readonly (readonly [address: number, bytes: readonly number[]])[],
): Uint8Array<ArrayBuffer> {
  return writeHdf5(100, [
    [100, header([[2, noHeap(WIDE)], [6, link("a", 500, WIDE)]])],
    [
      500,
      header([
        [1, [
          2,
          shape.length,
          most.length > 0 ? 1 : 0,
          1,
          ...[...shape, ...most].flatMap((size) => word(size, 8)),
        ]],
        [3, TYPES[type]],
        [8, layout],
        ...packing.length === 0 ? [] : [filters(packing)],
      ], { sizeWidth: 1 }),
    ],
    ...pieces,
  ], WIDE);
}
