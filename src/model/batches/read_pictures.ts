import type { LayersModel } from "../../engine/tensorflow.ts";
import { failure } from "../../words/failure.ts";
import { formatCount } from "../../words/numbers.ts";
import { showValue } from "../../words/show_value.ts";
import { BatchError } from "./batch.ts";
import { openUserFile, readUserFile } from "../files/user_file.ts";
import { frontLayers } from "../layers/leaf_layers.ts";
import { showShape } from "../layers/shapes.ts";
import {
  decodePng,
  type Picture,
  type PictureHeader,
  PNG_HEADER_BYTES,
  readPngHeader,
} from "./decode_png.ts";
import type { Given } from "./given.ts";
import { refusal } from "../../words/input_error.ts";

/** Weights of red, green and blue in grey: ITU-R BT.601, as in Pillow and Keras. */
const GREY = [0.299, 0.587, 0.114];

/** Layers at the front of a model that take raw pixels. */
const SCALING = ["Rescaling", "Normalization"];

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
  if (more.length > 0 || model.outputs.length > 1 || input.shape.length !== 4 || depth > 4) {
    throw new BatchError(
      `The path leads to a folder, expected a file: a folder of pictures is for a model that takes ` +
        `pictures, and ${showValue(model.name)} takes ${
          more.length > 0 ? `${more.length + 1} inputs` : showShape(input.shape)
        }`,
    );
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
  throw new BatchError(
    `The pictures take ${formatCount(memory, "byte")} as pixels, expected at most ${
      formatCount(most, "byte")
    }: ${PER_BYTE} times their files, and 256 MiB`,
  );
}

async function namesIn(path: string, folder: string): Promise<Deno.DirEntry[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(`${path}/${folder}`));
    return entries.filter(({ name }) => !name.startsWith("."))
      .toSorted((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    throw new BatchError(`${folder === "" ? "" : `${showValue(folder)}: `}${failure(error)}`, {
      cause: error,
    });
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
    const reason = error instanceof BatchError ? error.message : failure(error);
    throw new BatchError(`${showValue(name)}: ${reason}`, { cause: error });
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
