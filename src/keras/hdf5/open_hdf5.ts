import { bytesInMemory, type ByteSource, pagedSource } from "../../files/byte_source.ts";
import { mostUnpacked as mostHeld } from "../../files/unzip.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { attributeTexts, MESSAGE, type Message, readMessages, TextHeaps } from "./object_header.ts";
import { FractalHeap, treeRecords } from "./dense_storage.ts";
import { type Hdf5Budget, hdf5Budget, Hdf5Bytes, NoNumbers, NOWHERE } from "./hdf5_bytes.ts";
import { type Hdf5Array, readArray } from "./read_array.ts";

/** Group of an HDF5 file: a folder with attributes. */
export interface Hdf5Group {
  kind: "group";
  /** Path of the group: `"layers/dense/vars"`. */
  path: string;
  /** Groups and arrays in it, by name. */
  children: ReadonlyMap<string, Hdf5Group | Hdf5Array>;
  /**
   * Returns an attribute of text.
   *
   * @returns Its texts, or `null` if there is none of that name.
   */
  texts(name: string): string[] | null;
}

/** Options of {@linkcode openHdf5}. */
interface OpenOptions {
  /** Returns the largest number of bytes that the chunks of a file may unpack to. */
  mostUnpacked(size: number): number;
  /** Is called for each object without numbers, which is left out. Default: it is refused. */
  leaveOut(path: string, error: NoNumbers): void;
}

function refuse(_path: string, error: NoNumbers): never {
  throw error;
}

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** Keras does not write deeper groups. */
const MAX_DEPTH = 100;

/**
 * Lists the contents of an HDF5 file; an array is only decoded when it is read. Written here,
 * because no library at hand checks what it reads: jsfive opens a file that ends after 7 % of its
 * bytes and reads the rest as zeros, and h5wasm takes 14.5 MB. Read are groups and attributes of
 * every form, and arrays in one piece or in chunks, packed by HDF5's own deflate, shuffle and
 * fletcher32. Damaged files are rejected, and so are arrays that share bytes, other filters, and,
 * unless they are left out, texts, compounds, references and links to other names and files.
 *
 * The format: "HDF5 File Format Specification Version 3.0", The HDF Group.
 *
 * @returns Its root.
 * @throws {ModelError} If the file is cut off, damaged, or holds anything else.
 */
export function openHdf5(
  content: Uint8Array | ByteSource,
  options: Partial<OpenOptions> = {},
): Hdf5Group {
  const source = content instanceof Uint8Array ? bytesInMemory(content) : pagedSource(content);
  const bytes = source.read(0, Math.min(source.size, SIGNATURE.length), "The first bytes");
  if (!SIGNATURE.every((byte, i) => bytes[i] === byte)) {
    throw new ModelError(
      refusal`The file has another format, expected HDF5 or zip, in which Keras saves models`,
    );
  }
  const { file, root } = readSuperblock(source);
  return new Opening(file, source, { mostUnpacked: mostHeld, leaveOut: refuse, ...options })
    .open(root);
}

/** Reads the first block: the widths of numbers, and the address of the root. */
function readSuperblock(source: ByteSource): { file: Hdf5Bytes; root: number } {
  const what = "The first block of the HDF5 file";
  const whole = { from: 0, count: source.size, what };
  const start = new Hdf5Bytes(source, { offset: 8, length: 8 }, whole);
  start.skip(8);
  const version = start.version(0, 1, 2, 3);
  if (version < 2) start.skip(4);
  const widths = { offset: start.uint(1), length: start.uint(1) };
  if (![4, 8].includes(widths.offset) || ![4, 8].includes(widths.length)) {
    throw start.wrong(`has addresses of ${widths.offset} bytes`, "4 or 8");
  }
  start.skip(version < 2 ? 9 : 1);
  if (version === 1) start.skip(4);
  const file = new Hdf5Bytes(source, widths, { from: start.at, count: start.left, what });
  const base = file.offset();
  if (base !== 0) throw file.wrong(`has the data begin at byte ${base}`, "0");
  file.offset();
  const end = file.offset();
  if (end > source.size) {
    throw new ModelError({
      place: "The HDF5 file",
      verb: "has",
      found: formatCount(source.size, "byte"),
      expected: `${end} as its first block states`,
      hint: ": truncated",
    });
  }
  // The older versions have an address for drivers, then an entry whose first field is a name.
  if (version < 2) {
    file.offset();
    file.offset();
  }
  return { file, root: file.offset() };
}

/** State of opening one file. */
class Opening {
  readonly #file: Hdf5Bytes;
  readonly #source: ByteSource;
  readonly #seen = new Set<number>();
  readonly #taken: { from: number; to: number; path: string }[] = [];
  readonly #budget: Hdf5Budget;
  readonly #heaps: TextHeaps;
  /** Bytes to which all chunks together unpack, and may. */
  #unpacked = 0;
  readonly #mostUnpacked: number;
  readonly #leaveOut: OpenOptions["leaveOut"];

  constructor(
    file: Hdf5Bytes,
    source: ByteSource,
    { mostUnpacked, leaveOut }: OpenOptions,
  ) {
    this.#file = file;
    this.#source = source;
    this.#budget = hdf5Budget(source.size);
    this.#heaps = new TextHeaps(this.#budget);
    this.#mostUnpacked = mostUnpacked(source.size);
    this.#leaveOut = leaveOut;
  }

  open(address: number): Hdf5Group {
    const root = this.#object(address, "", 0);
    if (root.kind === "array") {
      throw new ModelError(refusal`The HDF5 file is one array, expected a group`);
    }
    this.#taken.sort((one, other) => one.from - other.from);
    this.#taken.forEach(({ from, path }, i) => {
      const before = this.#taken[i - 1];
      if (i === 0 || from >= before.to) return;
      throw new ModelError({
        place: `${showValue(path)} and ${showValue(before.path)}`,
        verb: "share",
        found: "bytes of the HDF5 file",
        expected: "arrays that do not overlap",
      });
    });
    return root;
  }

  #object(address: number, path: string, depth: number): Hdf5Group | Hdf5Array {
    this.#budget.names.spend(path.length);
    const what = showValue(path === "" ? "/" : path);
    if (this.#seen.has(address) || depth > MAX_DEPTH) {
      throw new ModelError(
        depth > MAX_DEPTH
          ? refusal`${what} is inside of too many groups, expected at most ${MAX_DEPTH} in the HDF5 file`
          : refusal`${what} is also known by another name in the HDF5 file, expected one name`,
      );
    }
    this.#seen.add(address);
    const messages = readMessages(this.#file, address, what, this.#budget.headers);
    const links = groupLinks(this.#file, messages, what, this.#budget);
    if (links === null) return this.#array(messages, path, what);
    const children = new Map<string, Hdf5Group | Hdf5Array>();
    for (const [name, child] of links) {
      if (name === "" || name === "." || name === ".." || name.includes("/")) {
        throw new ModelError(
          refusal`${what} holds ${showValue(name)}, expected a name without a path`,
        );
      }
      const own = path === "" ? name : `${path}/${name}`;
      try {
        if (typeof child !== "number") throw child;
        children.set(name, this.#object(child, own, depth + 1));
      } catch (error) {
        if (!(error instanceof NoNumbers)) throw error;
        this.#leaveOut(own, error);
      }
    }
    const texts = (name: string) => attributeTexts(messages, name, what, this.#heaps);
    return { kind: "group", path, children, texts };
  }

  #array(messages: Message[], path: string, what: string): Hdf5Array {
    const placed = { file: this.#file, source: this.#source, path, what };
    const { array, taken, unpacked } = readArray(messages, placed);
    if (taken !== null) this.#taken.push({ ...taken, path });
    this.#unpacked += unpacked;
    if (this.#unpacked <= this.#mostUnpacked) return array;
    throw new ModelError({
      place: what,
      verb: "unpacks",
      found: `with the arrays before it to ${formatCount(this.#unpacked, "byte")}`,
      expected: `at most ${formatCount(this.#mostUnpacked, "byte")}`,
      hint: `: the file has ${formatCount(this.#source.size, "byte")}`,
    });
  }
}

/** Mark of a link to a name instead of an object, in a symbol table. */
const SOFT_IN_TABLE = 2;

const HARD = 0, SOFT = 1;

/** Address of an object, or the refusal of a link to a name. */
type Target = number | NoNumbers;

/**
 * Returns the names in a group, with the addresses of the objects. A link to a name, in this file
 * or in another, is not followed: nothing outside the file is read.
 *
 * @param what Name of the group, for messages.
 * @param budget Limit on further reading.
 * @returns The addresses by name, or `null` if the object is not a group.
 * @throws {ModelError} If its lists are damaged.
 */
function groupLinks(
  file: Hdf5Bytes,
  messages: Message[],
  what: string,
  budget: Hdf5Budget,
): Map<string, Target> | null {
  const links = new Map<string, Target>();
  const add: Add = (name, target, bytes) => {
    budget.names.spend(name.length);
    if (links.has(name)) throw bytes.wrong(`lists ${showValue(name)} twice`, "each name once");
    links.set(name, target);
  };
  let isGroup = false;
  for (const { type, bytes } of messages) {
    if (type === MESSAGE.symbolTable) readTable(file, bytes, add, what);
    else if (type === MESSAGE.link) readLink(bytes, add);
    else if (type === MESSAGE.linkInfo) readLinksInHeap(bytes, { add, what, budget });
    else continue;
    isGroup = true;
  }
  return isGroup ? links : null;
}

type Add = (name: string, target: Target, bytes: Hdf5Bytes) => void;

/** Reads the older form: a tree of tables with the names in a heap. */
function readTable(file: Hdf5Bytes, message: Hdf5Bytes, add: Add, what: string): void {
  const root = message.offset();
  const heap = file.rest(message.offset(), `The list of names of ${what}`);
  heap.signature("HEAP");
  heap.skip(4);
  const size = heap.length();
  heap.length();
  const names = heap.offset();
  const nameAt = (offset: number) =>
    file.piece(names, size, `The list of names of ${what}`).piece(
      names + offset,
      size - offset,
      `A name in ${what}`,
    ).name();
  const seen = new Set<number>();
  const visit = (address: number, above: number) => {
    const node = file.rest(address, `The list of ${what}`);
    if (seen.has(address)) throw node.wrong("leads back to itself", "an end");
    seen.add(address);
    node.signature("TREE");
    const kind = node.uint(1), level = node.uint(1), count = node.uint(2);
    if (kind !== 0 || level >= above) throw node.wrong("is damaged", "a tree of names");
    node.offset();
    node.offset();
    for (let i = 0; i < count; i++) {
      node.length();
      const child = node.offset();
      if (level > 0) visit(child, level);
      else readNode(child);
    }
  };
  const readNode = (address: number) => {
    const node = file.rest(address, `The list of ${what}`);
    if (seen.has(address)) throw node.wrong("leads back to itself", "an end");
    seen.add(address);
    node.signature("SNOD");
    node.version(1);
    node.skip(1);
    for (let i = node.uint(2); i > 0; i--) {
      const name = nameAt(node.offset());
      const address = node.offset();
      const isSoft = node.uint(4) === SOFT_IN_TABLE;
      node.skip(20);
      add(name, isSoft ? softLink(node, name) : address, node);
    }
  };
  visit(root, 256);
}

/** Reads the newer form: a message for each name. */
function readLink(message: Hdf5Bytes, add: Add): void {
  message.version(1);
  const flags = message.uint(1);
  const kind = (flags & 8) === 0 ? HARD : message.uint(1);
  if ((flags & 4) !== 0) message.skip(8);
  if ((flags & 16) !== 0) message.skip(1);
  const name = message.text(message.uint(1 << (flags & 3)));
  if (kind === HARD) add(name, message.offset(), message);
  else if (kind === SOFT) add(name, softLink(message, name), message);
  else {
    const said = `has ${showValue(name)}, a link out of the file`;
    add(name, message.noNumbers(said, "data in the file"), message);
  }
}

const softLink = (bytes: Hdf5Bytes, name: string) =>
  bytes.noNumbers(`has ${showValue(name)}, a link to another name`, "data");

/** Kinds of the trees that list links: by the hash of their name, and in the order of their creation. */
const BY_NAME = 5, BY_ORDER = 6;

/** Bytes before the identifier of a link in both. */
const BEFORE_ID = { [BY_NAME]: 4, [BY_ORDER]: 8 };

/** Reads the newest form, for many names: the messages are in a heap, listed by a tree. */
function readLinksInHeap(
  message: Hdf5Bytes,
  { add, what, budget }: { add: Add; what: string; budget: Hdf5Budget },
): void {
  message.version(0);
  const flags = message.uint(1);
  if ((flags & 1) !== 0) message.skip(8);
  const heapAt = message.offset(), byName = message.offset();
  if (heapAt === NOWHERE) return;
  const isOrdered = (flags & 2) !== 0;
  const heap = new FractalHeap(message, heapAt, `The list of ${what}`, budget.trees);
  const kind = isOrdered ? BY_ORDER : BY_NAME;
  const tree = {
    address: isOrdered ? message.offset() : byName,
    kinds: [kind],
    what: `The list of ${what}`,
  };
  const found: Parameters<Add>[] = [];
  for (const { bytes } of treeRecords(message, tree, budget.trees)) {
    bytes.skip(BEFORE_ID[kind]);
    readLink(heap.object(bytes), (...link) => found.push(link));
  }
  // Hashes have no order that means something.
  if (!isOrdered) found.sort(([one], [other]) => one < other ? -1 : 1);
  for (const link of found) add(...link);
}
