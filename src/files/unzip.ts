import { builtin } from "../platform/builtins.ts";
import { bytesInMemory, type ByteSource, expectReads, piecesOf } from "./byte_source.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { showValue } from "../ground/words/show_value.ts";
import { InputError, type Refusal, refusal, refusalAt } from "../ground/words/input_error.ts";

/** Class of the error for an unusable file. */
type Unusable = new (message: string | Refusal, options?: ErrorOptions) => Error;

/** File in an archive. */
export interface ZipEntry {
  /** Path in the archive. */
  name: string;
  /** Number of unpacked bytes. */
  size: number;
  /** Their checksum, as the archive states it. */
  checksum: number;
  /**
   * Returns the unpacked bytes, after comparing them with their checksum. A stored file is a view
   * of the archive, not a copy.
   */
  read(): Uint8Array;
  /**
   * Yields the unpacked bytes, of which each piece may be read over the one before. They are compared with
   * their checksum after the last.
   */
  pieces(): Iterable<Uint8Array<ArrayBuffer>>;
  /** Returns the first unpacked bytes, without comparing them: at most `count`. */
  head(count: number): Uint8Array;
  /** Yields the bytes of a packed file while they are unpacked, and compares them likewise. */
  unpack(): AsyncGenerator<Uint8Array<ArrayBuffer>>;
  /** Place of the bytes in the archive; `null` if they are packed. */
  at: number | null;
}

/** Largest number of unpacked bytes for each byte of the archive. */
const MAX_RATIO = 10;

/** Bytes that they may have in addition: weights that are all 0 pack a thousand to one. */
const FREE = 2 ** 26;

/** Returns the largest number of bytes to which files of an archive may unpack, given its size. */
export const mostUnpacked = (size: number): number => FREE + MAX_RATIO * size;

const END = 0x06054b50, ENTRY = 0x02014b50, LOCAL = 0x04034b50;
const END64 = 0x06064b50, LOCATOR64 = 0x07064b50;
const END64_BYTES = 56, LOCATOR64_BYTES = 20;
/** Number of the extra field with sizes and offsets of 8 bytes. */
const EXTRA64 = 1;
const END_BYTES = 22, ENTRY_BYTES = 46, LOCAL_BYTES = 30, MOST_COMMENT = 0xffff;

/**
 * Value of a size, offset or number that is too large for its field and in a ZIP64 record instead.
 */
const IN_ZIP64 = 0xffffffff;

const STORED = 0, DEFLATED = 8, ENCRYPTED = 1;

/**
 * Lists the files of a zip archive; a file is only unpacked when it is read. Deno's `node:zlib`
 * unpacks them, and stops at a given size, unlike the libraries of npm. The directory is read here,
 * because no library rejects all of these: names that point outside the archive or occur twice,
 * files that share bytes, sizes that add up to more than 10 times the archive and 64 MiB, wrong
 * checksums.
 *
 * @param archive The archive in memory, or a file that is read in pieces.
 * @param Unusable Class of the errors.
 * @returns The files by name, without folders, in the order of the directory.
 */
export function openZip(
  archive: Uint8Array | ByteSource,
  Unusable: Unusable,
): Map<string, ZipEntry> {
  const source = archive instanceof Uint8Array ? bytesInMemory(archive) : archive;
  const known = opened.get(source);
  if (known !== undefined) return known;
  const refuse: Refuse = (what) => {
    throw new Unusable(what);
  };
  const directory = findDirectory(source, refuse);
  const entries = readDirectory(source, directory, refuse);
  requireApart(entries, refuse);
  const files = new Map<string, ZipEntry>();
  for (const entry of entries.filter(isFile)) {
    const { name, unpacked, method, from, checksum } = entry;
    files.set(name, {
      name,
      size: unpacked,
      checksum,
      read: () => unpack(source, entry, refuse),
      pieces: () => unpackPieces(source, entry, refuse),
      head: (count) => unpackHead(source, entry, count) ?? refuseDamaged(entry, refuse),
      unpack: () => unpackSlowly(source, entry, refuse),
      at: method === STORED ? from : null,
    });
  }
  const total = [...files.values()].reduce((sum, { size }) => sum + size, 0);
  const most = mostUnpacked(source.size);
  if (total > most) {
    return refuse(
      {
        place: "the zip archive",
        verb: "unpacks to",
        found: formatCount(total, "byte"),
        expected: `at most ${formatCount(most, "byte")}`,
        hint: `: ${MAX_RATIO} times its size, and 64 MiB`,
      },
    );
  }
  opened.set(source, files);
  return files;
}

/** Archives that were opened: on a server, the directory is read once. */
const opened = new WeakMap<ByteSource, Map<string, ZipEntry>>();

/** Throws the error for an unusable archive. */
type Refuse = (what: string | Refusal) => never;

/** Throws the error for an unusable entry: verb and value found, and what was expected. */
type Wrong = (said: string, expected: string) => never;

/** Place of the list of contents, and its number of entries. */
interface Directory {
  start: number;
  end: number;
  count: number;
}

/** Entry of the directory. */
type Listed = ReturnType<typeof readRecord>;

type Entry = ReturnType<typeof locate>;

const isFile = ({ name }: Entry) => !name.endsWith("/");

const show = ({ name }: Pick<Entry, "name">) => `entry ${showValue(name)} of the zip archive`;

function findDirectory(source: ByteSource, refuse: Refuse): Directory {
  const length = Math.min(source.size, END_BYTES + MOST_COMMENT);
  const tail = source.size - length;
  const view = viewOf(source.read(tail, length, "The end of the zip archive"));
  const found = findEnd(view);
  if (found === null) {
    return refuse("the file is not a whole zip archive: it has no list of contents at its end");
  }
  const where = tail + found;
  const count = view.getUint16(found + 10, true);
  const size = view.getUint32(found + 12, true);
  const start = view.getUint32(found + 16, true);
  if (count === 0xffff || size === IN_ZIP64 || start === IN_ZIP64) {
    return findDirectory64(source, where, refuse);
  }
  const end = start + size;
  if (end <= where) return { start, end, count };
  return refuse(
    refusal`the zip archive has its list of contents at byte ${end}, expected it before ${where}`,
  );
}

/** Finds the directory of an archive with more than 65534 files or 4 GiB. */
function findDirectory64(source: ByteSource, end: number, refuse: Refuse): Directory {
  const isInside = (at: number, bytes: number) => at >= 0 && at + bytes <= end;
  const locator = end - LOCATOR64_BYTES;
  const what = "The end of the zip archive";
  const at = isInside(locator, LOCATOR64_BYTES)
    ? viewOf(source.read(locator, LOCATOR64_BYTES, what))
    : null;
  if (at?.getUint32(0, true) !== LOCATOR64) {
    return refuse(
      refusal`the zip archive has no ZIP64 record, expected one beside sizes of 0xffffffff`,
    );
  }
  const where = Number(at.getBigUint64(8, true));
  const record = isInside(where, END64_BYTES)
    ? viewOf(source.read(where, END64_BYTES, what))
    : null;
  if (record?.getUint32(0, true) !== END64) {
    return refuse(refusal`the zip archive has no ZIP64 record at byte ${where}, expected one`);
  }
  const count = Number(record.getBigUint64(32, true));
  const start = Number(record.getBigUint64(48, true));
  const directoryEnd = start + Number(record.getBigUint64(40, true));
  if (directoryEnd <= where && count * ENTRY_BYTES <= directoryEnd - start) {
    return { start, end: directoryEnd, count };
  }
  return refuse({
    place: "the zip archive",
    verb: "has",
    found: `its list of ${count} files at byte ${start} to ${directoryEnd}`,
    expected: `it before ${where}`,
  });
}

function readDirectory(
  source: ByteSource,
  { start, end, count }: Directory,
  refuse: Refuse,
): Entry[] {
  const directory = viewOf(source.read(start, end - start, "The contents of the zip archive"));
  const wrongIn = (i: number): Wrong => (said, expected) =>
    refuse(refusalAt(`entry ${i} of the zip archive`, said, expected));
  const records: Listed[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const record = readRecord(directory, at, wrongIn(i));
    records.push(record);
    at = record.next;
  }
  expectHeaders(source, records);
  const names = new Set<string>();
  return records.map((record, i) => {
    const entry = locate(source, record, wrongIn(i));
    requireReadable(entry, start, refuse);
    if (isFile(entry) && names.has(entry.name)) {
      refuse(refusal`${show(entry)} is there twice, expected once`);
    }
    names.add(entry.name);
    return entry;
  });
}

/** Announces that the headers of all files are read next: on a server, each would be awaited. */
function expectHeaders({ file, start }: ByteSource, records: readonly Listed[]): void {
  if (file === null) return;
  expectReads(
    records.map(({ offset }) => ({
      file,
      from: start + offset,
      to: Math.min(file.size, start + offset + LOCAL_BYTES),
    })),
  );
}

/** Rejects an entry that cannot be unpacked, or whose name points outside the archive. */
function requireReadable(entry: Entry, start: number, refuse: Refuse): void {
  const { name, method, flags, packed, unpacked, from } = entry;
  const shown = show(entry);
  if (/^\/|^[a-z]:|\\|\0/i.test(name) || name.split("/").includes("..")) {
    refuse(refusal`${shown} has a path outside the archive, expected one inside`);
  }
  if ((flags & ENCRYPTED) !== 0) refuse(refusal`${shown} is encrypted, expected it without`);
  if (method !== STORED && method !== DEFLATED) {
    refuse(
      refusal`${shown} has compression method ${method}, expected 0 (stored) or 8 (deflate)`,
    );
  }
  if (method === STORED && packed !== unpacked) {
    refuse(refusal`${shown} takes ${packed} bytes, expected ${unpacked} as it is stored`);
  }
  if (from + packed > start) {
    refuse(refusal`${shown} ends at byte ${from + packed}, expected at most ${start}: truncated`);
  }
}

/** Rejects entries that share bytes. */
function requireApart(entries: readonly Entry[], refuse: Refuse): void {
  const inOrder = entries.toSorted((one, other) => one.offset - other.offset);
  inOrder.forEach(({ name, offset }, i) => {
    const before = inOrder[i - 1];
    if (i === 0 || offset >= before.from + before.packed) return;
    refuse({
      place: `entries ${showValue(before.name)} and ${showValue(name)} of the zip archive`,
      verb: "share",
      found: "bytes",
      expected: "each to have its own",
    });
  });
}

function unpack(source: ByteSource, entry: Entry, refuse: Refuse): Uint8Array<ArrayBuffer> {
  const { method, packed, unpacked, from, checksum } = entry;
  const raw = source.read(from, packed, pieceName(entry));
  const content = method === STORED ? raw : inflate(raw, unpacked);
  if (content?.length === unpacked && builtin("zlib").crc32(content) === checksum) return content;
  return refuseDamaged(entry, refuse);
}

function* unpackPieces(
  source: ByteSource,
  entry: Entry,
  refuse: Refuse,
): Generator<Uint8Array<ArrayBuffer>> {
  const { method, packed, unpacked, from, checksum } = entry;
  if (method !== STORED) return yield unpack(source, entry, refuse);
  let sum = 0;
  for (const piece of piecesOf(source, { from, count: packed, what: pieceName(entry) })) {
    sum = builtin("zlib").crc32(piece, sum);
    yield piece;
  }
  if (packed !== unpacked || sum !== checksum) refuseDamaged(entry, refuse);
}

const pieceName = (entry: Entry) => `E${show(entry).slice(1)}`;

const refuseDamaged = (entry: Entry, refuse: Refuse): never =>
  refuse(
    refusal`${show(entry)} is damaged, expected the size and checksum that the archive states`,
  );

/** Packed bytes that are unpacked at once: they hold at most a thousand times as many. */
const PACKED_PIECE = 2 ** 14;

/** Unpacks the first bytes, or returns `null` if they are damaged. */
function unpackHead(source: ByteSource, entry: Entry, count: number): Uint8Array | null {
  const { method, packed, unpacked, from } = entry;
  const wanted = Math.min(count, unpacked);
  if (method === STORED) return source.read(from, wanted, pieceName(entry));
  for (let length = Math.min(packed, 2 ** 10);; length = Math.min(packed, 4 * length)) {
    try {
      const head = builtin("zlib").inflateRawSync(source.read(from, length, pieceName(entry)), {
        finishFlush: builtin("zlib").constants.Z_SYNC_FLUSH,
      });
      if (head.length >= wanted || length === packed) {
        return new Uint8Array(head).subarray(0, wanted);
      }
    } catch {
      return null;
    }
  }
}

async function* unpackSlowly(
  source: ByteSource,
  entry: Entry,
  refuse: Refuse,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const { unpacked, checksum } = entry;
  const { packed: count, from } = entry;
  const packed = piecesOf(source, { from, count, what: pieceName(entry) });
  const pieces = inflateStream(packed, "deflate-raw");
  let size = 0, sum = 0;
  try {
    for await (const piece of pieces) {
      size += piece.length;
      sum = builtin("zlib").crc32(piece, sum);
      if (size > unpacked) break;
      yield piece;
    }
  } catch (error) {
    // The stream that unpacks throws a TypeError; those of the file itself descend from it.
    if (!(error instanceof TypeError) || error instanceof InputError) throw error;
    size = -1;
  }
  if (size !== unpacked || sum !== checksum) refuseDamaged(entry, refuse);
}

/** Returns the unpacked bytes of pieces, each of which may be read over the one before. */
export const inflateStream = (
  pieces: Iterable<Uint8Array<ArrayBuffer>> | AsyncIterable<Uint8Array<ArrayBuffer>>,
  format: CompressionFormat,
): ReadableStream<Uint8Array<ArrayBuffer>> =>
  ReadableStream.from(smallPieces(pieces)).pipeThrough(new DecompressionStream(format));

async function* smallPieces(
  pieces: Iterable<Uint8Array<ArrayBuffer>> | AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  for await (const piece of pieces) {
    for (let i = 0; i < piece.length; i += PACKED_PIECE) yield piece.slice(i, i + PACKED_PIECE);
  }
}

/** Finds the start of the end record: the last one whose comment reaches the end of the file. */
function findEnd(view: DataView): number | null {
  const last = view.byteLength - END_BYTES;
  for (let at = last; at >= Math.max(0, last - MOST_COMMENT); at--) {
    if (view.getUint32(at, true) === END && view.getUint16(at + 20, true) === last - at) return at;
  }
  return null;
}

const viewOf = (bytes: Uint8Array) =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Reads an entry of the directory. */
function readRecord(view: DataView, at: number, wrong: Wrong) {
  const end = view.byteLength;
  if (at + ENTRY_BYTES > end || view.getUint32(at, true) !== ENTRY) {
    return wrong("is missing", "it in the list of contents: truncated");
  }
  const nameLength = view.getUint16(at + 28, true);
  const extraLength = view.getUint16(at + 30, true);
  const next = at + ENTRY_BYTES + nameLength + extraLength + view.getUint16(at + 32, true);
  if (next > end) return wrong("is cut off", "all of it: truncated");
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at + ENTRY_BYTES, nameLength);
  const name = new TextDecoder().decode(bytes);
  const extra = at + ENTRY_BYTES + nameLength;
  const sizes = readSizes(view, at, { extra, end: extra + extraLength });
  if (sizes === null) return wrong("has a size of 0xffffffff", "it in a ZIP64 record");
  return {
    name,
    next,
    ...sizes,
    flags: view.getUint16(at + 8, true),
    method: view.getUint16(at + 10, true),
    checksum: view.getUint32(at + 16, true),
  };
}

/** Finds the bytes of an entry behind its own header. */
function locate(source: ByteSource, record: Listed, wrong: Wrong) {
  const { offset } = record;
  const misplaced = () => wrong(`is not at byte ${offset}`, "it where the list of contents has it");
  if (offset + LOCAL_BYTES > source.size) return misplaced();
  const local = viewOf(source.read(offset, LOCAL_BYTES, "An entry of the zip archive"));
  if (local.getUint32(0, true) !== LOCAL) return misplaced();
  // The extra fields of a file may differ from those in the directory: PyTorch adds padding for
  // alignment.
  const from = offset + LOCAL_BYTES + local.getUint16(26, true) + local.getUint16(28, true);
  return { ...record, from };
}

/** Reads sizes and offset of an entry; those that are too large for 4 bytes are in an extra field. */
function readSizes(
  view: DataView,
  at: number,
  { extra, end }: { extra: number; end: number },
): { packed: number; unpacked: number; offset: number } | null {
  const unpacked = view.getUint32(at + 24, true);
  const packed = view.getUint32(at + 20, true);
  const offset = view.getUint32(at + 42, true);
  const numbers = [unpacked, packed, offset];
  let field = extra;
  while (field + 4 <= end && view.getUint16(field, true) !== EXTRA64) {
    field += 4 + view.getUint16(field + 2, true);
  }
  const fieldEnd = field + 4 <= end
    ? Math.min(end, field + 4 + view.getUint16(field + 2, true))
    : 0;
  let next = field + 4;
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] !== IN_ZIP64) continue;
    if (next + 8 > fieldEnd) return null;
    numbers[i] = Number(view.getBigUint64(next, true));
    if (!Number.isSafeInteger(numbers[i])) return null;
    next += 8;
  }
  return { unpacked: numbers[0], packed: numbers[1], offset: numbers[2] };
}

/** Unpacks at most `most` bytes; `null` if the packed bytes are damaged or hold more. */
function inflate(raw: Uint8Array, most: number): Uint8Array<ArrayBuffer> | null {
  try {
    // A limit of 0 would mean no limit.
    const { buffer, byteOffset, byteLength } = builtin("zlib").inflateRawSync(raw, {
      maxOutputLength: Math.max(1, most),
    });
    // Not Node's Buffer: its slice() shares memory, and its memory may be a pool.
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  } catch {
    return null;
  }
}
