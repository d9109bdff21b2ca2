import { Inflate, Unzlib } from "fflate";
import { useBuiltins } from "./builtins.ts";
import { fileProblem } from "./file_problems.ts";
import {
  type FileInfo,
  type FileSystem,
  type FolderEntry,
  type Host,
  type OpenFile,
  type OpenOptions,
  type Permission,
  SeekMode,
  useHost,
  type WriteOptions,
} from "./host.ts";

/** Files of a page by their paths. */
type Files = Map<string, Uint8Array<ArrayBuffer>>;

/** Returns a path without `.` and `..`, from the only folder that a page is in. */
function plainPath(path: string | URL): string {
  const names: string[] = [];
  for (const name of String(path).replace(/^file:\/\//, "").split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

/** Facts about a file, or about a folder if it has no size. */
const infoOf = (size: number | null): FileInfo => ({
  isFile: size !== null,
  isDirectory: size === null,
  isSymlink: false,
  isCharDevice: false,
  isBlockDevice: false,
  size: size ?? 0,
  mtime: null,
  dev: 0,
  ino: null,
  mode: null,
  uid: null,
  gid: null,
});

class PageFile implements OpenFile {
  readonly #files: Files;
  readonly #path: string;
  #place: number;

  constructor(files: Files, path: string, { appends }: { appends: boolean }) {
    this.#files = files;
    this.#path = path;
    this.#place = appends ? this.#bytes.length : 0;
  }

  get #bytes(): Uint8Array<ArrayBuffer> {
    const bytes = this.#files.get(this.#path);
    if (bytes === undefined) throw fileProblem("NotFound", this.#path);
    return bytes;
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new Blob([this.#bytes]).stream();
  }

  readSync(bytes: Uint8Array): number | null {
    const part = this.#bytes.subarray(this.#place, this.#place + bytes.length);
    bytes.set(part);
    this.#place += part.length;
    return part.length === 0 && bytes.length > 0 ? null : part.length;
  }

  writeSync(bytes: Uint8Array): number {
    const end = this.#place + bytes.length;
    if (end > this.#bytes.length) this.truncateSync(end);
    this.#bytes.set(bytes, this.#place);
    this.#place = end;
    return bytes.length;
  }

  seekSync(offset: number, from: number): number {
    const starts = [0, this.#place, from === SeekMode.End ? this.#bytes.length : 0];
    return this.#place = starts[from] + offset;
  }

  truncateSync(size = 0): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.#bytes.subarray(0, size));
    this.#files.set(this.#path, bytes);
  }

  statSync = () => infoOf(this.#bytes.length);
  read = (bytes: Uint8Array) => promised(() => this.readSync(bytes));
  write = (bytes: Uint8Array) => promised(() => this.writeSync(bytes));
  seek = (offset: number, from: number) => promised(() => this.seekSync(offset, from));
  truncate = (size?: number) => promised(() => this.truncateSync(size));
  stat = () => promised(() => this.statSync());
  sync = () => Promise.resolve();
  syncData = () => Promise.resolve();
  // No other program has the files of a page.
  lock = () => Promise.resolve();
  tryLock = () => Promise.resolve(true);
  unlock = () => Promise.resolve();
  close(): void {}
  [Symbol.dispose](): void {}
}

// deno-lint-ignore require-await
async function promised<T>(run: () => T): Promise<T> {
  return run();
}

/** Refuses what a page cannot do. */
function lacks(what: string): never {
  throw fileProblem("NotCapable", `a page has no ${what}`);
}

/** Stream that leads to the console of the browser. */
const toConsole = (log: (text: string) => void) => ({
  isTerminal: () => false,
  writeSync: (bytes: Uint8Array) => {
    log(new TextDecoder().decode(bytes).replace(/\n$/, ""));
    return bytes.length;
  },
  write: (bytes: Uint8Array) => promised(() => toConsole(log).writeSync(bytes)),
});

const GRANTED = { state: "granted" } as const;
const DENIED = { state: "denied" } as const;

/** Files that are held in memory. */
export class PageFileSystem implements FileSystem {
  readonly #files: Files;

  constructor(files: Files) {
    this.#files = files;
  }

  #isFolder(path: string): boolean {
    return path === "/" || [...this.#files.keys()].some((file) => file.startsWith(`${path}/`));
  }

  #find(at: string | URL): Uint8Array<ArrayBuffer> {
    const path = plainPath(at);
    const bytes = this.#files.get(path);
    if (bytes !== undefined) return bytes;
    throw fileProblem(this.#isFolder(path) ? "IsADirectory" : "NotFound", path);
  }

  statSync(at: string | URL): FileInfo {
    return infoOf(this.#isFolder(plainPath(at)) ? null : this.#find(at).length);
  }

  openSync(at: string | URL, options: OpenOptions = {}): OpenFile {
    const { create, createNew, truncate, append = false } = options;
    const path = plainPath(at);
    const isThere = this.#files.has(path);
    if (createNew && isThere) throw fileProblem("AlreadyExists", path);
    if (isThere ? truncate : create || createNew) this.#files.set(path, new Uint8Array());
    this.#find(path);
    return new PageFile(this.#files, path, { appends: append });
  }

  readTextFileSync(path: string | URL): string {
    return new TextDecoder().decode(this.#find(path));
  }

  writeFileSync(path: string | URL, bytes: Uint8Array, options: WriteOptions = {}): void {
    const { append = false, create = true, createNew } = options;
    this.openSync(path, { create, createNew, append, truncate: !append }).writeSync(bytes);
  }

  writeTextFileSync(path: string | URL, text: string, options?: WriteOptions): void {
    this.writeFileSync(path, new TextEncoder().encode(text), options);
  }

  readDirSync(at: string | URL): FolderEntry[] {
    if (!this.statSync(at).isDirectory) throw fileProblem("NotADirectory", plainPath(at));
    const folder = plainPath(at).replace(/\/?$/, "/");
    const inside = [...this.#files.keys()].filter((path) => path.startsWith(folder));
    const names = new Set(inside.map((path) => path.slice(folder.length).split("/")[0]));
    return [...names].map((name) => {
      const isFile = this.#files.has(`${folder}${name}`);
      return { name, isFile, isDirectory: !isFile, isSymlink: false };
    });
  }

  async *readDir(path: string | URL): AsyncGenerator<FolderEntry> {
    yield* this.readDirSync(path);
  }

  // A folder is there as soon as a file is in it.
  mkdirSync(): void {}

  removeSync(at: string | URL): void {
    const path = plainPath(at);
    const gone = [...this.#files.keys()].filter((file) => `${file}/`.startsWith(`${path}/`));
    if (gone.length === 0) throw fileProblem("NotFound", path);
    for (const file of gone) this.#files.delete(file);
  }

  makeTempFileSync({ prefix = "", suffix = "" } = {}): string {
    const path = `/tmp/${prefix}${crypto.randomUUID()}${suffix}`;
    this.#files.set(path, new Uint8Array());
    return path;
  }

  watchFs(): never {
    return lacks("watched files");
  }

  stat = (path: string | URL) => promised(() => this.statSync(path));
  lstat = this.stat;
  open = (path: string | URL, options?: OpenOptions) =>
    promised(() => this.openSync(path, options));
  readFile = (path: string | URL) => promised(() => this.#find(path).slice());
  readTextFile = (path: string | URL) => promised(() => this.readTextFileSync(path));
  writeFile = (path: string | URL, bytes: Uint8Array, options?: WriteOptions) =>
    promised(() => this.writeFileSync(path, bytes, options));
  writeTextFile = (path: string | URL, text: string, options?: WriteOptions) =>
    promised(() => this.writeTextFileSync(path, text, options));
  mkdir = () => Promise.resolve();
  remove = (path: string | URL) => promised(() => this.removeSync(path));
  rename = (from: string | URL, to: string | URL) =>
    promised(() => {
      this.#files.set(plainPath(to), this.#find(from));
      this.#files.delete(plainPath(from));
    });
  realPath = (path: string | URL) => promised(() => plainPath(path));
  readLink = () => promised(() => lacks("links"));
  chmod = () => Promise.resolve();
  chown = () => Promise.resolve();
}

const querySync = ({ name }: Permission) =>
  ["read", "write", "net"].includes(name) ? GRANTED : DENIED;

/** Everything of a page but its files. */
const PAGE: Omit<Host, keyof FileSystem> = {
  cwd: () => "/",
  args: [],
  env: { get: () => undefined },
  build: { os: "browser" },
  pid: 0,
  noColor: true,
  exit: () => lacks("process"),
  exitCode: 0,
  kill: () => lacks("process"),
  addSignalListener: () => {},
  removeSignalListener: () => {},
  unrefTimer: () => {},
  stdin: {
    get readable() {
      return lacks("standard input");
    },
    isTerminal: () => false,
  },
  stdout: toConsole(console.log),
  stderr: toConsole(console.error),
  consoleSize: () => lacks("terminal"),
  permissions: {
    querySync,
    query: (permission) => promised(() => querySync(permission)),
    request: (permission) => promised(() => querySync(permission)),
  },
  serve: () => lacks("server"),
  Command: class {
    spawn(): never {
      return lacks("other programs");
    }
  },
  test: () => lacks("runner of tests"),
};

/** Paths of a page, which has no folder but one. */
const PATHS = {
  basename: (path: string) => plainPath(path).split("/").at(-1)!,
  dirname: (path: string) => plainPath(`${path}/..`),
  join: (...paths: string[]) => plainPath(paths.join("/")),
  resolve: (...paths: string[]) => plainPath(paths.join("/")),
  normalize: (path: string) => plainPath(path),
  relative: (from: string, to: string) =>
    plainPath(to).slice(plainPath(from).length).replace(/^\//, ""),
  isAbsolute: (path: string) => path.startsWith("/"),
};

/** Options of `zlib` that readers of files use. */
interface Limits {
  /** Largest number of unpacked bytes. */
  maxOutputLength?: number;
  /** Present if the input may end early. */
  finishFlush?: number;
}

function unpack(
  Stream: typeof Inflate | typeof Unzlib,
  packed: Uint8Array,
  { maxOutputLength = Infinity, finishFlush }: Limits = {},
): Uint8Array<ArrayBuffer> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  const stream = new Stream((piece) => {
    size += piece.length;
    // As in Node, whose callers say what is wrong.
    // deno-lint-ignore gradient-health/error-messages
    if (size > maxOutputLength) throw new RangeError("more bytes than are allowed");
    pieces.push(new Uint8Array(piece));
  });
  stream.push(packed, finishFlush === undefined);
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/** Remainders of the polynomial of CRC-32 (ISO 3309), one for each byte. */
const REMAINDERS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? rest >>> 1 ^ 0xedb88320 : rest >>> 1;
  return rest;
});

function crc32(bytes: Uint8Array, before = 0): number {
  let rest = ~before;
  for (const byte of bytes) rest = REMAINDERS[(rest ^ byte) & 0xff] ^ rest >>> 8;
  return ~rest >>> 0;
}

/**
 * Makes a page the runtime of the program, and returns its files: those that its user dropped are put there.
 * It must be called before any file is read.
 */
export function startPage(): Files {
  const files: Files = new Map();
  useHost(Object.assign(new PageFileSystem(files), PAGE));
  useBuiltins({
    path: PATHS,
    zlib: {
      constants: { Z_SYNC_FLUSH: 2 },
      crc32,
      inflateSync: (packed: Uint8Array, limits?: Limits) => unpack(Unzlib, packed, limits),
      inflateRawSync: (packed: Uint8Array, limits?: Limits) => unpack(Inflate, packed, limits),
    } as unknown as typeof import("node:zlib"),
  });
  return files;
}
