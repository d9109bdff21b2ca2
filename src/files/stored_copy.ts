import { writeFailure } from "../ground/words/failure.ts";
import { ModelError } from "../core/model/model_error.ts";
import { type ByteSource, byteSource } from "./byte_source.ts";
import { openZip, type ZipEntry } from "./unzip.ts";
import { processOwner } from "./user_code/foreign_code.ts";
import { host, type OpenFile } from "../platform/host.ts";

/** Packed files up to this size are unpacked in memory, one at a time. */
const MAX_UNPACKED = 2 ** 24;

/**
 * Copies a zip archive to a temporary file, with its files as they are instead of packed, so that
 * each tensor can be read at its place. They are unpacked in pieces, and compared with their
 * checksums. The copy is removed when the process ends, of the command line also after Ctrl-C, or
 * earlier if nothing refers to it.
 *
 * @param entries The files of the archive.
 * @throws If a file is damaged, or the copy cannot be written.
 */
export const storedCopy = (entries: readonly ZipEntry[]): Promise<ByteSource> =>
  temporaryFile((file) => writeStored(file, entries));

/** Writes bytes to a temporary file likewise. */
export const temporaryCopy = (pieces: AsyncIterable<Uint8Array>): Promise<ByteSource> =>
  temporaryFile(async (file) => {
    for await (const piece of pieces) writeAll(file, piece);
  });

async function temporaryFile(write: (file: OpenFile) => Promise<void>): Promise<ByteSource> {
  const path = temporaryPath();
  try {
    using file = await host.open(path, { write: true });
    await write(file);
  } catch (error) {
    remove(path);
    throw error;
  }
  const source = await byteSource(path);
  unused.register(source.file!, path);
  return source;
}

function writeAll(file: OpenFile, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
}

const copies = new Set<string>();

/** Removes a copy when nothing refers to its identity, as its tensors do. */
const unused = new FinalizationRegistry<string>(remove);

/** Removes an unusable copy at once. */
export const removeCopy = ({ file }: ByteSource): void => remove(file!.path);

function remove(path: string): void {
  copies.delete(path);
  try {
    host.removeSync(path);
  } catch {
    // It may be gone; a worker of Windows may still read it.
  }
}

const removeAll = () => copies.forEach(remove);

let isListening = false;

/** Makes a file that is removed at the end, which may come at any time: so it is listened for before. */
function temporaryPath(): string {
  if (!isListening) {
    isListening = true;
    addEventListener("unload", removeAll);
    if (processOwner.isCommandLine) host.addSignalListener("SIGINT", endBySignal);
  }
  const path = host.makeTempFileSync({ prefix: PREFIX });
  copies.add(path);
  removeAbandoned(path);
  return path;
}

/** Beginning of the names of copies. Users have files of their own that begin with `gradient-health-`. */
const PREFIX = "gradient-health-copy-";
/** Age from which a copy was left by a process that was killed: no file takes a week to read. */
const ABANDONED_MS = 7 * 24 * 3600 * 1000;

/** Removes the copies beside a new one that killed processes left. */
function removeAbandoned(path: string): void {
  const folder = path.slice(0, path.lastIndexOf(PREFIX));
  try {
    for (const { name, isFile } of host.readDirSync(folder)) {
      if (!isFile || !name.startsWith(PREFIX)) continue;
      const { mtime } = host.statSync(folder + name);
      if (Date.now() - Number(mtime ?? Infinity) > ABANDONED_MS) remove(folder + name);
    }
  } catch {
    // The folder may not be read, or another process has just removed a copy.
  }
}

/** Ends the process as the signal does without a listener. */
function endBySignal(): void {
  removeAll();
  host.removeSignalListener("SIGINT", endBySignal);
  host.kill(host.pid, "SIGINT");
}

const LOCAL = 0x04034b50, ENTRY = 0x02014b50, END = 0x06054b50;
const END64 = 0x06064b50, LOCATOR64 = 0x07064b50;
/** Version 4.5 of the format, with sizes of 8 bytes in extra field 1; UTF-8 names. */
const VERSION = 45, EXTRA64 = 1, UTF8 = 0x800;
/** Value of a number that is in a record of ZIP64. */
const IN_ZIP64 = 0xffffffff;

/** Number with its number of bytes. */
type Field = [bytes: 2 | 4 | 8, value: number];

async function writeStored(file: OpenFile, entries: readonly ZipEntry[]): Promise<void> {
  let at = 0;
  const write = (bytes: Uint8Array) => {
    writeAll(file, bytes);
    at += bytes.length;
  };
  const directory: Uint8Array[] = [];
  for (const entry of entries) {
    const name = new TextEncoder().encode(entry.name);
    const { size, checksum } = entry;
    const start = at;
    // Flags, no compression, no time, checksum, both sizes, length of the name.
    const common: Field[] = [[2, UTF8], [2, 0], [4, 0], [4, checksum]];
    common.push([4, IN_ZIP64], [4, IN_ZIP64], [2, name.length]);
    const sizes: Field[] = [[8, size], [8, size]];
    write(fields([[4, LOCAL], [2, VERSION], ...common, [2, 20]]));
    write(name);
    write(fields([[2, EXTRA64], [2, 16], ...sizes]));
    for await (const piece of entry.at === null ? entry.unpack() : entry.pieces()) write(piece);
    directory.push(
      fields([[4, ENTRY], [2, VERSION], [2, VERSION], ...common, [2, 28]]),
      fields([[2, 0], [2, 0], [2, 0], [4, 0], [4, IN_ZIP64]]),
      name,
      fields([[2, EXTRA64], [2, 24], ...sizes, [8, start]]),
    );
  }
  const start = at;
  directory.forEach(write);
  const end = at, count = entries.length;
  write(fields([[4, END64], [8, 44], [2, VERSION], [2, VERSION], [4, 0], [4, 0]]));
  write(fields([[8, count], [8, count], [8, end - start], [8, start]]));
  write(fields([[4, LOCATOR64], [4, 0], [8, end], [4, 1]]));
  write(fields([[4, END], [4, 0], [2, 0xffff], [2, 0xffff], [4, IN_ZIP64], [4, IN_ZIP64], [2, 0]]));
}

/** Returns little-endian numbers. */
function fields(numbers: readonly Field[]): Uint8Array {
  const bytes = new Uint8Array(numbers.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [size, value] of numbers) {
    if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += size;
  }
  return bytes;
}

/**
 * Unpacks an archive to a temporary file if it has a large packed file that is not unpacked in
 * pieces while it is measured, as arrays of NumPy are.
 *
 * @returns The copy; `null` if none is needed, or if none can be written, which a note says.
 */
export async function unpackLarge(
  name: string,
  source: ByteSource,
): Promise<{ copy: ByteSource | null; notes: string[] }> {
  const [first, second] = source.read(0, Math.min(2, source.size), "The first bytes");
  if (first !== 0x50 || second !== 0x4b) return { copy: null, notes: [] };
  const entries = [...openZip(source, ModelError).values()];
  const isStreamed = (entry: ZipEntry) => /\.npz$/i.test(name) && !isFortranEntry(entry);
  const isHeld = (entry: ZipEntry) =>
    entry.at === null && entry.size > MAX_UNPACKED && !isStreamed(entry);
  if (!entries.some(isHeld)) return { copy: null, notes: [] };
  try {
    return { copy: await storedCopy(entries), notes: [] };
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const reason = writeFailure(error);
    return { copy: null, notes: [`Unpacked in memory: no temporary file was written, ${reason}.`] };
  }
}

/** Returns true if a file is an array in the order of Fortran. */
const isFortranEntry = (entry: ZipEntry) =>
  /'fortran_order': *True/.test(new TextDecoder().decode(entry.head(2 ** 10)));
