/** Facts that a file system has of a file. */
export interface FileInfo {
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
  isCharDevice: boolean | null;
  isBlockDevice: boolean | null;
  /** Number of bytes. */
  size: number;
  /** Time of the last change. */
  mtime: Date | null;
  dev: number;
  ino: number | null;
  mode: number | null;
  uid: number | null;
  gid: number | null;
}

/** Entry of a folder. */
export interface FolderEntry {
  name: string;
  isFile: boolean;
  isDirectory: boolean;
  isSymlink: boolean;
}

/** Places from which a file is sought. */
export const SeekMode = { Start: 0, Current: 1, End: 2 } as const;

/** Open file. */
export interface OpenFile extends Disposable {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Fills bytes from the present place on. Returns how many were read; `null` at the end. */
  read(bytes: Uint8Array): Promise<number | null>;
  readSync(bytes: Uint8Array): number | null;
  /** Returns how many bytes were written. */
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  /** Goes to a place, and returns it. */
  seek(offset: number, from: number): Promise<number>;
  seekSync(offset: number, from: number): number;
  truncate(size?: number): Promise<void>;
  truncateSync(size?: number): void;
  stat(): Promise<FileInfo>;
  statSync(): FileInfo;
  /** Waits until the bytes that were written are on the disk. */
  sync(): Promise<void>;
  /** Waits for the bytes alone, without the times of the file. */
  syncData(): Promise<void>;
  /** Waits until no other process has the file locked. */
  lock(exclusive?: boolean): Promise<void>;
  /** Locks the file; returns false if another process has. */
  tryLock(exclusive?: boolean): Promise<boolean>;
  unlock(): Promise<void>;
  close(): void;
}

/** Ways to open a file. */
export interface OpenOptions {
  read?: boolean;
  write?: boolean;
  append?: boolean;
  create?: boolean;
  createNew?: boolean;
  truncate?: boolean;
}

/** Ways to write a file whole. */
export interface WriteOptions {
  append?: boolean;
  create?: boolean;
  createNew?: boolean;
}

/** Permission that a runtime may withhold. */
export type Permission =
  | { name: "read" | "write"; path?: string | URL }
  | { name: "net"; host?: string }
  | { name: "env"; variable?: string }
  | { name: "run"; command?: string | URL }
  | { name: "sys"; kind?: string };

/** Answer to a question for a permission. */
interface PermissionState {
  readonly state: "granted" | "prompt" | "denied";
}

/** Stream of the process that leads to a terminal or not. */
interface OutputStream {
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

/** Signal of a process. */
export type Signal = "SIGINT" | "SIGTERM";

/** Watcher of files, which yields an event for each change. */
export interface FileWatcher extends AsyncIterable<unknown> {
  close(): void;
}

/** Server on this machine. */
export interface LocalServer {
  readonly addr: { readonly port: number };
  unref(): void;
  shutdown(): Promise<void>;
}

/** Test that is running. */
export interface RunningTest {
  step(name: string, run: (test: RunningTest) => Promise<void> | void): Promise<boolean>;
}

/** Files of a runtime. */
export interface FileSystem {
  stat(path: string | URL): Promise<FileInfo>;
  statSync(path: string | URL): FileInfo;
  lstat(path: string | URL): Promise<FileInfo>;
  open(path: string | URL, options?: OpenOptions): Promise<OpenFile>;
  openSync(path: string | URL, options?: OpenOptions): OpenFile;
  readFile(path: string | URL): Promise<Uint8Array<ArrayBuffer>>;
  readTextFile(path: string | URL): Promise<string>;
  readTextFileSync(path: string | URL): string;
  writeFile(path: string | URL, bytes: Uint8Array, options?: WriteOptions): Promise<void>;
  writeFileSync(path: string | URL, bytes: Uint8Array, options?: WriteOptions): void;
  writeTextFile(path: string | URL, text: string, options?: WriteOptions): Promise<void>;
  writeTextFileSync(path: string | URL, text: string, options?: WriteOptions): void;
  readDir(path: string | URL): AsyncIterable<FolderEntry>;
  readDirSync(path: string | URL): Iterable<FolderEntry>;
  mkdir(path: string | URL, options?: { recursive?: boolean }): Promise<void>;
  mkdirSync(path: string | URL, options?: { recursive?: boolean }): void;
  remove(path: string | URL, options?: { recursive?: boolean }): Promise<void>;
  removeSync(path: string | URL, options?: { recursive?: boolean }): void;
  rename(from: string | URL, to: string | URL): Promise<void>;
  realPath(path: string | URL): Promise<string>;
  readLink(path: string | URL): Promise<string>;
  chmod(path: string | URL, mode: number): Promise<void>;
  chown(path: string | URL, user: number | null, group: number | null): Promise<void>;
  makeTempFileSync(options?: { prefix?: string; suffix?: string }): string;
  watchFs(path: string, options?: { recursive: boolean }): FileWatcher;
}

/**
 * Everything that the program asks of the runtime that it is in, in the words of Deno: on Deno the host is
 * `Deno` itself.
 */
export interface Host extends FileSystem {
  cwd(): string;
  readonly args: string[];
  readonly env: { get(name: string): string | undefined };
  readonly build: { readonly os: string };
  readonly pid: number;
  readonly noColor: boolean;
  exit(code?: number): never;
  exitCode: number;
  kill(pid: number, signal: Signal): void;
  addSignalListener(signal: Signal, listener: () => void): void;
  removeSignalListener(signal: Signal, listener: () => void): void;
  /** Lets the process end while a timer waits. */
  unrefTimer(timer: ReturnType<typeof setTimeout>): void;

  readonly stdin: {
    readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
    isTerminal(): boolean;
  };
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  consoleSize(): { columns: number; rows: number };

  readonly permissions: {
    query(permission: Permission): Promise<PermissionState>;
    querySync(permission: Permission): PermissionState;
    request(permission: Permission): Promise<PermissionState>;
  };

  serve(
    options: { hostname: string; port: number; onListen: (address: { port: number }) => void },
    handler: (request: Request) => Response | Promise<Response>,
  ): LocalServer;

  readonly Command: new (
    command: string,
    options: { args: string[]; stdin: "null"; stdout: "null"; stderr: "null" },
  ) => { spawn(): { unref(): void } };

  /** Registers a test with the runner of the runtime. */
  test(name: string, run: (test: RunningTest) => Promise<void>): void;
}
