import { readersOf, tensorBytes } from "../files/file_types.ts";
import { BYTES } from "../ground/traits/number_types.ts";
import { bytesInMemory, type ByteSource } from "../files/byte_source.ts";
import { openZip, type ZipEntry } from "../files/unzip.ts";
import { ModelError } from "../core/model/model_error.ts";
import type { FileTensor } from "../files/weights_file.ts";
import { showValue } from "../ground/words/show_value.ts";
import { findStateDict, showTensors } from "./find_state_dict.ts";
import { bytesOfView, requireInside } from "../files/strided_view.ts";
import { locateView } from "../files/gather_view.ts";
import type { Pickled } from "./pickle_reader.ts";
import { TORCH } from "./torch_globals.ts";
import { pickleBudget, unpickle } from "./unpickle.ts";
import { refusal } from "../ground/words/input_error.ts";

interface StateDict {
  tensors: FileTensor[];
  notes: string[];
}

/** Storage of a file. */
interface StorageBytes {
  /** Number of bytes. */
  size: number;
  /** Returns all of them. */
  read(): Uint8Array;
  /** Place in the file; `null` if it is packed. */
  at: number | null;
}

/** Returns a storage by its name. */
type Storages = (key: string) => StorageBytes | null;

/** Largest number of bytes of a pickle of names and shapes: that of 30,000 tensors has 5 MB. */
const MAX_PICKLE = 2 ** 27;

/** Largest size of all tensors relative to that of their storages, which they may share. */
const MAX_SHARING = 16;

/**
 * First bytes of a file that `torch.save` wrote before version 1.6: a pickled number of 10 bytes.
 */
const LEGACY = [0x80, 0x02, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/**
 * Reads the state dict that `torch.save` wrote, as a zip archive or in the format before version
 * 1.6.
 *
 * @param file The file in memory, or one that is read in pieces: then its tensors are read on
 * demand, and unpacked ones without checking their checksums.
 * @throws {ModelError} If there is none, or if loading the file would run code.
 */
export function readStateDict(file: Uint8Array | ByteSource): StateDict {
  const source = file instanceof Uint8Array ? bytesInMemory(file) : file;
  const bytes = source.read(0, Math.min(source.size, LEGACY.length), "The first bytes");
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  if (isZip) return readArchive(source);
  if (LEGACY.every((byte, i) => bytes[i] === byte)) return readLegacy(source);
  throw new ModelError(
    refusal`The file begins with ${
      bytes.length === 0
        ? "nothing"
        : `bytes ${
          [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ")
        }`
    }, expected a zip archive or a pickle as torch.save writes it`,
  );
}

function readArchive(source: ByteSource): StateDict {
  const { value, storages } = readTorchArchive(source);
  return tensorsOf(source, value, storages);
}

/** Content of a zip archive of `torch.save`: its pickle, and the storages of its tensors. */
export interface TorchArchive {
  value: Pickled;
  storages(key: string): ZipEntry | null;
}

/**
 * Reads a zip archive that `torch.save` wrote.
 *
 * @throws {ModelError} If it is not one, or if loading it would run code.
 */
export function readTorchArchive(source: Uint8Array | ByteSource): TorchArchive {
  const entries = openZip(source, ModelError);
  const names = [...entries.keys()];
  const pickles = names.filter((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  const root = pickles[0]?.replace(/data\.pkl$/, "");
  if (names.some((name) => /^([^/]+\/)?(code\/|constants\.pkl$)/.test(name))) {
    throw new ModelError({
      place: "The file",
      found: "a TorchScript program",
      expected: "weights",
      hint: ": save them with torch.save(model.state_dict(), path)",
    });
  }
  if (pickles.length !== 1) {
    throw new ModelError({
      place: "The zip archive",
      verb: "has",
      found: `${pickles.length === 0 ? "no" : pickles.length} data.pkl`,
      expected: "one as torch.save writes it",
    });
  }
  const order = entries.get(`${root}byteorder`);
  if (order !== undefined && new TextDecoder().decode(order.read()) !== "little") {
    throw new ModelError(
      refusal`byteorder of the file is not little, expected little-endian numbers`,
    );
  }
  const pickle = entries.get(pickles[0])!;
  const size = source instanceof Uint8Array ? source.length : source.size;
  if (pickle.size > MAX_PICKLE) {
    throw new ModelError(
      refusal`data.pkl has ${pickle.size} bytes, expected at most ${MAX_PICKLE}`,
    );
  }
  const budget = pickleBudget(Math.min(size, MAX_PICKLE));
  const { value } = unpickle(pickle.read(), 0, TORCH, budget);
  return { value, storages: (key) => entries.get(`${root}data/${key}`) ?? null };
}

/**
 * Reads the older format: a number, a version, facts about the machine, the weights, the names of
 * storages, all pickled, then the storages.
 */
function readLegacy(source: ByteSource): StateDict {
  const bytes = source.read(0, Math.min(source.size, MAX_PICKLE), "The pickles");
  const values: Pickled[] = [];
  const budget = pickleBudget(bytes.length);
  let at = 0;
  while (values.length < 5) {
    const { value, end } = unpickle(bytes, at, TORCH, budget);
    values.push(value);
    at = end;
  }
  const [, version, machine, weights, keys] = values;
  if (version !== 1001) {
    throw new ModelError(refusal`The file has version ${showValue(version)}, expected 1001`);
  }
  if (machine instanceof Map && machine.get("little_endian") === false) {
    throw new ModelError(
      refusal`little_endian of the file is false, expected little-endian numbers`,
    );
  }
  if (!Array.isArray(keys)) {
    throw new ModelError(refusal`The file has no list of storages, expected one`);
  }
  // The size of a storage follows from its number of entries only with the type of its tensors.
  const sizes = new Map<string, number>();
  showTensors(weights, (view) => {
    sizes.set(view.storage.key, BYTES[view.storage.type ?? "uint8"]);
  });
  const found = new Map<string, StorageBytes>();
  for (const key of keys) {
    if (at + 8 > source.size) {
      throw new ModelError(
        refusal`The file ends in its storages, expected ${keys.length} of them: truncated`,
      );
    }
    const head = source.read(at, 8, "The size of a storage");
    const count = Number(new DataView(head.buffer, head.byteOffset).getBigInt64(0, true));
    at += 8;
    const size = typeof key === "string" ? sizes.get(key) : undefined;
    if (size === undefined) {
      throw new ModelError(
        refusal`Storage ${showValue(key)} belongs to no tensor, expected one that does`,
      );
    }
    if (count < 0 || at + count * size > source.size) {
      throw new ModelError(
        refusal`Storage ${showValue(key)} has ${count} entries, expected at most ${
          Math.floor((source.size - at) / size)
        } up to the end of the file: truncated`,
      );
    }
    const from = at, length = count * size;
    const read = () => source.read(from, length, `Storage ${showValue(key)}`);
    found.set(key as string, { size: length, read, at: from });
    at += length;
  }
  return tensorsOf(source, weights, (key) => found.get(key) ?? null);
}

function tensorsOf(source: ByteSource, value: Pickled, storages: Storages): StateDict {
  const { entries, notes } = findStateDict(value);
  const sizes = new Map<string, number>();
  let total = 0;
  const tensors = entries.map(([name, view]) => {
    const { storage, shape } = view;
    const stored = storages(storage.key);
    const place = `Storage ${showValue(storage.key)} of ${showValue(name)}`;
    if (stored === null) {
      throw new ModelError(refusal`${place} is missing, expected it in the file`);
    }
    const size = storage.count * BYTES[storage.type ?? "uint8"];
    if (stored.size !== size) {
      throw new ModelError(
        refusal`${place} has ${stored.size} bytes, expected ${size}: truncated`,
      );
    }
    sizes.set(storage.key, stored.size);
    requireInside(name, view, stored.size / BYTES[view.type]);
    total += tensorBytes(view);
    return {
      name,
      shape,
      type: view.type,
      ...readersOf(view.type, () => bytesOfView(view, stored.read())),
      ...locateView(view, source, stored.at),
    };
  });
  const whole = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (total > MAX_SHARING * whole) {
    throw new ModelError({
      place: "The tensors",
      verb: "add up to",
      found: `${total} bytes`,
      expected: `at most ${MAX_SHARING} times the ${whole} of their storages`,
    });
  }
  return { tensors, notes };
}
