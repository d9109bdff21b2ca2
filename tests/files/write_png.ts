import { crc32, deflateSync } from "node:zlib";

function chunk(name: string, content: Uint8Array): number[] {
  const body = [...new TextEncoder().encode(name), ...content];
  const word = (value: number) => [...new Uint8Array(new Uint32Array([value]).buffer)].reverse();
  return [...word(content.length), ...body, ...word(crc32(new Uint8Array(body)))];
}

/** Writes a PNG picture of lines, each with the number of its filter before it. */
export function png(
  { width, height, bits = 8, type = 0, interlaced = 0, lines = [], palette, pieces = 1 }: {
    width: number;
    height: number;
    bits?: number;
    type?: number;
    interlaced?: number;
    lines?: number[];
    palette?: number[];
    /** Number of chunks of the packed lines. */
    pieces?: number;
  },
): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(13);
  const view = new DataView(head.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  head.set([bits, type, 0, 0, interlaced], 8);
  const packed = new Uint8Array(deflateSync(new Uint8Array(lines)));
  const cut = (i: number) => Math.floor(i * packed.length / pieces);
  const part = (i: number): [number, number] => [cut(i), cut(i + 1)];
  return new Uint8Array([
    0x89,
    0x50,
    0x4e,
    0x47,
    0x0d,
    0x0a,
    0x1a,
    0x0a,
    ...chunk("IHDR", head),
    ...palette === undefined ? [] : chunk("PLTE", new Uint8Array(palette)),
    ...Array.from({ length: pieces }, (_, i) => chunk("IDAT", packed.subarray(...part(i)))).flat(),
    ...chunk("IEND", new Uint8Array()),
  ]);
}
