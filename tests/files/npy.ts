/** Returns an array as NumPy writes it, its columns first in the order of Fortran. */
export function npy(
  type: string,
  shape: number[],
  entries: Uint8Array,
  { isFortran = false }: { isFortran?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const header = `{'descr': '${type}', 'fortran_order': ${
    isFortran ? "True" : "False"
  }, 'shape': (${shape.join(", ")},), }\n`;
  const bytes = new Uint8Array(10 + header.length + entries.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, header.length % 256, header.length >> 8]);
  bytes.set(new TextEncoder().encode(header), 10);
  bytes.set(entries, 10 + header.length);
  return bytes;
}

/** Bytes of float32. */
export const float32 = (...numbers: number[]): Uint8Array =>
  new Uint8Array(Float32Array.from(numbers).buffer);
