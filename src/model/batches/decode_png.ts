import { inflateSync } from "node:zlib";
import { convertIndexedToRgb, decode, type IndexedColors } from "fast-png";
import { failure } from "../../words/failure.ts";
import { BatchError } from "./batch.ts";
import { refusal } from "../../words/input_error.ts";

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
  /** Bytes of the pixels and the filters of their lines. */
  unpacked: number;
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
    return fail("The file is not a PNG picture, expected one");
  }
  if (bytes.length < PNG_HEADER_BYTES) {
    return fail("The picture is truncated: its header is incomplete");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = String.fromCharCode(...bytes.subarray(12, 16));
  if (name !== "IHDR" || view.getUint32(8) !== 13) {
    return fail("The picture does not start with a header (IHDR) of 13 bytes");
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
    return fail(
      `The picture has ${bits} bits and colour type ${type}, expected a combination that PNG allows`,
    );
  }
  if (interlaced !== 0) {
    return fail("The picture is interlaced, which is not supported: save it without interlacing");
  }
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) {
    return fail(`The picture has ${height} x ${width} pixels, expected 1 to ${MAX_PIXELS}`);
  }
  const hasPalette = type === 3;
  const channels = hasPalette ? 3 : samples;
  const unpacked = height * (Math.ceil(width * samples * bits / 8) + 1);
  // Of the library: what is unpacked, in pieces and whole, the lines without filters, the samples.
  const memory = 3 * unpacked + height * width * (channels + samples) * (bits === 16 ? 5 : 1);
  return { height, width, channels, memory, bits, hasPalette, unpacked };
}

/**
 * Decodes a PNG: every colour type, 8 or 16 bits per channel, or fewer if there is only one; no
 * interlacing. The library unpacks everything in a file, so that damage and bombs are rejected
 * before it: it gets only the chunks that make the pixels, which unpack to the size in the header.
 *
 * @throws {BatchError} If it is not such a picture.
 */
export function decodePng(bytes: Uint8Array): Picture {
  const header = readHeader(bytes);
  const { height, width, channels, memory, bits, hasPalette, unpacked } = header;
  const chunks = pixelChunks(bytes);
  requireSize(chunks, unpacked);
  try {
    const image = decode(join([bytes.subarray(0, 8), ...chunks.map(({ all }) => all)]), {
      checkCrc: true,
    });
    const picture = { height, width, channels, memory };
    if (bits === 16) {
      const pixels = Float32Array.from(image.data, (value) => value * 255 / 65535);
      return { ...picture, pixels };
    }
    if (bits === 8 && !hasPalette) return { ...picture, pixels: image.data as Uint8Array };
    // The library unpacks samples of fewer bits only as numbers of colours.
    if (!hasPalette) image.palette = greysOf(bits);
    return { ...picture, pixels: convertIndexedToRgb(image) };
  } catch (error) {
    throw new BatchError(`The picture is damaged: ${failure(error)}`, { cause: error });
  }
}

/** Returns the greys of samples of some bits, as the colours of a palette. */
const greysOf = (bits: number): IndexedColors =>
  Array.from({ length: 2 ** bits }, (_, i) => [255 * i / (2 ** bits - 1)]);

/** Chunk of a file: the whole of it, and its content. */
interface Chunk {
  name: string;
  all: Uint8Array;
  content: Uint8Array;
}

/** Returns the chunks that make the pixels, up to the end of the picture. */
function pixelChunks(bytes: Uint8Array): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Chunk[] = [];
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + view.getUint32(at);
    if (end > bytes.length) break;
    const name = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (["IHDR", "PLTE", "IDAT", "IEND"].includes(name)) {
      chunks.push({ name, all: bytes.subarray(at, end), content: bytes.subarray(at + 8, end - 4) });
    }
    if (name === "IEND") return chunks;
    at = end;
  }
  throw new BatchError("The picture is truncated: its last chunk (IEND) is missing");
}

/** Rejects pixels that do not unpack to the size that the header says. */
function requireSize(chunks: readonly Chunk[], size: number): void {
  const packed = join(chunks.filter(({ name }) => name === "IDAT").map(({ content }) => content));
  // Nothing packs better than 1032 to 1: a header that claims more pixels gets no memory for them.
  if (size > 1032 * packed.length + 64) {
    throw new BatchError("The picture has too few bytes for its pixels: truncated");
  }
  let length: number;
  try {
    length = inflateSync(packed, { maxOutputLength: size }).length;
  } catch (error) {
    throw new BatchError("The pixels of the picture cannot be unpacked to its size", {
      cause: error,
    });
  }
  if (length !== size) {
    throw new BatchError(refusal`The picture has ${length} bytes of pixels, expected ${size}`);
  }
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
