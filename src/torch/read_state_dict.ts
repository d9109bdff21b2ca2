import { BYTES, countOf, decode } from "../model/files/file_types.ts";
import { openZip } from "../model/files/unzip.ts";
import { ModelError } from "../model/model_error.ts";
import type { FileTensor } from "../model/weights/weights_manifest.ts";
import { showValue } from "../words/show_value.ts";
import { findStateDict, showTensors } from "./find_state_dict.ts";
import type { Pickled } from "./pickle_reader.ts";
import { TORCH } from "./torch_globals.ts";
import { bytesOfView, requireInside } from "./torch_view.ts";
import { pickleBudget, unpickle } from "./unpickle.ts";
import { refusal } from "../words/input_error.ts";

interface StateDict {
  tensors: FileTensor[];
  notes: string[];
}

/** Returns the bytes of a storage by its name. */
type Storages = (key: string) => Uint8Array | null;

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
 * @throws {ModelError} If there is none, or if loading the file would run code.
 */
export function readStateDict(bytes: Uint8Array): StateDict {
  const isZip = bytes[0] === 0x50 && bytes[1] === 0x4b;
  if (isZip) return readArchive(bytes);
  if (LEGACY.every((byte, i) => bytes[i] === byte)) return readLegacy(bytes);
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

function readArchive(bytes: Uint8Array): StateDict {
  const { value, storages } = readTorchArchive(bytes);
  return tensorsOf(value, storages);
}

/** Content of a zip archive of `torch.save`: its pickle, and the storages of its tensors. */
export interface TorchArchive {
  value: Pickled;
  storages: Storages;
}

/**
 * Reads a zip archive that `torch.save` wrote.
 *
 * @throws {ModelError} If it is not one, or if loading it would run code.
 */
export function readTorchArchive(bytes: Uint8Array): TorchArchive {
  const entries = openZip(bytes, ModelError);
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
  const { value } = unpickle(
    entries.get(pickles[0])!.read(),
    0,
    TORCH,
    pickleBudget(bytes.length),
  );
  // Tensors may share a storage, which is unpacked and compared with its checksum once.
  const found = new Map<string, Uint8Array | null>();
  const storages: Storages = (key) => {
    const bytes = found.get(key) ?? entries.get(`${root}data/${key}`)?.read() ?? null;
    found.set(key, bytes);
    return bytes;
  };
  return { value, storages };
}

/**
 * Reads the older format: a number, a version, facts about the machine, the weights, the names of
 * storages, all pickled, then the storages.
 */
function readLegacy(bytes: Uint8Array): StateDict {
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, Uint8Array>();
  for (const key of keys) {
    if (at + 8 > bytes.length) throw new ModelError("The file ends within its storages: truncated");
    const count = Number(view.getBigInt64(at, true));
    at += 8;
    const size = typeof key === "string" ? sizes.get(key) : undefined;
    if (size === undefined) {
      throw new ModelError(
        `Storage ${showValue(key)} belongs to no tensor, expected one that does`,
      );
    }
    if (count < 0 || at + count * size > bytes.length) {
      throw new ModelError(
        refusal`Storage ${showValue(key)} has ${count} entries, expected at most ${
          Math.floor((bytes.length - at) / size)
        } up to the end of the file: truncated`,
      );
    }
    found.set(key as string, bytes.subarray(at, at += count * size));
  }
  return tensorsOf(weights, (key) => found.get(key) ?? null);
}

function tensorsOf(value: Pickled, storages: Storages): StateDict {
  const { entries, notes } = findStateDict(value);
  const sizes = new Map<string, number>();
  let total = 0;
  const tensors = entries.map(([name, view]) => {
    const { storage, shape } = view;
    const bytes = storages(storage.key);
    const place = `Storage ${showValue(storage.key)} of ${showValue(name)}`;
    if (bytes === null) throw new ModelError(`${place} is missing from the file`);
    const size = storage.count * BYTES[storage.type ?? "uint8"];
    if (bytes.length !== size) {
      throw new ModelError(
        refusal`${place} has ${bytes.length} bytes, expected ${size}: truncated`,
      );
    }
    sizes.set(storage.key, bytes.length);
    requireInside(name, view, bytes.length / BYTES[view.type]);
    total += countOf(shape)! * BYTES[view.type];
    return {
      name,
      shape,
      type: view.type,
      read: () => decode(bytesOfView(view, bytes), view.type),
    };
  });
  const whole = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  if (total > MAX_SHARING * whole) {
    throw new ModelError(
      `The tensors add up to ${total} bytes, expected at most ${MAX_SHARING} times the ${whole} of ` +
        `their storages`,
    );
  }
  return { tensors, notes };
}
