import { crc32, deflateRawSync } from "node:zlib";

/** A file to be packed, and what the list of contents says of it where that is not the truth. */
export interface Packed {
  /** Path in the archive. */
  name: string;
  /** Content. */
  content: Uint8Array;
  /** Whether it is deflated. */
  deflate?: boolean;
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

/** Writes a zip archive, also one that no program would write. */
export function writeZip(files: readonly Packed[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [], list: Uint8Array[] = [];
  let offset = 0;
  for (const { name, content, deflate = false, claims = {} } of files) {
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
    view.setUint32(42, claims.offset ?? offset, true);
    list.push(head, path);
    const local = [new Uint8Array([0x50, 0x4b, 3, 4]), new Uint8Array(common.buffer), path, raw];
    parts.push(...local);
    offset += local.reduce((sum, part) => sum + part.length, 0);
  }
  const size = list.reduce((sum, part) => sum + part.length, 0);
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, files.length, true);
  end.setUint16(10, files.length, true);
  end.setUint32(12, size, true);
  end.setUint32(16, offset, true);
  const all = new Uint8Array(offset + size + 22);
  let at = 0;
  for (const part of [...parts, ...list, new Uint8Array(end.buffer)]) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
