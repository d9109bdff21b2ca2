import { bytesInMemory, type ByteSource, pagedSource } from "../../model/files/byte_source.ts";
import { mostUnpacked as mostHeld } from "../../model/files/unzip.ts";
import { ModelError } from "../../model/model_error.ts";
import { refusal } from "../../words/input_error.ts";
import { formatCount } from "../../words/numbers.ts";
import { showValue } from "../../words/show_value.ts";
import { attributeTexts, TextHeaps } from "./attributes.ts";
import { groupLinks } from "./group_links.ts";
import { type Hdf5Budget, hdf5Budget } from "./hdf5_budget.ts";
import { Hdf5Bytes, NoNumbers } from "./hdf5_bytes.ts";
import { type Message, readMessages } from "./object_header.ts";
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
