import { builtin } from "./builtins.ts";
import { fileProblem } from "./file_problems.ts";
import {
  type FileInfo,
  type FolderEntry,
  type Host,
  type OpenFile,
  type OpenOptions,
  type RunningTest,
  SeekMode,
  type Signal,
  type WriteOptions,
} from "./host_interface.ts";

type Stats = import("node:fs").Stats;
type Dirent = import("node:fs").Dirent;
type Stream = import("node:tty").WriteStream;
type TestContext = import("node:test").TestContext;

const infoOf = (stats: Stats): FileInfo => ({
  isFile: stats.isFile(),
  isDirectory: stats.isDirectory(),
  isSymlink: stats.isSymbolicLink(),
  isCharDevice: stats.isCharacterDevice(),
  isBlockDevice: stats.isBlockDevice(),
  size: stats.size,
  mtime: stats.mtime,
  dev: stats.dev,
  ino: stats.ino,
  mode: stats.mode,
  uid: stats.uid,
  gid: stats.gid,
});

const entryOf = (entry: Dirent): FolderEntry => ({
  name: entry.name,
  isFile: entry.isFile(),
  isDirectory: entry.isDirectory(),
  isSymlink: entry.isSymbolicLink(),
});

/** Returns the flags of `open(2)`. */
function flagsOf({ read, write, append, create, createNew, truncate }: OpenOptions): number {
  const { O_APPEND, O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } =
    builtin("fs").constants;
  const writes = write || append;
  const reads = read ?? !writes;
  const both = reads && writes ? O_RDWR : O_RDONLY;
  return (writes && !reads ? O_WRONLY : both) |
    (append ? O_APPEND : 0) | (create || createNew ? O_CREAT : 0) | (createNew ? O_EXCL : 0) |
    (truncate ? O_TRUNC : 0);
}

/** Options of Node for writing a file whole. */
const writing = ({ append, create = true, createNew }: WriteOptions = {}) => ({
  flag: flagsOf({ write: !append, append, create, createNew, truncate: !append && !createNew }),
});

/** Returns the number of bytes that were read, as Deno has it. */
const readCount = (count: number, room: number) => count === 0 && room > 0 ? null : count;

class NodeFile implements OpenFile {
  readonly #descriptor: number;
  readonly #appends: boolean;
  #place = 0;

  constructor(descriptor: number, { appends }: { appends: boolean }) {
    this.#descriptor = descriptor;
    this.#appends = appends;
  }

  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return new ReadableStream({
      pull: (controller) => {
        const bytes = new Uint8Array(2 ** 16);
        const count = this.readSync(bytes);
        if (count !== null) return controller.enqueue(bytes.subarray(0, count));
        this.close();
        controller.close();
      },
      cancel: () => this.close(),
    });
  }

  readSync(bytes: Uint8Array): number | null {
    const count = builtin("fs").readSync(this.#descriptor, bytes, 0, bytes.length, this.#place);
    this.#place += count;
    return readCount(count, bytes.length);
  }

  writeSync(bytes: Uint8Array): number {
    const at = this.#appends ? null : this.#place;
    const count = builtin("fs").writeSync(this.#descriptor, bytes, 0, bytes.length, at);
    this.#place += count;
    return count;
  }

  seekSync(offset: number, from: number): number {
    const starts = [0, this.#place, from === SeekMode.End ? this.statSync().size : 0];
    return this.#place = starts[from] + offset;
  }

  statSync(): FileInfo {
    return infoOf(builtin("fs").fstatSync(this.#descriptor));
  }

  truncateSync(size = 0): void {
    builtin("fs").ftruncateSync(this.#descriptor, size);
  }

  close(): void {
    builtin("fs").closeSync(this.#descriptor);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  // A call of the system is short; what takes long has a thread of its own.
  read = (bytes: Uint8Array) => promised(() => this.readSync(bytes));
  write = (bytes: Uint8Array) => promised(() => this.writeSync(bytes));
  seek = (offset: number, from: number) => promised(() => this.seekSync(offset, from));
  truncate = (size?: number) => promised(() => this.truncateSync(size));
  stat = () => promised(() => this.statSync());
  sync = () => promised(() => builtin("fs").fsyncSync(this.#descriptor));
  syncData = () => promised(() => builtin("fs").fdatasyncSync(this.#descriptor));

  // Node has no locks of files: two processes that write one are told apart by the files' names alone.
  lock = () => Promise.resolve();
  tryLock = () => Promise.resolve(true);
  unlock = () => Promise.resolve();
}

// deno-lint-ignore require-await
async function promised<T>(run: () => T): Promise<T> {
  return run();
}

function openSync(path: string | URL, options: OpenOptions = {}): OpenFile {
  const descriptor = builtin("fs").openSync(path, flagsOf(options));
  return new NodeFile(descriptor, { appends: options.append === true });
}

/** Returns what the program asks of a stream of the process. */
const outputOf = (find: () => Stream) => ({
  isTerminal: () => find().isTTY === true,
  writeSync: (bytes: Uint8Array) =>
    builtin("fs").writeSync((find() as Stream & { fd: number }).fd, bytes),
  write: (bytes: Uint8Array) =>
    new Promise<number>((resolve, reject) =>
      find().write(bytes, (error) => error ? reject(error) : resolve(bytes.length))
    ),
});

/** Node grants everything. */
const GRANTED = { state: "granted" } as const;

/** Node, in the words of Deno. */
export const nodeHost: Host = {
  stat: async (path) => infoOf(await builtin("fs").promises.stat(path)),
  statSync: (path) => infoOf(builtin("fs").statSync(path)),
  lstat: async (path) => infoOf(await builtin("fs").promises.lstat(path)),
  open: (path, options) => promised(() => openSync(path, options)),
  openSync,
  readFile: async (path) => new Uint8Array(await builtin("fs").promises.readFile(path)),
  readTextFile: (path) => builtin("fs").promises.readFile(path, "utf8"),
  readTextFileSync: (path) => builtin("fs").readFileSync(path, "utf8"),
  writeFile: (path, bytes, options) =>
    builtin("fs").promises.writeFile(path, bytes, writing(options) as object),
  writeFileSync: (path, bytes, options) =>
    builtin("fs").writeFileSync(path, bytes, writing(options) as object),
  writeTextFile: (path, text, options) =>
    builtin("fs").promises.writeFile(path, text, writing(options) as object),
  writeTextFileSync: (path, text, options) =>
    builtin("fs").writeFileSync(path, text, writing(options) as object),
  async *readDir(path) {
    for await (const entry of await builtin("fs").promises.opendir(String(pathOf(path)))) {
      yield entryOf(entry);
    }
  },
  readDirSync: (path) => builtin("fs").readdirSync(path, { withFileTypes: true }).map(entryOf),
  mkdir: async (path, options) => void await builtin("fs").promises.mkdir(path, options),
  mkdirSync: (path, options) => void builtin("fs").mkdirSync(path, options),
  remove: (path, options = {}) => promised(() => nodeHost.removeSync(path, options)),
  removeSync(path, { recursive = false } = {}) {
    const fs = builtin("fs");
    if (recursive) return fs.rmSync(path, { recursive });
    return fs.lstatSync(path).isDirectory() ? fs.rmdirSync(path) : fs.unlinkSync(path);
  },
  rename: (from, to) => builtin("fs").promises.rename(from, to),
  realPath: (path) => builtin("fs").promises.realpath(path),
  readLink: (path) => builtin("fs").promises.readlink(path),
  chmod: (path, mode) => builtin("fs").promises.chmod(path, mode),
  chown: (path, user, group) => builtin("fs").promises.chown(path, user ?? -1, group ?? -1),
  makeTempFileSync({ prefix = "", suffix = "" } = {}) {
    const { join } = builtin("path");
    const name = `${prefix}${crypto.randomUUID()}${suffix}`;
    const path = join(builtin("os").tmpdir(), name);
    openSync(path, { write: true, createNew: true }).close();
    return path;
  },
  watchFs(path) {
    const ending = new AbortController();
    const events = builtin("fs").promises.watch(path, { signal: ending.signal });
    return {
      close: () => ending.abort(),
      async *[Symbol.asyncIterator]() {
        try {
          yield* events;
        } catch (error) {
          if (!ending.signal.aborted) throw error;
        }
      },
    };
  },

  cwd: () => builtin("process").cwd(),
  get args() {
    return builtin("process").argv.slice(2);
  },
  env: { get: (name) => builtin("process").env[name] },
  get build() {
    const { platform } = builtin("process");
    return { os: platform === "win32" ? "windows" : platform };
  },
  get pid() {
    return builtin("process").pid;
  },
  get noColor() {
    return Boolean(builtin("process").env.NO_COLOR);
  },
  exit: (code) => builtin("process").exit(code),
  get exitCode() {
    return Number(builtin("process").exitCode ?? 0);
  },
  set exitCode(code) {
    builtin("process").exitCode = code;
  },
  kill: (pid, signal) => void builtin("process").kill(pid, signal),
  addSignalListener: (signal: Signal, listener) => void builtin("process").on(signal, listener),
  removeSignalListener: (signal: Signal, listener) => void builtin("process").off(signal, listener),
  // A timer of Node is an object.
  unrefTimer: (timer) => (timer as unknown as { unref(): void }).unref(),

  stdin: {
    get readable() {
      return new ReadableStream<Uint8Array<ArrayBuffer>>({
        async start(controller) {
          for await (const bytes of builtin("process").stdin) {
            controller.enqueue(new Uint8Array(bytes));
          }
          controller.close();
        },
      });
    },
    isTerminal: () => builtin("process").stdin.isTTY === true,
  },
  stdout: outputOf(() => builtin("process").stdout as Stream),
  stderr: outputOf(() => builtin("process").stderr as Stream),
  consoleSize() {
    const { columns, rows } = builtin("process").stdout as Stream;
    if (columns === undefined) throw fileProblem("NotFound", "there is no terminal");
    return { columns, rows };
  },

  permissions: {
    query: () => Promise.resolve(GRANTED),
    querySync: () => GRANTED,
    request: () => Promise.resolve(GRANTED),
  },

  serve({ hostname, port, onListen }, handler) {
    const server = builtin("http").createServer(async (request, response) => {
      const url = new URL(request.url ?? "/", `http://${request.headers.host}`);
      const { status, headers, body } = await handler(new Request(url, { method: request.method }));
      response.writeHead(status, Object.fromEntries(headers));
      request.on("close", () => void body?.cancel().catch(() => {}));
      for await (const bytes of body ?? []) response.write(bytes);
      response.end();
    });
    const portOf = () => Number(Object(server.address()).port ?? port);
    server.listen(port, hostname, () => onListen({ port: portOf() }));
    return {
      addr: {
        get port() {
          return portOf();
        },
      },
      unref: () => void server.unref(),
      shutdown: () => new Promise((resolve) => server.close(() => resolve())),
    };
  },

  Command: class {
    readonly #begin: () => { unref(): void };

    constructor(command: string, { args }: { args: string[] }) {
      this.#begin = () => builtin("child_process").spawn(command, args, { stdio: "ignore" });
    }

    spawn(): { unref(): void } {
      return this.#begin();
    }
  },

  test: (name, run) => void builtin("test").test(name, (context) => run(runningTest(context))),
};

/** Returns a test of Node as one of Deno. */
function runningTest(context: TestContext): RunningTest {
  return {
    async step(name, run) {
      let passes = false;
      await context.test(name, async (inner) => {
        await run(runningTest(inner));
        passes = true;
      });
      return passes;
    },
  };
}

/** Returns the path of a `file:` URL. */
const pathOf = (path: string | URL) =>
  path instanceof URL ? builtin("url").fileURLToPath(path) : path;
