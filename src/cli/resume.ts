import { createHash } from "node:crypto";
import { join } from "node:path";
import process from "node:process";
import { WORTH_WORKERS } from "../measure/checkpoint/sweep_in_parallel.ts";
import { headOf, SweepJournal } from "../measure/checkpoint/sweep_journal.ts";
import { tensorBytes } from "../model/files/file_types.ts";
import type { WeightsFile } from "../model/weights/weights_manifest.ts";
import { formatCount } from "../words/numbers.ts";

/** Days after which what a stopped run has left is removed. */
const MAX_DAYS = 7;

/** Suffix of the files in the folder. */
const SUFFIX = ".progress";

/**
 * Does a work on files of weights that goes on where a run of the same command was stopped. What it
 * has found is in a file of the user's folder for caches until the work is done. Nothing is kept of
 * small files, which take less than a second, or without the permission for that folder.
 *
 * @param options `fresh`: neither goes on nor keeps anything; `folder`: keeps it there instead.
 */
export async function resuming<T>(
  files: readonly WeightsFile[],
  { fresh, quiet, folder = progressFolder() }: {
    fresh: boolean;
    quiet: boolean;
    folder?: string | null;
  },
  work: (journal: SweepJournal | null) => Promise<T>,
): Promise<T> {
  using journal = fresh || sizeOf(files) < WORTH_WORKERS ? null : await openProgress(files, folder);
  if (journal !== null && (journal.size > 0 || journal.hasBegun) && !quiet) {
    const done = [
      ...journal.size > 0 ? [formatCount(journal.size, "tensor")] : [],
      ...journal.hasBegun ? ["a part of a tensor"] : [],
    ];
    console.error(
      `goes on after ${done.join(" and ")} of a run that was stopped; ` +
        "--fresh starts from the beginning",
    );
  }
  const result = await work(journal);
  await journal?.remove();
  return result;
}

const sizeOf = (files: readonly WeightsFile[]) =>
  files.flatMap(({ tensors }) => tensors).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);

/** Opens the journal of files in a folder; `null` if none can be kept. */
async function openProgress(
  files: readonly WeightsFile[],
  folder: string | null,
): Promise<SweepJournal | null> {
  if (folder === null) return null;
  try {
    await Deno.mkdir(folder, { recursive: true });
    await removeOld(folder);
    const name = createHash("sha256").update(headOf(files)).digest("hex").slice(0, 24);
    return await SweepJournal.open(join(folder, `${name}${SUFFIX}`), files);
  } catch {
    // A full or read-only disk: the work can be done without.
    return null;
  }
}

/** Returns the folder of this program for caches; `null` if there is none, or no permission. */
function progressFolder(): string | null {
  const isGranted = (permission: Deno.PermissionDescriptor) =>
    Deno.permissions.querySync(permission).state === "granted";
  const valueOf = (variable: string) =>
    isGranted({ name: "env", variable }) ? process.env[variable] : undefined;
  const home = valueOf("HOME");
  const caches = valueOf("XDG_CACHE_HOME") || valueOf("LOCALAPPDATA") ||
    (home === undefined ? undefined : join(home, ".cache"));
  if (caches === undefined) return null;
  const path = join(caches, "gradient-health");
  return isGranted({ name: "read", path }) && isGranted({ name: "write", path }) ? path : null;
}

async function removeOld(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith(SUFFIX)) continue;
    const { mtime } = await Deno.stat(join(folder, name));
    const days = (Date.now() - (mtime?.getTime() ?? 0)) / 864e5;
    if (days > MAX_DAYS) await Deno.remove(join(folder, name));
  }
}
