import { isReadable } from "../../core/diagnosis/gate_result.ts";
import { openUserFile } from "../../files/user_file.ts";
import { statOf } from "../../files/read_json.ts";
import { fileToReplace } from "../../files/new_folder.ts";
import { userImports } from "../../files/user_code/foreign_code.ts";
import { weightFilesOf } from "../../files/weights_manifest.ts";
import {
  carriesMarker,
  documentKind,
  DOCUMENTS,
  MARKER_HEAD,
} from "../../ground/words/document.ts";
import { writeFailure } from "../../ground/words/failure.ts";
import { UsageError } from "./flag.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { host, SeekMode } from "../../platform/host.ts";
import { fileProblem } from "../../platform/file_problems.ts";
import { builtin } from "../../platform/builtins.ts";

/** File that a run will write. */
export interface Output {
  /** Its path. */
  path: string;
  /** Kind of document that the writer reads first, and then extends or rejects. */
  extends?: "study" | "baseline";
}

/**
 * Checks, before anything is measured, that results can be written without destroying a file.
 *
 * A file that this run reads is never replaced, under any of its names. Another file is replaced if
 * it is empty or carries the marker of a result (`ground/words/document.ts`), otherwise only by `force`.
 * Studies and baselines carry no marker, since they grow over several runs. Devices and pipes are
 * written to. The imports of a model's code are known only once it runs: from then on they are
 * followed, and {@linkcode requireNotImported} rejects a result that would replace one.
 *
 * A missing folder is created. Then a file is created beside each result and removed again, so that
 * an unwritable result is known now, and not after an hour.
 *
 * @param outputs The files to write.
 * @param inputs Every file that is read, existing or not; `null` for none. The weight files of a
 * model.json are added.
 * @param options `force`: replace files without a marker.
 * @throws {UsageError} If a file would be lost, or cannot be written.
 */
export async function claimOutputs(
  outputs: readonly Output[],
  inputs: readonly (string | null)[],
  { force }: { force: boolean },
): Promise<void> {
  if (outputs.length === 0) return;
  const places: Place[] = [];
  for (const { path } of outputs) places.push(await explain(path, () => placeOf(path)));
  requireDistinct(outputs, places);
  const read = await identitiesOf(inputs);
  for (const [index, output] of outputs.entries()) {
    const { path } = output;
    const { file, identity } = places[index];
    const input = read.get(identity);
    if (input !== undefined) {
      const alias = input === path ? "" : ` as ${input}`;
      throw wouldReplace(`${path}, which is read${alias}`);
    }
    if (file !== null && !force) await explain(path, () => requireOurs(output, file));
  }
  for (const [index, { path }] of outputs.entries()) {
    const { file } = places[index];
    if (file === null) continue;
    if (await statOf(file) !== null) userImports.follow();
    await explain(path, () => requireWritable(file));
  }
}

/**
 * Checks that a result does not replace a file that the user's code has imported.
 *
 * @throws {UsageError} If it would.
 */
export async function requireNotImported(path: string): Promise<void> {
  if (userImports.files.size === 0) return;
  const { identity } = await placeOf(path);
  for (const imported of userImports.files) {
    if (await identityOf(imported) !== identity) continue;
    throw wouldReplace(`${path}, which the run imports`);
  }
}

/** Returns the error for a result that would replace a file which is not an earlier result. */
function wouldReplace(found: string, or = ""): UsageError {
  return new UsageError({
    place: "The result",
    verb: "would replace",
    found,
    expected: "an earlier result",
    meant: `: write elsewhere${or}`,
  });
}

function requireDistinct(outputs: readonly Output[], places: readonly Place[]): void {
  for (const [index, { path }] of outputs.entries()) {
    const first = places.findIndex(({ identity }) => identity === places[index].identity);
    if (first === index) continue;
    const { path: earlier } = outputs[first];
    const file = path === earlier ? path : `one file, ${earlier} and ${path}`;
    throw new UsageError(
      refusal`Two results would be written to ${file}, expected a file for each`,
    );
  }
}

/** Returns the paths of the inputs by their identities. */
async function identitiesOf(inputs: readonly (string | null)[]): Promise<Map<string, string>> {
  const read = new Map<string, string>();
  for (const input of inputs) {
    if (input === null) continue;
    for (const path of [input, ...await weightFilesOf(input)]) {
      const place = await placeOf(path).catch(() => null);
      if (place !== null && place.file !== null) read.set(place.identity, path);
    }
  }
  return read;
}

interface Place {
  /** File that a result replaces, existing or not; `null` for a device or a pipe. */
  file: string | null;
  /** Identity of the place, the same for every spelling of its path. */
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
  const { basename, dirname, normalize, resolve } = builtin("path");
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
  return ["darwin", "windows"].includes(host.build.os) ? name.toLowerCase() : name;
}

/** Rejects the replacement of a file that may not be ours. */
async function requireOurs({ path, extends: kind }: Output, file: string): Promise<void> {
  if (await statOf(file) === null) return;
  const { head, tail } = await endsOf(file);
  if (head === "" || carriesMarker(head, tail)) return;
  if (kind !== undefined && DOCUMENTS[kind].beginning.test(head)) return;
  const held = documentKind(head);
  const what = held === "study" || held === "baseline"
    ? `holds ${DOCUMENTS[held].words}`
    : "carries no marker of a result; older versions wrote none";
  throw wouldReplace(`${path}, which ${what}`, ", or replace it with --force");
}

/** Number of bytes read at each end of a file; a character has up to 4. */
const END_BYTES = 4 * MARKER_HEAD;

/** Returns both ends of a file. */
export async function endsOf(path: string): Promise<{ head: string; tail: string }> {
  using file = await openUserFile(path);
  const { handle, info } = file;
  const bytes = new Uint8Array(END_BYTES);
  const read = async () =>
    new TextDecoder().decode(bytes.subarray(0, await handle.read(bytes) ?? 0));
  const head = await read();
  await handle.seek(Math.max(0, info.size - END_BYTES), SeekMode.Start);
  return { head, tail: await read() };
}

async function requireWritable(file: string): Promise<void> {
  const { dirname } = builtin("path");
  const info = await statOf(file);
  // The system allows replacing a read-only file.
  if (info !== null) {
    if (info.mode !== null && (info.mode & 0o222) === 0) {
      throw fileProblem("PermissionDenied", "the file is read-only");
    }
    (await host.open(file, { write: true })).close();
  } else if (await statOf(dirname(file)) === null) {
    await host.mkdir(dirname(file), { recursive: true });
  }
  const probe = `${file}.${crypto.randomUUID()}.tmp`;
  await host.writeFile(probe, new Uint8Array(), { createNew: true });
  await host.remove(probe);
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
