import { isReadable } from "../../gate/gate_result.ts";
import { openUserFile } from "../../model/files/user_file.ts";
import { statOf } from "../../model/model_error.ts";
import { fileToReplace } from "../../model/new_folder.ts";
import { TEXT_BEGINNINGS } from "../../render/text_beginnings.ts";
import { DOCUMENTS } from "../../words/document.ts";
import { writeFailure } from "../../words/failure.ts";
import { type FormatName, FORMATS, type Result } from "../formats.ts";
import { UsageError } from "./usage_error.ts";

/** File that a run will write. */
export interface Output {
  /** Its path. */
  path: string;
  /** Kind of result. */
  kind: ResultKind;
}

/**
 * Checks, before anything is measured, that results can be written without destroying a file.
 *
 * The rule for every flag that writes: a file that this run reads, or that holds a result of
 * another kind or another study, is never replaced, under any of its names. Since a CI writes its
 * reports again and again, a result does replace an empty file, or an older result of its kind,
 * recognised by its beginning. Devices and pipes are written to. No flag replaces anything else:
 * remove it by hand.
 *
 * This function enforces all of that except two cases that only the writer of a study knows:
 * whether a study is the same (`sweep`, `merge`), and files that have the names of locks, journals
 * or temporary files beside a result (`isLeftover`).
 *
 * A missing folder is created. Then a file is created beside each result and removed again, so that
 * an unwritable result is known now, and not after an hour.
 *
 * @param outputs The files to write.
 * @param inputs Every file that is read, existing or not.
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

/** Place of a result. */
interface Place {
  /** File that a result replaces, existing or not; `null` for a device or a pipe. */
  file: string | null;
  /** Identity of the place, however its path is spelt. */
  identity: string;
}

async function placeOf(path: string): Promise<Place> {
  const file = await fileToReplace(path);
  return { file, identity: await identityOf(file ?? path) };
}

/**
 * Returns the identity of a file: its inode, or for a new file its name and the identity of its
 * folder.
 */
async function identityOf(path: string): Promise<string> {
  const { basename, dirname, normalize, resolve } = await import("node:path");
  // Checking a folder outside the readable ones would prompt for a permission.
  const info = isReadable(path) ? await statOf(path) : null;
  // Without an inode, as on some network drives, use the path.
  if (info?.ino) return `${info.dev} ${info.ino}`;
  // In a missing folder, `..` does not resolve.
  const folder = normalize(dirname(path));
  if (folder === path || info !== null) return foldCase(isReadable(".") ? resolve(path) : path);
  return `${await identityOf(folder)}/${foldCase(basename(path))}`;
}

/** Folds case on systems where such names usually mean the same file. */
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
  // The system allows replacing a read-only file.
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

/** Adds the path of the output to errors. */
async function explain<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} cannot be written: ${writeFailure(error)}`);
  }
}

/**
 * Kind of file that this program writes: a text, a document, or a format that can be recognised.
 */
export type ResultKind = "text" | keyof typeof DOCUMENTS | FormatName;

/** Name in a sentence and beginning of each kind except texts. */
const KNOWN: ReadonlyMap<ResultKind, { words: string; beginning: RegExp }> = new Map([
  ...Object.entries(DOCUMENTS),
  ...Object.entries(FORMATS).flatMap(([name, { holds }]) =>
    typeof holds === "string" ? [] : [[name, holds] as const]
  ),
] as [ResultKind, { words: string; beginning: RegExp }][]);

/** All kinds. */
export const RESULT_KINDS: readonly ResultKind[] = ["text", ...KNOWN.keys()];

/** Returns the name of a kind in a sentence. */
export function resultWords(kind: ResultKind): string {
  return KNOWN.get(kind)?.words ?? "a text";
}

/** Returns the kind of file that a format writes for a result. */
export function kindOf(format: FormatName, result: Result): ResultKind {
  const { holds } = FORMATS[format];
  if (holds === "text") return "text";
  return holds === "document" ? result : format;
}

/** Number of bytes read to recognise the kind of a file. */
const BYTES = 4096;

/**
 * Returns the kind of result in a file, by its beginning.
 *
 * @param path The file.
 * @returns The kind; `"empty"` if it holds nothing; `null` if it is not a result.
 */
export async function resultKind(path: string): Promise<ResultKind | "empty" | null> {
  using file = await openUserFile(path);
  const bytes = new Uint8Array(BYTES);
  const length = await file.handle.read(bytes);
  if (length === null) return "empty";
  const text = decode(bytes.subarray(0, length));
  if (text === null) return null;
  const beginning = text.trimStart().replaceAll("\r\n", "\n");
  const known = [...KNOWN].find(([, kind]) => kind.beginning.test(beginning));
  if (known !== undefined) return known[0];
  return TEXT_BEGINNINGS.some((known) => known.test(beginning)) ? "text" : null;
}

/** Decodes bytes; `null` if they are not text. */
function decode(bytes: Uint8Array): string | null {
  try {
    // The last character may be cut in two.
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
