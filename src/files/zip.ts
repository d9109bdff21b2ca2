import { builtin } from "../platform/builtins.ts";
import type { NewFile } from "./new_folder.ts";

const LOCAL = 0x04034b50, ENTRY = 0x02014b50, END = 0x06054b50;
const LOCAL_BYTES = 30, ENTRY_BYTES = 46, END_BYTES = 22;
/** Version 2.0 of the format, and UTF-8 names. */
const VERSION = 20, UTF8 = 0x800;
/** 1 January 1980, the earliest possible date: the same files make the same archive. */
const DAY = 0x21;

/** Writes a zip archive with uncompressed files: weights hardly compress. */
export function writeZip(files: readonly NewFile[]): Uint8Array {
  const encoder = new TextEncoder();
  const named = files.map(({ path, bytes }) => ({
    name: encoder.encode(path),
    bytes,
    checksum: builtin("zlib").crc32(bytes),
  }));
  const size = named.reduce(
    (sum, { name, bytes }) => sum + LOCAL_BYTES + ENTRY_BYTES + 2 * name.length + bytes.length,
    END_BYTES,
  );
  const archive = new Uint8Array(size);
  const view = new DataView(archive.buffer);
  let at = 0;
  const uint16 = (...values: number[]) => {
    for (const value of values) {
      view.setUint16(at, value, true);
      at += 2;
    }
  };
  const uint32 = (...values: number[]) => {
    for (const value of values) {
      view.setUint32(at, value, true);
      at += 4;
    }
  };
  const put = (bytes: Uint8Array) => {
    archive.set(bytes, at);
    at += bytes.length;
  };
  const offsets: number[] = [];
  for (const { name, bytes, checksum } of named) {
    offsets.push(at);
    uint32(LOCAL);
    // Version, flags, method, time, day.
    uint16(VERSION, UTF8, 0, 0, DAY);
    uint32(checksum, bytes.length, bytes.length);
    uint16(name.length, 0);
    put(name);
    put(bytes);
  }
  const start = at;
  named.forEach(({ name, bytes, checksum }, i) => {
    uint32(ENTRY);
    uint16(VERSION, VERSION, UTF8, 0, 0, DAY);
    uint32(checksum, bytes.length, bytes.length);
    // Lengths of name, extra field and comment, disk, attributes.
    uint16(name.length, 0, 0, 0, 0);
    uint32(0, offsets[i]);
    put(name);
  });
  const end = at;
  uint32(END);
  uint16(0, 0, named.length, named.length);
  uint32(end - start, start);
  uint16(0);
  return archive;
}
