import { type ByteSource, partOf } from "../../files/byte_source.ts";
import { encode, entriesOf, isCount, readersOf, viewFloats } from "../../files/file_types.ts";
import { BYTES, type FileType } from "../../ground/traits/number_types.ts";
import { openZip, type ZipEntry } from "../../files/unzip.ts";
import { ModelError, unexpected } from "../../core/model/model_error.ts";
import type { NewFile } from "../../files/new_folder.ts";
import type { FileTensor } from "../../files/weights_file.ts";
import { errorMessage } from "../../ground/words/failure.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { findStateDict } from "../find_state_dict.ts";
import {
  bytesOfView,
  isContiguous,
  requireInside,
  type StridedView,
  writeView,
} from "../../files/strided_view.ts";
import { locateView } from "../../files/gather_view.ts";
import type { Pickled } from "../pickle_reader.ts";
import { readStateDict, readTorchArchive, type TorchArchive } from "../read_state_dict.ts";
import { isTensor, type TorchView } from "../torch_globals.ts";
import { parseLarge } from "./parse_large.ts";
import { parseProgram } from "./parse_program.ts";
import type { Program } from "./program.ts";
import { listAt, objectAt, readMeta, readSize, textAt } from "./schema_parts.ts";
import { refusal } from "../../ground/words/input_error.ts";

/** Tensor of an archive, which is read on demand. */
export interface StoredTensor {
  /** Place of its first entry: two tensors with one place are one tensor. */
  readonly place: string;
  readonly type: FileType;
  readonly shape: readonly number[];
  /** True if it gets a gradient. */
  readonly isTrained: boolean;
  /** Reads the entries, row-major. */
  read(): ArrayLike<number>;
  /** Returns the entries as the file has them, row-major. */
  bytes(): Uint8Array;
  /** Writes them into memory of their number, without holding all of them elsewhere if possible. */
  copyTo(floats: Float32Array): void;
  /** Returns a way to read the entries from the file in pieces; absent if they are in a pickle. */
  locate?(source: ByteSource): ReturnType<typeof locateView>;
  /**
   * Returns the file of the archive with other entries in their place; absent if they are in a
   * pickle.
   *
   * @param entries The entries.
   * @param files Files changed before, by name: several tensors may share one.
   */
  rewritten?(entries: Float32Array, files: ReadonlyMap<string, Uint8Array>): NewFile;
}

/** Sample input: a tensor, or anything else. */
export type Sample = { readonly tensor: StoredTensor } | { readonly tensor: null };

/** Exported program with its tensors. */
export interface ProgramArchive {
  readonly program: Program;
  /** Parameters, buffers and constants by their names in `state_dict()`. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** Inputs that the program was exported with; a text says why there are none. */
  readonly samples: readonly Sample[] | string;
}

/** Largest size of the graph: 50 MB is that of a model of some 100,000 operations. */
const MAX_GRAPH = 2 ** 28;

/**
 * Opens an archive that `torch.export.save` wrote.
 *
 * @param source The file.
 * @param here Working directory, to which the paths of the user's code are made relative.
 * @throws {ModelError} If it is not one.
 */
export function openProgram(source: ByteSource, here: string): ProgramArchive {
  const folder = openFolder(source);
  const { entries, root, model } = folder;
  const graph = entries.get(`${root.replace(/data\/$/, "")}models/${model}.json`)!;
  return {
    program: parseProgram(readJsonEntry(graph), here),
    tensors: new Map([
      ...readTensors(folder, "weights"),
      ...readTensors(folder, "constants"),
    ]),
    samples: readSamples(entries.get(`${root}sample_inputs/${model}.pt`)),
  };
}

/**
 * Reads the weights in an archive that `torch.export.save` wrote, whatever its program is.
 *
 * @throws {ModelError} If it is not one.
 */
export function readProgramTensors(source: ByteSource): FileTensor[] {
  const folder = openFolder(source);
  const { entries, root, model } = folder;
  const pickled = entries.get(`${root}weights/${model}.pt`);
  if (pickled !== undefined) return readStateDict(contentOf(source, pickled)).tensors;
  return [...readTensors(folder, "weights")].map(([name, one]) => {
    const { type, shape, bytes, locate } = one;
    return {
      name,
      shape: [...shape],
      type,
      ...readersOf(type, bytes),
      ...locate?.(source),
    };
  });
}

/** Returns an archive in the archive: read in pieces if it is not compressed. */
const contentOf = (source: ByteSource, entry: ZipEntry): ByteSource | Uint8Array =>
  entry.at === null ? entry.read() : partOf(source, entry.at, entry.size);

function openFolder(source: ByteSource): Folder {
  const entries = openZip(source, ModelError);
  const names = [...entries.keys()];
  const graphs = names.filter((name) => /^(?:[^/]+\/)?models\/[^/]+\.json$/.test(name));
  if (graphs.length !== 1) {
    throw new ModelError({
      place: "The zip archive",
      verb: "has",
      found: `${graphs.length === 0 ? "no" : graphs.length} models/model.json`,
      expected: "one as torch.export.save of PyTorch 2.8 or later writes it",
    });
  }
  const [, root, model] = /^((?:[^/]+\/)?)models\/([^/]+)\.json$/.exec(graphs[0])!;
  const order = entries.get(`${root}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order.read()) !== "little") {
    throw new ModelError(
      refusal`byteorder of the file is not little, expected little-endian numbers`,
    );
  }
  return { source, entries, root: `${root}data/`, model };
}

/** Size from which on a graph is parsed node by node. */
const LARGE_GRAPH = 8 * 2 ** 20;

interface Folder {
  source: ByteSource;
  entries: ReadonlyMap<string, ZipEntry>;
  root: string;
  model: string;
}

function readJsonEntry(entry: ZipEntry): unknown {
  if (entry.size > MAX_GRAPH) {
    throw new ModelError(
      refusal`${entry.name} has ${entry.size} bytes, expected at most ${MAX_GRAPH}`,
    );
  }
  const parse = (text: string) => parseText(text, entry.name);
  const bytes = entry.read();
  const large = bytes.length > LARGE_GRAPH ? parseLarge(bytes, parse) : null;
  return large ?? parse(new TextDecoder().decode(bytes));
}

function parseText(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // PyTorch's JSON may have numbers that JSON lacks.
    try {
      return JSON.parse(text.replaceAll(/(?<=[:[,]\s*)(-?Infinity|NaN)(?=\s*[,\]}])/g, '"$1"'));
    } catch {
      const meant = `: ${errorMessage(error)}`;
      throw new ModelError({ place: name, found: "not JSON", expected: "JSON", meant });
    }
  }
}

/** Reads the list of the tensors in a folder. */
function readTensors(folder: Folder, kind: "weights" | "constants") {
  const { entries, root, model } = folder;
  const config = entries.get(`${root}${kind}/${model}_${kind}_config.json`);
  if (config === undefined) return readPickled(folder, kind);
  const { config: payloads } = objectAt(readJsonEntry(config), config.name);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, payload] of Object.entries(objectAt(payloads, config.name))) {
    const place = `${kind}.${textAt(name, `name in ${kind}`)}`;
    const { path_name: file, use_pickle: isPickled, tensor_meta: meta } = objectAt(payload, place);
    const path = textAt(file, `${place}.path_name`);
    const entry = entries.get(`${root}${kind}/${path}`);
    if (entry === undefined) {
      throw new ModelError(refusal`${place} is in ${showValue(path)}, expected one in the file`);
    }
    if (isPickled === true) {
      throw new ModelError(
        refusal`${place} is an object, which is not supported, expected a tensor`,
      );
    }
    tensors.set(name, storedTensor(entry, meta, place));
  }
  return tensors;
}

function storedTensor(entry: ZipEntry, meta: unknown, place: string): StoredTensor {
  const { strides, storage_offset: start, requires_grad: isTrained } = objectAt(meta, place);
  const { type, sizes } = readMeta(meta, place);
  const counts = (values: readonly unknown[]) =>
    values.map((value) => {
      if (isCount(value)) return value;
      throw unexpected(place, value, "a size");
    });
  const view: StridedView = {
    type,
    shape: counts(sizes),
    strides: counts(listAt(strides, `${place}.strides`).map((one) => readSize(one, place))),
    offset: counts([readSize(start, `${place}.storage_offset`)])[0],
  };
  if (view.shape.length !== view.strides.length) {
    throw unexpected(`${place}.strides`, view.strides, `${view.shape.length} of them`);
  }
  const room = entry.size / BYTES[type];
  requireInside(place, view, room, mostOf(room));
  const reals = asReals(view);
  return {
    ...reals,
    place: `${entry.name}+${view.offset} [${view.shape}] [${view.strides}]`,
    isTrained: isTrained === true,
    ...readers(view, entry, reals.type),
    locate: (source) => locateView(view, source, entry.at),
    rewritten(entries, files) {
      const bytes = (files.get(entry.name) ?? entry.read()).slice();
      writeView(view, bytes, encode(entries, reals.type));
      return { path: entry.name, bytes };
    },
  };
}

/**
 * Number of entries that a view may have, which may repeat those of its storage: a mask that was
 * expanded over the batch.
 */
const mostOf = (room: number) => 2 ** 20 + 1024 * room;

/** Reads the tensors of the layout before PyTorch 2.9: a pickled dictionary. */
function readPickled(
  { source, entries: files, root, model }: Folder,
  kind: "weights" | "constants",
): Map<string, StoredTensor> {
  const entry = files.get(`${root}${kind}/${model}.pt`);
  if (entry === undefined) {
    if (kind === "constants") return new Map();
    throw new ModelError(refusal`The file has no weights, expected data/weights`);
  }
  const archive = readTorchArchive(contentOf(source, entry));
  if (!(archive.value instanceof Map) || archive.value.size === 0) return new Map();
  const { entries } = findStateDict(archive.value);
  return new Map(entries.map(([name, view]) => [name, pickledTensor(archive, view, name)]));
}

function pickledTensor({ storages }: TorchArchive, view: TorchView, name: string): StoredTensor {
  const { storage, type, shape, offset, strides } = view;
  const place = `Storage ${showValue(storage.key)} of ${showValue(name)}`;
  const stored = storages(storage.key);
  if (stored === null) throw new ModelError(refusal`${place} is missing, expected it in the file`);
  const room = stored.size / BYTES[type];
  requireInside(name, view, room, mostOf(room));
  const reals = asReals({ type, shape });
  return {
    ...reals,
    place: `${storage.key}+${offset} [${shape}] [${strides}]`,
    isTrained: true,
    ...readers(view, stored, reals.type),
  };
}

/**
 * Returns a reader of a tensor.
 *
 * @param type Type of its real entries.
 */
function readers(
  view: StridedView,
  storage: Pick<ZipEntry, "read" | "pieces">,
  type: FileType,
): Pick<StoredTensor, "bytes" | "read" | "copyTo"> {
  const bytes = () => bytesOfView(view, storage.read());
  const read = () => entriesOf(bytes(), type);
  return {
    bytes,
    read,
    copyTo(floats) {
      if (!isContiguous(view)) return floats.set(read());
      const size = BYTES[type], first = view.offset * BYTES[view.type];
      const end = first + floats.length * size;
      let start = 0;
      for (const piece of storage.pieces()) {
        const from = Math.max(first, start), to = Math.min(end, start + piece.length);
        if (from < to) {
          const entries = viewFloats(piece.subarray(from - start, to - start), type);
          floats.set(entries, (from - first) / size);
        }
        start += piece.length;
      }
    },
  };
}

/** Real types of the parts of complex numbers. */
const PARTS: Readonly<Partial<Record<FileType, FileType>>> = {
  complex64: "float32",
  complex128: "float64",
};

/** Returns complex numbers as real ones, with an axis of both parts at the end. */
function asReals(
  { type, shape }: Pick<StoredTensor, "type" | "shape">,
): Pick<StoredTensor, "type" | "shape"> {
  const part = PARTS[type];
  return part === undefined ? { type, shape } : { type: part, shape: [...shape, 2] };
}

/** Largest number of sample inputs. */
const MAX_SAMPLES = 10_000;

/** Reads the sample inputs, `(args, kwargs)`, in the order in which the graph takes them. */
function readSamples(entry: ZipEntry | undefined): Sample[] | string {
  if (entry === undefined) return "the file has none";
  try {
    const archive = readTorchArchive(entry.read());
    const samples: Sample[] = [];
    const visit = (value: Pickled, place: string) => {
      if (samples.length > MAX_SAMPLES) throw new ModelError("they are too many");
      if (isTensor(value)) samples.push({ tensor: pickledTensor(archive, value, place) });
      else if (Array.isArray(value)) value.forEach((one, i) => visit(one, `${place}[${i}]`));
      else if (value instanceof Map) {
        for (const [key, one] of value) visit(one, `${place}[${showValue(key)}]`);
      } else samples.push({ tensor: null });
    };
    visit(archive.value, "sample input");
    return samples;
  } catch (error) {
    return errorMessage(error);
  }
}
