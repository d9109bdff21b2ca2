import { NotAFile } from "../../words/failure.ts";
import { formatMemory } from "../../words/numbers.ts";

/** Most bytes of a file that is read whole. */
const MAX_WHOLE = 2 ** 32;

/** Most bytes of a text, which V8 cannot make longer than twice that. */
const MAX_TEXT = 2 ** 28;

/**
 * Refuses what is not a file before it is opened: a device such as `/dev/zero` never ends, and opening a pipe waits
 * for whoever writes into it. A link counts as what it leads to.
 *
 * @param path The file, as the user named it.
 * @returns What the file system knows of it.
 * @throws {Error} If there is no file, in words for `failure()`.
 */
export async function requireFile(path: string): Promise<Deno.FileInfo> {
  return requireFileInfo(await Deno.stat(path));
}

function requireFileInfo(info: Deno.FileInfo): Deno.FileInfo {
  if (info.isDirectory) throw new Deno.errors.IsADirectory("the path is that of a folder");
  if (!info.isFile) throw new NotAFile();
  return info;
}

/** An open file, and what the file system knows of it. */
export interface UserFile extends Disposable {
  handle: Deno.FsFile;
  info: Deno.FileInfo;
}

/**
 * Opens a file that a user named, for reading. Whatever reads a user's file opens it here.
 *
 * @param path The file.
 * @throws {Error} If it is missing, or not a file.
 */
export async function openUserFile(path: string): Promise<UserFile> {
  await requireFile(path);
  const handle = await Deno.open(path);
  try {
    // Its name may lead elsewhere by now.
    const info = requireFileInfo(await handle.stat());
    return { handle, info, [Symbol.dispose]: () => handle.close() };
  } catch (error) {
    handle.close();
    throw error;
  }
}

/**
 * Reads a file that a user named.
 *
 * @param path The file.
 * @param most The most bytes that it may have: a sparse file takes no room on a disk.
 * @throws {Error} If it is missing, larger, or not a file.
 */
export async function readUserFile(
  path: string,
  most: number = MAX_WHOLE,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = await openUserFile(path);
  const { size } = file.info;
  if (size > most) {
    throw new RangeError(
      `Its size is ${formatMemory(size)}, expected at most ${formatMemory(most)}`,
    );
  }
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const count = await file.handle.read(bytes.subarray(done));
    if (count === null) break;
    done += count;
  }
  // A file of the system, such as one of /proc, has no size before it is read.
  if (size > 0) return bytes.subarray(0, done);
  const head = new Uint8Array(2 ** 16);
  const count = await file.handle.read(head);
  return head.slice(0, count ?? 0);
}

/**
 * Reads a text file that a user named. A byte order mark, which editors on Windows put at the beginning, is not part
 * of the text.
 *
 * @param path The file.
 */
export async function readUserText(path: string): Promise<string> {
  return new TextDecoder().decode(await readUserFile(path, MAX_TEXT));
}
