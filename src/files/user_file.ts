import { InputError } from "../ground/words/input_error.ts";
import { NotAFile } from "../ground/words/failure.ts";
import { formatMemory } from "../ground/words/numbers.ts";
import { type FileInfo, host, type OpenFile } from "../platform/host.ts";
import { fileProblem } from "../platform/file_problems.ts";

/** Largest size of a file that is read whole, in bytes. */
const MAX_WHOLE = 2 ** 32;

/** Largest size of a text in bytes; V8 cannot make one longer than twice that. */
const MAX_TEXT = 2 ** 28;

/**
 * Rejects anything except a file before it is opened: a device such as `/dev/zero` never ends, and
 * opening a pipe waits for its writer. A link counts as its target.
 *
 * @param path The file, as the user named it.
 * @returns The file system's information on it.
 * @throws {Error} If the file is missing or not a file, in words for `failure()`.
 */
export async function requireFile(path: string): Promise<FileInfo> {
  return requireFileInfo(await host.stat(path));
}

function requireFileInfo(info: FileInfo): FileInfo {
  if (info.isDirectory) throw fileProblem("IsADirectory", "the path is that of a folder");
  if (!info.isFile) throw new NotAFile();
  return info;
}

/** Open file, with the file system's information on it. */
interface UserFile extends Disposable {
  handle: OpenFile;
  info: FileInfo;
}

/**
 * Opens a file that a user named, for reading. All reads of a user's file go through this function.
 *
 * @throws {Error} If it is missing, or not a file.
 */
export async function openUserFile(path: string): Promise<UserFile> {
  await requireFile(path);
  const handle = await host.open(path);
  try {
    // The name may point elsewhere by now.
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
 * @param most Largest size in bytes: a sparse file takes no room on a disk.
 * @throws {Error} If it is missing, larger, or not a file.
 */
export async function readUserFile(
  path: string,
  most: number = MAX_WHOLE,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = await openUserFile(path);
  const { size } = file.info;
  if (size > most) {
    throw new InputError(
      { place: "Its size", found: formatMemory(size), expected: `at most ${formatMemory(most)}` },
    );
  }
  const bytes = new Uint8Array(size);
  let done = 0;
  while (done < size) {
    const count = await file.handle.read(bytes.subarray(done));
    if (count === null) break;
    done += count;
  }
  // A system file, such as one of /proc, reports no size.
  if (size > 0) return bytes.subarray(0, done);
  const head = new Uint8Array(2 ** 16);
  const count = await file.handle.read(head);
  return head.slice(0, count ?? 0);
}

/**
 * Reads a text file that a user named, without the byte order mark that editors on Windows put at
 * the beginning.
 */
export async function readUserText(path: string): Promise<string> {
  return new TextDecoder().decode(await readUserFile(path, MAX_TEXT));
}

/** Returns the folder of a file, as the user named it. */
export function folderOf(path: string): string {
  const end = Math.max(
    path.lastIndexOf("/"),
    host.build.os === "windows" ? path.lastIndexOf("\\") : -1,
  );
  return end === -1 ? "." : path.slice(0, end) || "/";
}
