import { writeFailure } from "../ground/words/failure.ts";
import { ModelError } from "../core/model/model_error.ts";
import { statOf } from "./read_json.ts";
import { refusal } from "../ground/words/input_error.ts";
import { host } from "../platform/host.ts";
import { fileProblem, isFileProblem } from "../platform/file_problems.ts";
import { builtin } from "../platform/builtins.ts";

/**
 * Returns true if a file that blocks a lock, a journal or a temporary file can be deleted without
 * loss: it does not exist, is empty, or was left there by this program when it was killed.
 *
 * @param beginning First characters of a file that this program leaves there; `""` for an empty
 * one.
 */
export async function isLeftover(path: string, beginning: string): Promise<boolean> {
  try {
    const { isFile, size } = await host.lstat(path);
    if (!isFile) return false;
    if (size === 0) return true;
    using file = await host.open(path);
    const wanted = new TextEncoder().encode(beginning);
    const found = new Uint8Array(Math.min(size, wanted.length));
    await file.read(found);
    return found.length > 0 && found.every((byte, index) => byte === wanted[index]);
  } catch (error) {
    if (isFileProblem(error, "NotFound")) return true;
    throw error;
  }
}

/** File of a folder: its path inside, with `/` between the steps, and its content. */
export interface NewFile {
  path: string;
  bytes: Uint8Array;
}

/**
 * Folder that appears whole or not at all: its files are written under a temporary name inside it,
 * and get their final names together. Disposing it before that leaves nothing behind, and removes
 * the folders that were made for it. Existing files are not touched.
 */
export class NewFolder implements AsyncDisposable {
  readonly #path: string;
  readonly #made: string[];
  readonly #published: string[] = [];
  #isWhole = false;

  private constructor(path: string, made: string[], readonly temporary: string) {
    this.#path = path;
    this.#made = made;
  }

  /**
   * Makes the folder, and those around it, if they do not exist.
   *
   * @throws {ModelError} If it is not empty, or cannot be written.
   */
  static async open(path: string): Promise<NewFolder> {
    const made: string[] = [];
    try {
      await makeFolder(path, made);
      await requireEmpty(path, null);
      const temporary = `${path}/${crypto.randomUUID()}.tmp`;
      await host.mkdir(temporary);
      return new NewFolder(path, made, temporary);
    } catch (error) {
      await removeFolders(made);
      throw unwritable(path, error);
    }
  }

  /** Writes files under temporary names. */
  async write(files: readonly NewFile[]): Promise<void> {
    try {
      for (const { path, bytes } of files) {
        const target = `${this.temporary}/${path}`;
        await host.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
        await host.writeFile(target, bytes, { createNew: true });
      }
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  /**
   * Moves the files to their final paths.
   *
   * @param last File that lists the others: without it the folder is not a model.
   */
  async publish(last: string): Promise<void> {
    try {
      await requireEmpty(this.#path, this.temporary);
      const names = (await Array.fromAsync(host.readDir(this.temporary))).map(({ name }) => name);
      for (const name of [...names.filter((name) => name !== last), last]) {
        await host.rename(`${this.temporary}/${name}`, `${this.#path}/${name}`);
        this.#published.push(name);
      }
      await host.remove(this.temporary);
      this.#isWhole = true;
    } catch (error) {
      throw unwritable(this.#path, error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isWhole) return;
    for (
      const path of [...this.#published.map((name) => `${this.#path}/${name}`), this.temporary]
    ) {
      await host.remove(path, { recursive: true }).catch(() => {});
    }
    await removeFolders(this.#made);
  }
}

/** Makes a folder and those around it, and records the new ones, outermost first. */
async function makeFolder(path: string, made: string[]): Promise<void> {
  try {
    await host.mkdir(path);
    made.push(path);
  } catch (error) {
    if (isFileProblem(error, "AlreadyExists")) return;
    const { dirname } = builtin("path");
    const outer = dirname(path);
    if (!isFileProblem(error, "NotFound") || outer === path) throw error;
    await makeFolder(outer, made);
    await host.mkdir(path);
    made.push(path);
  }
}

/** Removes empty folders; one that is no longer empty stays. */
async function removeFolders(made: readonly string[]): Promise<void> {
  for (const path of made.toReversed()) await host.remove(path).catch(() => {});
}

async function requireEmpty(path: string, own: string | null): Promise<void> {
  if (!(await host.stat(path)).isDirectory) {
    throw new ModelError(refusal`${path} is a file, expected a new or an empty folder`);
  }
  for await (const { name } of host.readDir(path)) {
    if (`${path}/${name}` === own) continue;
    throw new ModelError(
      refusal`${path} is a folder that holds files, expected a new or an empty one`,
    );
  }
}

function unwritable(path: string, error: unknown): ModelError {
  if (error instanceof ModelError) return error;
  return new ModelError(`${path} cannot be written: ${writeFailure(error)}`, { cause: error });
}

/**
 * Returns the file that a new one may replace, once it is written beside it: for a link, the target
 * of the link, so that the link stays.
 *
 * @param path Path of the file to write.
 * @returns The path to rename to; `null` for a device, a pipe or a terminal: a rename would replace
 * it by a file, `/dev/null` for every other process too.
 */
export async function fileToReplace(path: string): Promise<string | null> {
  try {
    const { isFile, isDirectory } = await host.stat(path);
    if (isDirectory) throw fileProblem("IsADirectory", "the path is that of a folder");
    if (!isFile) return null;
    if (!(await host.lstat(path)).isSymlink) return path;
    // `/dev/stdout` may be a file, but some process has it open and goes on writing into it.
    return /^\/(dev|proc)\//.test(path) ? null : await host.realPath(path);
  } catch (error) {
    if (!isFileProblem(error, "NotFound")) throw error;
    const link = await host.readLink(path).catch(() => null);
    if (link === null) return path;
    // The link points to a path without a file.
    const { dirname, isAbsolute, join } = builtin("path");
    return await fileToReplace(isAbsolute(link) ? link : join(dirname(path), link));
  }
}

/**
 * Renames a file that was written beside its final path. A file at that path is replaced,
 * but its permissions stay: the mode, and the owner if the system lets a process give files away.
 *
 * @param temporary Path of the new file.
 * @param target Final path; not that of a link, see {@linkcode fileToReplace}.
 */
export async function putInPlace(temporary: string, target: string): Promise<void> {
  const old = await statOf(target);
  if (old !== null && host.build.os !== "windows") {
    const { uid, gid } = await host.stat(temporary);
    if (old.uid !== uid || old.gid !== gid) {
      // A process that may not give files away may still give them to another of its groups.
      await host.chown(temporary, old.uid, old.gid)
        .catch(() => host.chown(temporary, null, old.gid)).catch(() => {});
    }
    // After the owner, since changing it clears part of the mode.
    if (old.mode !== null) await host.chmod(temporary, old.mode & 0o7777);
  }
  await host.rename(temporary, target);
}
