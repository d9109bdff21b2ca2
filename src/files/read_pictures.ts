import type { LayersModel } from "../engine/tensorflow.ts";
import { failure } from "../ground/words/failure.ts";
import { fileRefusal, type Refusal, refusal } from "../ground/words/input_error.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { showValue } from "../ground/words/show_value.ts";
import { openUserFile, readUserFile } from "./user_file.ts";
import { frontLayers } from "../core/model/layers/leaf_layers.ts";
import { showShape } from "../core/model/layers/shapes.ts";
import { BatchError } from "../core/model/batches/batch.ts";
import type { Given } from "./given.ts";
import { convertIndexedToRgb, decode, type IndexedColors } from "fast-png";
import { builtin } from "../platform/builtins.ts";
import { type FolderEntry, host } from "../platform/host.ts";

/** Facts from the first bytes of a picture. */
interface PictureHeader {
  height: number;
  width: number;
  /** Number of channels: 1 grey, 2 grey and alpha, 3 colours, 4 colours and alpha. */
  channels: number;
  /** Bytes that decoding it takes. */
  memory: number;
}

/** Picture: rows from the top, the channels of a pixel side by side, each from 0 to 255. */
interface Picture extends PictureHeader {
  pixels: Uint8Array | Float32Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/** Channels of each colour type; a palette has one, the number of a colour. */
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

const MAX_PIXELS = 2 ** 26;

/** Bytes of the signature, and of the first chunk with its length, name and checksum. */
const PNG_HEADER_BYTES = 33;

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
function readPngHeader(bytes: Uint8Array): PictureHeader {
  return readHeader(bytes);
}

function readHeader(bytes: Uint8Array): Header {
  const fail = (what: string | Refusal): never => {
    throw new BatchError(what);
  };
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    return fail(refusal`The file is not a PNG picture, expected one`);
  }
  if (bytes.length < PNG_HEADER_BYTES) {
    return fail(
      refusal`The picture has ${bytes.length} bytes, expected at least ${PNG_HEADER_BYTES}: truncated`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const name = String.fromCharCode(...bytes.subarray(12, 16));
  if (name !== "IHDR" || view.getUint32(8) !== 13) {
    return fail(
      refusal`The picture begins with another chunk, expected a header (IHDR) of 13 bytes`,
    );
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
      refusal`The picture has ${bits} bits and colour type ${type}, expected a combination that PNG allows`,
    );
  }
  if (interlaced !== 0) {
    return fail(
      refusal`The picture is interlaced, expected one that is saved without interlacing`,
    );
  }
  if (width === 0 || height === 0 || width * height > MAX_PIXELS) {
    return fail(refusal`The picture has ${height} x ${width} pixels, expected 1 to ${MAX_PIXELS}`);
  }
  const hasPalette = type === 3;
  const channels = hasPalette ? 3 : samples;
  const unpacked = height * (Math.ceil(width * samples * bits / 8) + 1);
  // Memory of the library: the unpacked bytes, in pieces and whole, the lines without filters, the
  // samples.
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
  throw new BatchError(refusal`The last chunk of the picture is missing, expected IEND: truncated`);
}

/** Rejects pixels that do not unpack to the size that the header says. */
function requireSize(chunks: readonly Chunk[], size: number): void {
  const packed = join(chunks.filter(({ name }) => name === "IDAT").map(({ content }) => content));
  // Nothing packs better than 1032 to 1: a header that claims more pixels gets no memory for them.
  if (size > 1032 * packed.length + 64) {
    throw new BatchError(
      refusal`The picture has ${packed.length} packed bytes of pixels, expected at least ${
        Math.ceil((size - 64) / 1032)
      }: truncated`,
    );
  }
  let length: number;
  try {
    length = builtin("zlib").inflateSync(packed, { maxOutputLength: size }).length;
  } catch (error) {
    throw new BatchError(
      refusal`The picture has pixels that cannot be unpacked, expected ${size} bytes of them`,
      { cause: error },
    );
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

/** Weights of red, green and blue in grey: ITU-R BT.601, as in Pillow and Keras. */
const GREY = [0.299, 0.587, 0.114];

/** Layers at the front of a model that take raw pixels. */
const SCALING = ["Rescaling", "Normalization"];

/** Channels that a model may take: grey, colours, colours and alpha. */
const DEPTHS: readonly number[] = [1, 3, 4];

const MAX_PICTURES = 10000;

/** Bytes that the pixels may take for each byte of the files. */
const PER_BYTE = 10;

/** Bytes that they may take in addition. */
const FREE = 2 ** 28;

/**
 * Reads a folder of PNG pictures, with one folder for each class: classes are numbered in the order
 * of their names. Pixels range from 0 to 1, or from 0 to 255 for a model that scales them first.
 * Colours become grey for a model of one channel, and grey fills all three colours. Alpha is left
 * out unless the model has a fourth channel, in which a picture without alpha is opaque. No picture
 * is resized.
 *
 * @throws {BatchError} If the folder holds no such pictures.
 */
export async function readPictures(path: string, model: LayersModel): Promise<Given> {
  const [input, ...more] = model.inputs;
  const depth = input.shape[3] ?? 3;
  const takesPictures = input.shape.length === 4 && DEPTHS.includes(depth);
  if (more.length > 0 || model.outputs.length > 1 || !takesPictures) {
    throw new BatchError({
      place: "The path",
      found: "a folder",
      expected: "a file",
      hint: `: a folder of pictures is for a model that takes pictures of 1, 3 or 4 channels, and ${
        showValue(model.name)
      } takes ${more.length > 0 ? `${more.length + 1} inputs` : showShape(input.shape)}`,
    });
  }
  const classes = (await namesIn(path, "")).filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name);
  const files = await listPictures(path, classes);
  const [{ header: { height, width } }] = files;
  requireSameSize(files);
  const size = height * width * depth;
  requireRoom(files, size);
  const isRaw = frontLayers(model, () => true)[0]
    ?.every((layer) => SCALING.includes(layer.getClassName())) ?? false;
  const values = new Float32Array(files.length * size);
  for (const [i, { name }] of files.entries()) {
    const picture = await readPicture(path, name);
    if (picture.height !== height || picture.width !== width) {
      throw new BatchError(`${showValue(name)} was changed while it was being read`);
    }
    write(picture, depth, isRaw ? 1 : 1 / 255, values.subarray(i * size, (i + 1) * size));
  }
  return {
    inputs: [{ place: "inputs", shape: [files.length, height, width, depth], values }],
    targets: [{
      place: "targets",
      shape: [files.length, 1],
      values: files.map((one) => one.label),
    }],
    classes: { place: "The folder", names: classes },
  };
}

/** Picture of the folder that is not decoded yet. */
interface PictureFile {
  /** Path in the folder. */
  name: string;
  /** Number of its class. */
  label: number;
  header: PictureHeader;
  /** Bytes of the file. */
  size: number;
}

/** Lists the pictures of the classes, at least one. */
async function listPictures(path: string, classes: readonly string[]): Promise<PictureFile[]> {
  if (classes.length === 0) {
    throw new BatchError(refusal`The folder has no subfolders, expected one for each class`);
  }
  const found: PictureFile[] = [];
  for (const [label, folder] of classes.entries()) {
    for (const { name, isFile } of await namesIn(path, folder)) {
      const file = `${folder}/${name}`;
      if (!isFile || !/\.png$/i.test(name)) {
        throw new BatchError(
          refusal`${showValue(file)} is not a PNG picture, expected only PNG pictures`,
        );
      }
      if (found.length === MAX_PICTURES) {
        throw new BatchError(
          refusal`The folder holds more than ${MAX_PICTURES} pictures, expected fewer`,
        );
      }
      found.push({ name: file, label, ...await lookAt(path, file) });
    }
  }
  if (found.length > 0) return found;
  throw new BatchError(refusal`The folder holds no pictures, expected one or more`);
}

function requireSameSize([first, ...others]: readonly PictureFile[]): void {
  const { height, width } = first.header;
  for (const { name, header } of others) {
    if (header.height === height && header.width === width) continue;
    throw new BatchError({
      place: showValue(name),
      verb: "has",
      found: `${header.height} x ${header.width} pixels`,
      expected: `${height} x ${width} as ${showValue(first.name)} has`,
    });
  }
}

/**
 * Rejects pictures that take far more memory than their files.
 *
 * @param size Numbers in a picture of the batch.
 */
function requireRoom(files: readonly PictureFile[], size: number): void {
  // Pictures are decoded one after the other, so only the largest needs extra memory.
  const memory = 4 * files.length * size + Math.max(...files.map(({ header }) => header.memory));
  const most = FREE + PER_BYTE * files.reduce((sum, { size }) => sum + size, 0);
  if (memory <= most) return;
  throw new BatchError({
    place: "The pictures",
    verb: "take",
    found: `${formatCount(memory, "byte")} as pixels`,
    expected: `at most ${formatCount(most, "byte")}`,
    hint: `: ${PER_BYTE} times their files, and 256 MiB`,
  });
}

async function namesIn(path: string, folder: string): Promise<FolderEntry[]> {
  try {
    const entries = await Array.fromAsync(host.readDir(`${path}/${folder}`));
    return entries.filter(({ name }) => !name.startsWith("."))
      .toSorted((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    const failed = new BatchError(fileRefusal(error), { cause: error });
    throw folder === "" ? failed : failed.within(showValue(folder));
  }
}

/** Reads the header of a picture, and the size of its file. */
async function lookAt(
  path: string,
  name: string,
): Promise<{ header: PictureHeader; size: number }> {
  return await named(name, async () => {
    using file = await openUserFile(`${path}/${name}`);
    const bytes = new Uint8Array(PNG_HEADER_BYTES);
    const count = await file.handle.read(bytes) ?? 0;
    return { header: readPngHeader(bytes.subarray(0, count)), size: file.info.size };
  });
}

async function readPicture(path: string, name: string): Promise<Picture> {
  return await named(name, async () => decodePng(await readUserFile(`${path}/${name}`)));
}

/** Adds the name of the picture to errors about it. */
async function named<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const refused = error instanceof BatchError
      ? error
      : new BatchError(fileRefusal(error), { cause: error });
    throw refused.within(showValue(name));
  }
}

/** Returns a channel of the pixel at an offset, converted to a picture with `depth` channels. */
function channelOf({ channels, pixels }: Picture, at: number, c: number, depth: number): number {
  if (c === 3) return channels % 2 === 0 ? pixels[at + channels - 1] : 255;
  if (channels < 3) return pixels[at];
  if (depth > 1) return pixels[at + c];
  return GREY.reduce((sum, weight, colour) => sum + weight * pixels[at + colour], 0);
}

/** Writes a picture with `depth` channels, each entry multiplied by `scale`. */
function write(picture: Picture, depth: number, scale: number, out: Float32Array): void {
  for (let i = 0; i * depth < out.length; i++) {
    const at = i * picture.channels;
    for (let c = 0; c < depth; c++) {
      out[i * depth + c] = channelOf(picture, at, c, depth) * scale;
    }
  }
}
