import { isReadable } from "../gate/is_readable.ts";
import { fileToReplace } from "../model/file_to_replace.ts";
import { statOf } from "../model/missing_file.ts";
import { writeFailure } from "../words/failure.ts";
import { type ResultKind, resultKind, resultWords } from "./result_kind.ts";
import { UsageError } from "./usage_error.ts";

/** A file that a run will write. */
export interface Output {
  /** Its path. */
  path: string;
  /** What will be written. */
  kind: ResultKind;
}

/**
 * Makes sure, before anything is measured, that results can be written without destroying a file.
 *
 * The rule for every flag that writes: a file that this run reads, or that is a result of another kind or
 * another study, is never replaced, under any of its names. Because a CI writes its reports again and
 * again, a result replaces an older one of its kind, which the beginning of the file tells, and an empty
 * file. A device or a pipe is written into. There is no flag to replace anything else: remove it by hand.
 *
 * This function holds all of that except two matters that only the writer of a study knows: whether a study
 * is the same (`sweep`, `merge`), and what lies under the names of locks, journals and temporary files
 * beside a result (`isLeftover`).
 *
 * A missing folder is created. Then a file is created beside each result and removed again, so that a
 * result that cannot be written is known now, and not after an hour.
 *
 * @param outputs What will be written.
 * @param inputs Every file that is read, whether there is one or not.
 * @throws {UsageError} If a file would be lost, or cannot be written.
 */
export async function claimOutputs(
  outputs: readonly Output[],
  inputs: readonly string[],
): Promise<void> {
  if (outputs.length === 0) return;
  const places: Place[] = [];
  for (const { path } of outputs) places.push(await explain(path, () => placeOf(path)));
  for (const [index, { path }] of outputs.entries()) {
    const first = places.findIndex(({ identity }) => identity === places[index].identity);
    if (first === index) continue;
    throw new UsageError(
      path === outputs[first].path
        ? `Two results would be written to ${path}`
        : `Two results would be written to one file, ${outputs[first].path} and ` +
          `${path}`,
    );
  }
  const read = new Map<string, string>();
  for (const input of inputs) {
    const place = await placeOf(input).catch(() => null);
    if (place !== null && place.file !== null) read.set(place.identity, input);
  }
  for (const [index, { path, kind }] of outputs.entries()) {
    const { file, identity } = places[index];
    const input = read.get(identity);
    if (input !== undefined) {
      const alias = input === path ? "" : ` as ${input}`;
      throw new UsageError(
        `The result would replace ${path}, which is read${alias}: write elsewhere`,
      );
    }
    if (file !== null) await explain(path, () => requireKind(path, file, kind));
  }
  for (const [index, { path }] of outputs.entries()) {
    const { file } = places[index];
    if (file !== null) await explain(path, () => requireWritable(file));
  }
}

/** Where a result goes. */
interface Place {
  /** The file that a new one may take the place of, there or not; `null` for a device or a pipe. */
  file: string | null;
  /** What tells the place from all others, however it is spelt. */
  identity: string;
}

async function placeOf(path: string): Promise<Place> {
  const file = await fileToReplace(path);
  return { file, identity: await identityOf(file ?? path) };
}

/** A file by its number; one that is still to come by its name, and by its folder in the same way. */
async function identityOf(path: string): Promise<string> {
  const { basename, dirname, normalize, resolve } = await import("node:path");
  // To look at a folder above those that may be read would ask for a permission.
  const info = isReadable(path) ? await statOf(path) : null;
  // Without a number, as on some network drives, a path has to do.
  if (info?.ino) return `${info.dev} ${info.ino}`;
  // Of a folder that is not there `..` is not there either.
  const folder = normalize(dirname(path));
  if (folder === path || info !== null) return foldCase(isReadable(".") ? resolve(path) : path);
  return `${await identityOf(folder)}/${foldCase(basename(path))}`;
}

/** Names that differ only in case usually name the same file there. */
function foldCase(name: string): string {
  return ["darwin", "windows"].includes(Deno.build.os) ? name.toLowerCase() : name;
}

async function requireKind(path: string, file: string, kind: ResultKind): Promise<void> {
  if (await statOf(file) === null) return;
  const found = await resultKind(file);
  if (found === kind || found === "empty") return;
  const holds = found === null ? "no result" : resultWords(found);
  throw new UsageError(
    `${resultWords(kind)} would replace ${path}, which holds ${holds}: write elsewhere, ` +
      `or remove it first`,
  );
}

async function requireWritable(file: string): Promise<void> {
  const { dirname } = await import("node:path");
  const info = await statOf(file);
  // The system lets a file be replaced that it does not let be changed.
  if (info !== null) {
    if (info.mode !== null && (info.mode & 0o222) === 0) {
      throw new Deno.errors.PermissionDenied("the file is read-only");
    }
    (await Deno.open(file, { write: true })).close();
  } else if (await statOf(dirname(file)) === null) {
    await Deno.mkdir(dirname(file), { recursive: true });
  }
  const probe = `${file}.${crypto.randomUUID()}.tmp`;
  await Deno.writeFile(probe, new Uint8Array(), { createNew: true });
  await Deno.remove(probe);
}

/** Says which output failed. */
async function explain<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} cannot be written: ${writeFailure(error)}`);
  }
}
