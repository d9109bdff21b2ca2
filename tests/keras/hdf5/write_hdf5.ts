/** A whole number in this many bytes, little-endian. */
export const word = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => Math.floor(value / 256 ** i) % 256);

/** Number of bytes of an address, and of a length. */
export interface Widths {
  offset: number;
  length: number;
}

/** The newer kind of header of an object: its messages, each with its type. */
export function header(
  messages: readonly [type: number, bytes: readonly number[]][],
  { sizeWidth = 0, times = false, limits = false, order = false } = {},
): number[] {
  const body = messages.flatMap(([type, bytes]) => [
    type,
    ...word(bytes.length, 2),
    0,
    ...order ? [9, 9] : [],
    ...bytes,
  ]);
  const flags = sizeWidth | (order ? 4 : 0) | (limits ? 0x10 : 0) | (times ? 0x20 : 0);
  return [
    0x4f,
    0x48,
    0x44,
    0x52,
    2,
    flags,
    ...Array<number>((times ? 16 : 0) + (limits ? 4 : 0)).fill(9),
    ...word(body.length, 1 << sizeWidth),
    ...body,
  ];
}

/** A list of names in the header itself. */
export const noHeap = ({ offset }: Widths, flags = 0): number[] => [
  0,
  flags,
  ...flags === 1 ? word(9, 8) : [],
  ...Array<number>(2 * offset).fill(255),
];

/** A name, and the address of what has it. */
export function link(
  name: string,
  address: number,
  { offset }: Widths,
  { kind, order = false, set = false, nameWidth = 0 }: {
    kind?: number;
    order?: boolean;
    set?: boolean;
    nameWidth?: number;
  } = {},
): number[] {
  const letters = [...new TextEncoder().encode(name)];
  const flags = nameWidth | (order ? 4 : 0) | (kind === undefined ? 0 : 8) | (set ? 16 : 0);
  return [
    1,
    flags,
    ...kind === undefined ? [] : [kind],
    ...order ? word(9, 8) : [],
    ...set ? [0] : [],
    ...word(letters.length, 1 << nameWidth),
    ...letters,
    ...word(address, offset),
  ];
}

/** The messages of an array of signed bytes that stands somewhere in the file. */
export const array = (
  shape: readonly number[],
  address: number,
  { offset, length }: Widths,
): [type: number, bytes: number[]][] => [
  [1, [2, shape.length, 0, 1, ...shape.flatMap((size) => word(size, length))]],
  [3, [0x10, 8, 0, 0, ...word(1, 4), 0, 0, 8, 0]],
  [8, [3, 1, ...word(address, offset), ...word(shape.reduce((a, b) => a * b, 1), length)]],
];

/**
 * A file of one root and of pieces at addresses, as the newer versions of the format begin.
 *
 * @param root Address of the root.
 * @param pieces What stands where.
 */
export function writeHdf5(
  root: number,
  pieces: readonly (readonly [address: number, bytes: readonly number[]])[],
  widths: Widths,
): Uint8Array<ArrayBuffer> {
  const end = Math.max(...pieces.map(([address, bytes]) => address + bytes.length));
  const bytes = new Uint8Array(end);
  bytes.set([
    0x89,
    0x48,
    0x44,
    0x46,
    0x0d,
    0x0a,
    0x1a,
    0x0a,
    2,
    widths.offset,
    widths.length,
    0,
    ...word(0, widths.offset),
    ...Array<number>(widths.offset).fill(255),
    ...word(end, widths.offset),
    ...word(root, widths.offset),
  ]);
  for (const [address, piece] of pieces) bytes.set(piece, address);
  return bytes;
}
