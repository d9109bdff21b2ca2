import { constants, crc32, deflateRawSync } from "node:zlib";
import { encode } from "../../src/files/file_types.ts";
import { type Packed, writeZip } from "../files/write_zip.ts";

/** Number of entries of a block. */
export const BLOCK = 2 ** 20;

/** Entries of a block: numbers of 8 bits, which pack to a third. */
export const drawn: Uint8Array = encode(
  Float32Array.from({ length: BLOCK }, (_, i) => Math.round(99 * Math.sin(i * i)) / 64),
  "float32",
);

/** File to be packed: the bytes of all pieces. */
export interface PackedFile {
  name: string;
  pieces: readonly Uint8Array[];
}

/**
 * Writes an archive with packed files. Each piece is packed alone, and only once however often it
 * occurs.
 *
 * @param wrong True for checksums that are not those of the bytes.
 */
export async function writePacked(
  path: string,
  files: readonly PackedFile[],
  { wrong = false } = {},
): Promise<void> {
  const known = new Map<Uint8Array, Uint8Array<ArrayBuffer>>();
  const pack = (bytes: Uint8Array) => {
    const packed = known.get(bytes) ??
      new Uint8Array(deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, level: 1 }));
    known.set(bytes, packed);
    return packed;
  };
  const packed = await Promise.all(files.map(async ({ name, pieces }): Promise<Packed> => {
    const checksum = pieces.reduce((sum, bytes) => crc32(bytes, sum), 0);
    // The last block of a stream says so, and is empty here.
    const parts = [...pieces.map(pack), Uint8Array.of(3, 0)];
    const content = new Uint8Array(await new Blob(parts).arrayBuffer());
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    return {
      name,
      content,
      claims: { method: 8, size, checksum: wrong ? checksum ^ 1 : checksum },
    };
  }));
  await Deno.writeFile(path, writeZip(packed));
}
