import { crc32 } from "node:zlib";

/** Writes bytes behind those that were written before. */
export type Write = (bytes: Uint8Array) => void;

/**
 * File of an archive: its content, as many zeros, of which the disk stores none, or a function that
 * writes as many bytes.
 */
export interface Stored {
  name: string;
  content: Uint8Array | number | { size: number; write: (to: Write) => void };
}

/** Returns little-endian numbers of the given bytes each. */
function numbers(...fields: [bytes: number, value: number][]): Uint8Array {
  const all = new Uint8Array(fields.reduce((sum, [bytes]) => sum + bytes, 0));
  const view = new DataView(all.buffer);
  let at = 0;
  for (const [bytes, value] of fields) {
    if (bytes === 2) view.setUint16(at, value, true);
    else if (bytes === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value), true);
    at += bytes;
  }
  return all;
}

const LARGE = 0xffffffff;

const sizeOf = (content: Exclude<Stored["content"], number>) =>
  content instanceof Uint8Array ? content.length : content.size;

/** Writes a zip archive in which every size and offset is in a record of ZIP64. */
export async function writeZip64(path: string, files: readonly Stored[]): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  let at = 0;
  let checksum = 0;
  const write: Write = (bytes) => {
    checksum = crc32(bytes, checksum);
    file.seekSync(at, Deno.SeekMode.Start);
    for (let done = 0; done < bytes.length;) done += file.writeSync(bytes.subarray(done));
    at += bytes.length;
  };
  const list: Uint8Array[] = [];
  for (const { name, content } of files) {
    const path = new TextEncoder().encode(name);
    const size = typeof content === "number" ? content : sizeOf(content);
    const sizes: [number, number][] = [[4, LARGE], [4, LARGE], [2, path.length]];
    const extra: [number, number][] = [[8, size], [8, size], [8, at]];
    const common: [number, number][] = [[2, 45], [2, 0], [2, 0], [4, 0]];
    write(numbers([4, 0x04034b50], ...common, [4, 0], ...sizes, [2, 20]));
    write(path);
    write(numbers([2, 1], [2, 16], [8, size], [8, size]));
    checksum = 0;
    if (typeof content === "number") at += content;
    else if (content instanceof Uint8Array) write(content);
    else content.write(write);
    // As it is read in pieces, nobody compares the checksum of zeros.
    common.push([4, checksum]);
    list.push(
      numbers([4, 0x02014b50], [2, 45], ...common, ...sizes, [2, 28], [2, 0], [2, 0], [2, 0]),
      numbers([4, 0], [4, LARGE]),
      path,
      numbers([2, 1], [2, 24], ...extra),
    );
  }
  const start = at;
  for (const part of list) write(part);
  const end = at;
  const count: [number, number][] = [[8, files.length], [8, files.length]];
  write(numbers([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], ...count));
  write(numbers([8, end - start], [8, start]));
  write(numbers([4, 0x07064b50], [4, 0], [8, end], [4, 1]));
  write(numbers([4, 0x06054b50], [4, 0], [2, 0xffff], [2, 0xffff], [4, LARGE], [4, LARGE]));
  write(numbers([2, 0]));
}
