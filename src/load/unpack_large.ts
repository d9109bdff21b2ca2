import type { ByteSource } from "../model/files/byte_source.ts";
import { MAX_UNPACKED, storedCopy } from "../model/files/stored_copy.ts";
import { openZip, type ZipEntry } from "../model/files/unzip.ts";
import { ModelError } from "../model/model_error.ts";
import { writeFailure } from "../words/failure.ts";

/**
 * Unpacks an archive to a temporary file if it has a large packed file that is not unpacked in
 * pieces while it is measured, as arrays of NumPy are.
 *
 * @returns The copy; `null` if none is needed, or if none can be written, which a note says.
 */
export async function unpackLarge(
  name: string,
  source: ByteSource,
): Promise<{ copy: ByteSource | null; notes: string[] }> {
  const [first, second] = source.read(0, Math.min(2, source.size), "The first bytes");
  if (first !== 0x50 || second !== 0x4b) return { copy: null, notes: [] };
  const entries = [...openZip(source, ModelError).values()];
  const isStreamed = (entry: ZipEntry) => /\.npz$/i.test(name) && !isFortranEntry(entry);
  const isHeld = (entry: ZipEntry) =>
    entry.at === null && entry.size > MAX_UNPACKED && !isStreamed(entry);
  if (!entries.some(isHeld)) return { copy: null, notes: [] };
  try {
    return { copy: await storedCopy(entries), notes: [] };
  } catch (error) {
    if (error instanceof ModelError) throw error;
    const reason = writeFailure(error);
    return { copy: null, notes: [`Unpacked in memory: no temporary file was written, ${reason}.`] };
  }
}

/** Returns true if a file is an array in the order of Fortran. */
const isFortranEntry = (entry: ZipEntry) =>
  /'fortran_order': *True/.test(new TextDecoder().decode(entry.head(2 ** 10)));
