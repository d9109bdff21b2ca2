import { crc32, deflateRawSync } from "node:zlib";

/** A file to be packed, and what the list of contents says of it where that is not the truth. */
export interface Packed {
  /** Path in the archive. */
  name: string;
  /** Content. */
  content: Uint8Array;
  /** True if it is deflated. */
  deflate?: boolean;
  /** Bytes that the local head, the list of contents, and the comment on the file have beside what counts. */
  extra?: { local?: number; list?: number; comment?: number };
  /** Lies. */
  claims?: {
    size?: number;
    packed?: number;
    offset?: number;
    method?: number;
    checksum?: number;
    flags?: number;
  };
}

/** False values of the end record, and the comment after it. */
export interface End {
  count?: number;
  size?: number;
  start?: number;
  comment?: Uint8Array;
}

/** Writes a zip archive, also one that no program would write. */
export function writeZip(
  files: readonly Packed[],
  { count, size: listed, start, comment = new Uint8Array() }: End = {},
): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [], list: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content, deflate = false, extra = {}, claims = {} } of files) {
    const filler = (length = 0) => new Uint8Array(length).fill(0x50);
    const path = new TextEncoder().encode(name);
    const raw = deflate ? new Uint8Array(deflateRawSync(content)) : content;
    const sums = new DataView(new ArrayBuffer(12));
    sums.setUint32(0, claims.checksum ?? crc32(content), true);
    sums.setUint32(4, claims.packed ?? raw.length, true);
    sums.setUint32(8, claims.size ?? content.length, true);
    const common = new DataView(new ArrayBuffer(26));
    common.setUint16(0, 20, true);
    common.setUint16(2, claims.flags ?? 0, true);
    common.setUint16(4, claims.method ?? (deflate ? 8 : 0), true);
    new Uint8Array(common.buffer).set(new Uint8Array(sums.buffer), 10);
    common.setUint16(22, path.length, true);
    const head = new Uint8Array(46);
    const view = new DataView(head.buffer);
    view.setUint32(0, 0x02014b50, true);
    head.set(new Uint8Array(common.buffer), 6);
    view.setUint16(30, extra.list ?? 0, true);
    view.setUint16(32, extra.comment ?? 0, true);
    view.setUint32(42, claims.offset ?? offset, true);
    list.push(head, path, filler(extra.list), filler(extra.comment));
    common.setUint16(24, extra.local ?? 0, true);
    const local = [
      new Uint8Array([0x50, 0x4b, 3, 4]),
      new Uint8Array(common.buffer),
      path,
      filler(extra.local),
      raw,
    ];
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const size = list.reduce((sum, part) => sum + part.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, count ?? files.length, true);
  end.setUint32(12, listed ?? size, true);
  end.setUint32(16, start ?? offset, true);
  end.setUint16(20, comment.length, true);
  const all = new Uint8Array(offset + size + 22 + comment.length);
  let at = 0;
  for (const part of [...parts, ...list, new Uint8Array(end.buffer), comment]) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
