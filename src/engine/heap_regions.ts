/** Free region of the WASM heap. */
export interface FreeRegion {
  /** Address of the first byte available to a tensor. */
  address: number;
  /** Number of bytes available to a tensor. */
  bytes: number;
}

/** Bytes of the size at either end of a region; a tensor gets the rest. */
const FRAME = 4;

/** Rounds up to a multiple of 8, as addresses and sizes are. */
const alignUp = (bytes: number) => bytes + (8 - bytes % 8) % 8;

/**
 * Returns the free regions of the heap. Emscripten's allocator (emmalloc) stores its regions one
 * after the other. Each begins and ends with its size; the lowest bit of the size at its end is set
 * if it is free.
 *
 * @param heap The whole heap.
 * @param from Address of an allocated block; only regions after it are returned.
 * @throws {Error} If the heap has another layout.
 */
export function freeRegions(heap: ArrayBufferLike, from: number): FreeRegion[] {
  const words = new Uint32Array(heap);
  const free: FreeRegion[] = [];
  for (let at = from - FRAME; at < heap.byteLength;) {
    const size = words[at / 4];
    if (size === 0) {
      // If the heap has grown, regions continue at the next multiple of 8. Nothing follows the last
      // one.
      if (at % 8 === 0) break;
      at += 4;
      continue;
    }
    const end = words[(at + size) / 4 - 1];
    const next = at + size;
    if (end === size + 1) {
      const address = alignUp(at + FRAME);
      free.push({ address, bytes: alignUp(next - FRAME - address - 7) });
    } else if (end !== size) throw new Error(`The heap has no region of ${size} bytes at ${at}`);
    at = next;
  }
  return free;
}
