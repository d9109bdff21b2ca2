import { crc32, inflateSync } from "node:zlib";
import { BatchError } from "./batch.ts";

/** Facts from the first bytes of a picture. */
export interface PictureHeader {
  height: number;
  width: number;
  /** Number of channels: 1 grey, 2 grey and alpha, 3 colours, 4 colours and alpha. */
  channels: number;
  /** Bytes that decoding it takes. */
  memory: number;
}

/** Picture: rows from the top, the channels of a pixel side by side, each from 0 to 255. */
export interface Picture extends PictureHeader {
  pixels: Uint8Array | Float32Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Channels of each colour type; a palette has one, the number of a colour. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const MAX_PIXELS = 2 ** 26;

/** Bytes of the signature, and of the first chunk with its length, name and checksum. */
export const PNG_HEADER_BYTES = 33;

/** Complete header of a picture. */
interface Header extends PictureHeader {
  bits: number;
  /** True if a pixel is the number of a colour. */
  hasPalette: boolean;
  /** Stored samples per pixel. */
  samples: number;
  /** Bytes of a line, without that of its filter. */
  row: number;
}

/**
 * Reads the size of a PNG, before anything is unpacked.
 *
 * @param bytes The file, or its first {@linkcode PNG_HEADER_BYTES}.
 * @throws {BatchError} If it is not a PNG, or an unsupported one.
 */
export function readPngHeader(bytes: Uint8Array): PictureHeader {
  return readHeader(bytes);
}

function readHeader(bytes: Uint8Array): Header {
  const fail = (what: string): never => {
    throw new BatchError(what);
  };
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    return fail("The file is no PNG picture, expected one");
  }
  if (bytes.length < PNG_HEADER_BYTES) return fail("The picture has no end: truncated");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = String.fromCharCode(...bytes.subarray(12, 16));
  if (name !== "IHDR" || view.getUint32(8) !== 13) {
    return fail("The picture has no header, expected one of 13 bytes");
  }
  const width = view.getUint32(16);
  const height = view.getUint32(20);
  const [bits, type, , , interlaced] = bytes.subarray(24);
  const samples = CHANNELS[type];
  if (
    samples === undefined ||
    ![8, 16].includes(bits) && !([1, 2, 4].includes(bits) && samples === 1) ||
    type === 3 && bits === 16
  ) {
    return fail(`The picture has ${bits} bits and colour type ${type}, expected what a PNG has`);
  }
  if (interlaced !== 0) {
    return fail("The picture is interlaced, expected one that is not: save it without");
  }
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) {
    return fail(`The picture has ${height} x ${width} pixels, expected 1 to ${MAX_PIXELS}`);
  }
  const hasPalette = type === 3;
  const channels = hasPalette ? 3 : samples;
  const row = Math.ceil(width * samples * bits / 8);
  const unpacked = height * (row + 1);
  const floats = height * width * (hasPalette ? samples + channels : samples);
  const memory = bits === 8 && !hasPalette ? unpacked : unpacked + 4 * floats;
  return { height, width, channels, memory, bits, hasPalette, samples, row };
}

/**
 * Decodes a PNG (W3C Recommendation, third edition): every colour type, 8 or 16 bits per channel,
 * or fewer if there is only one; no interlacing. Deno unpacks it with a limit (`node:zlib`);
 * `upng-js` of npm unpacks everything in the file.
 *
 * @param bytes The file.
 * @throws {BatchError} If it is not such a picture.
 */
export function decodePng(bytes: Uint8Array): Picture {
  const header = readHeader(bytes);
  const { height, width, channels, memory, bits, hasPalette, samples, row } = header;
  const chunks = chunksOf(bytes);
  const packed = join(chunks.get("IDAT") ?? []);
  const size = height * (row + 1);
  // Nothing packs better than 1032 to 1: a header that claims more pixels gets no memory for them.
  if (size > 1032 * packed.length + 64) {
    throw new BatchError("The picture has too few bytes for its pixels: truncated");
  }
  let raw: Uint8Array;
  try {
    const inflated = inflateSync(packed, { maxOutputLength: size });
    raw = new Uint8Array(inflated.buffer, inflated.byteOffset, inflated.length);
  } catch (error) {
    throw new BatchError("The pixels of the picture do not unpack to its size", { cause: error });
  }
  if (raw.length !== size) {
    throw new BatchError(`The picture has ${raw.length} bytes of pixels, expected ${size}`);
  }
  const lines = unfilter(raw, height, row, Math.max(1, samples * bits / 8));
  const picture = { height, width, channels, memory };
  if (bits === 8 && !hasPalette) return { ...picture, pixels: lines };
  const count = width * samples;
  const own = samplesOf(lines, { height, row, count, bits, scale: !hasPalette });
  if (!hasPalette) return { ...picture, pixels: own };
  const [palette] = chunks.get("PLTE") ?? [];
  const colours = palette ?? new Uint8Array();
  const pixels = new Float32Array(3 * own.length);
  for (let i = 0; i < own.length; i++) {
    if (3 * own[i] + 2 >= colours.length) {
      throw new BatchError(`The picture has no colour ${own[i]} in its palette`);
    }
    pixels.set(colours.subarray(3 * own[i], 3 * own[i] + 3), 3 * i);
  }
  return { ...picture, pixels };
}

/** Returns the contents of the chunks by their names, up to the end of the picture. */
function chunksOf(bytes: Uint8Array): Map<string, Uint8Array[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks = new Map<string, Uint8Array[]>();
  for (let at = 8; at + 12 <= bytes.length;) {
    const length = view.getUint32(at);
    const end = at + 8 + length;
    if (end + 4 > bytes.length) break;
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (crc32(bytes.subarray(at + 4, end)) !== view.getUint32(end)) {
      throw new BatchError(
        `Chunk ${JSON.stringify(name)} of the picture has another checksum than it says`,
      );
    }
    if (name === "IEND") return chunks;
    chunks.set(name, [...chunks.get(name) ?? [], bytes.subarray(at + 8, end)]);
    at = end + 4;
  }
  throw new BatchError("The picture has no end: truncated");
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * Undoes the filter of each line, which made it pack better.
 *
 * @returns The lines without their filters, in the memory of `raw`: no line is written before it
 * was read.
 */
function unfilter(raw: Uint8Array, height: number, row: number, step: number): Uint8Array {
  for (let y = 0; y < height; y++) {
    const filter = raw[y * (row + 1)];
    if (filter > 4) {
      throw new BatchError(`Line ${y} of the picture has filter ${filter}, expected 0 to 4`);
    }
    const from = y * (row + 1) + 1, to = y * row;
    for (let x = 0; x < row; x++) {
      const left = x >= step ? raw[to + x - step] : 0;
      const up = y > 0 ? raw[to + x - row] : 0;
      const corner = x >= step && y > 0 ? raw[to + x - row - step] : 0;
      raw[to + x] = raw[from + x] + guessOf(filter, left, up, corner);
    }
  }
  return raw.subarray(0, height * row);
}

function guessOf(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    default:
      return paeth(left, up, corner);
  }
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const a = Math.abs(guess - left), b = Math.abs(guess - up), c = Math.abs(guess - corner);
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** Returns samples from 0 to 255; palette indices are unchanged. */
function samplesOf(
  lines: Uint8Array,
  { height, row, count, bits, scale }: {
    height: number;
    row: number;
    count: number;
    bits: number;
    scale: boolean;
  },
): Float32Array {
  const out = new Float32Array(height * count);
  const most = 2 ** bits - 1;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < count; x++) {
      const bit = x * bits;
      const at = y * row + (bit >> 3);
      const value = bits === 16
        ? lines[at] * 256 + lines[at + 1]
        : (lines[at] >> (8 - bits - (bit & 7))) & most;
      out[y * count + x] = scale && bits !== 8 ? value * 255 / most : value;
    }
  }
  return out;
}
